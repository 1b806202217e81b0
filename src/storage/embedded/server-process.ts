/** Starting PostgreSQL's server process on a cluster: command line, settings, log. */
import { type ChildProcess, spawn } from "node:child_process";
import { open, readFile, rename, stat } from "node:fs/promises";
import { totalmem } from "node:os";
import type { Binaries } from "./binaries.ts";
import type { DataDirectory } from "./data-directory.ts";
import { type Command, TOOL_ENVIRONMENT, wrap } from "./privileges.ts";

/** Of the unix socket; with TCP any free one is taken. */
export const SOCKET_PORT = 5432;
const LOG_BYTES_MAX = 10 * 1024 * 1024;
const LOG_LINES_SHOWN = 8;

export type Settings = Readonly<Record<string, string>>;

const MIB = 1024 * 1024;

/**
 * An eighth of the memory, which is half of what PostgreSQL's documentation starts from: it shares its machine. With a
 * million waiting, what the front of the queue needs does not stay in 128 MB while history is written: `backlog`
 * 0.859 there, 0.895 with 256 MB, 0.913 with 512 MB (medians of four alternated runs); drain and ingest the same. With
 * 1 GB, on another day, 0.892 (eleven runs) beside 0.907 with 512 MB (eight).
 */
export function sharedBuffersFor(memoryBytes: number): string {
  const mib = Math.floor(memoryBytes / 8 / MIB);
  return `${Math.min(512, Math.max(128, mib))}MB`;
}

/** Of the machine, or of the container that this runs in. */
const memoryBytes = (): number => Math.min(totalmem(), process.constrainedMemory() || Infinity);

/**
 * For a small machine and a queue table that is deleted from all the time. Parallel queries are off:
 * two cores gain nothing, and the small /dev/shm of a container breaks them. wal_compression is off:
 * these binaries know only pglz, which costs more CPU than the disk it saves.
 */
export const SETTINGS: Settings = {
  max_connections: "100",
  shared_buffers: sharedBuffersFor(memoryBytes()),
  wal_buffers: "16MB",
  max_wal_size: "2GB",
  checkpoint_timeout: "15min",
  fsync: "on",
  synchronous_commit: "on",
  jit: "off",
  max_parallel_workers_per_gather: "0",
  autovacuum_naptime: "10s",
  autovacuum_vacuum_cost_limit: "2000",
  timezone: "UTC",
  log_timezone: "UTC",
  log_min_messages: "warning",
};

export interface Launcher {
  binaries: Binaries;
  directory: DataDirectory;
  /** kill -9 of this process takes PostgreSQL down. */
  dieWithParent: boolean;
}

interface SpawnDetails {
  uid?: number;
  gid?: number;
  env?: Record<string, string>;
}

/**
 * How to spawn one of PostgreSQL's programs. Only those for Windows need the machine's own
 * environment; elsewhere it could only mislead.
 */
export function spawnDetails(binaries: Binaries, { uid, gid }: Command): SpawnDetails {
  return {
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
    ...(process.platform !== "win32" && { env: { ...TOOL_ENVIRONMENT, ...binaries.environment } }),
  };
}

export interface ServerProcess {
  child: ChildProcess;
  /** Undefined while it runs. */
  ended(): { error?: Error } | undefined;
  exit: Promise<void>;
  /** What it has logged, its last lines. */
  logTail(): Promise<string>;
}

/** Starts the server in a session of its own: Ctrl-C must not reach it before it reaches us. */
export async function spawnServer(
  launcher: Launcher,
  settings: Settings,
  tcpPort: number | undefined,
): Promise<ServerProcess> {
  const { binaries, directory, dieWithParent } = launcher;
  const listen =
    tcpPort === undefined
      ? ["-k", directory.socketFolder, "-h", "", "-p", String(SOCKET_PORT)]
      : ["-k", "", "-h", "127.0.0.1", "-p", String(tcpPort)];
  const set = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const args = ["-D", directory.cluster, ...listen, ...set];
  const command = wrap(directory.way, { file: binaries.postgres, args }, dieWithParent);
  const log = await openLog(directory.log);
  const { size: logStart } = await log.stat();
  const child = spawn(command.file, command.args, {
    ...spawnDetails(binaries, command),
    cwd: directory.folder,
    stdio: ["ignore", log.fd, log.fd],
    detached: true,
  });
  let end: { error?: Error } | undefined;
  const exit = new Promise<void>((resolve) => {
    child.once("error", (error) => resolve(void (end = { error })));
    child.once("exit", () => resolve(void (end ??= {})));
  });
  child.unref();
  await log.close();
  return { child, exit, ended: () => end, logTail: () => readTail(directory.log, logStart) };
}

async function openLog(file: string): Promise<Awaited<ReturnType<typeof open>>> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LOG_BYTES_MAX) await rename(file, `${file}.1`);
  return open(file, "a", 0o600);
}

/** The last lines of a log, of what was written after `start`. */
export async function readTail(file: string, start = 0): Promise<string> {
  const bytes = await readFile(file).catch(() => Buffer.from("(no log)"));
  const lines = bytes.subarray(start).toString().trim().split("\n");
  return lines.slice(-LOG_LINES_SHOWN).join("\n");
}
