/**
 * The embedded database: a real PostgreSQL in the data directory, for one Amps server at a time.
 *
 *   no files ─initdb─► stopped ─spawn─► starting ─answers─► running ─lock─► ours ─stop─► stopped
 *                                 └─ found running (its server was killed) ─┘  └─ gone: `exited`
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "pg";
import type { Log } from "../../core/types.ts";
import { findPackage, prepareBinaries } from "./binaries.ts";
import { clearForeignPidFile, findPostmaster, isAlive, type Postmaster } from "./cluster.ts";
import { prepareDataDirectory } from "./data-directory.ts";
import {
  connect,
  DirectoryInUseError,
  ensureDatabase,
  isNotYet,
  takeLock,
} from "./directory-lock.ts";
import { embeddedUrl } from "./find-embedded.ts";
import { initialise } from "./initialise.ts";
import { canDieWithParent, requireReachable, type WayAsRoot } from "./privileges.ts";
import {
  type Launcher,
  readTail,
  type ServerProcess,
  SETTINGS,
  type Settings,
  spawnServer,
} from "./server-process.ts";

/** A found server that never answers is given up after this. */
const ANSWER_MS_MAX = 30_000;
/** Our own may have to replay its log first; it is told about meanwhile. */
const RECOVERY_MS_MAX = 10 * 60_000;
const RECOVERY_NOTICE_MS = 5_000;
/** Processes of a killed server may linger this long and keep the next one from starting. */
const RESPAWN_MS_MAX = 8_000;
const RESPAWN_PAUSE_MS = 100;
const STOP_MS_MAX = 10_000;
const POLL_MS = 8;
const STILL_HELD = /lock file ".*" already exists|shared memory block .* is still in use/;

export interface EmbeddedOptions {
  dataDir: string;
  log: Log;
  /** Added to or over the standard settings; for tests. */
  settings?: Settings;
  /** How new files are run as root, instead of what the system allows; for tests. */
  way?: WayAsRoot;
  /** Loopback TCP instead of a unix socket; always on Windows. */
  tcp?: boolean;
  /** Whether kill -9 of this process ends it too; wherever the system can, unless told otherwise. */
  dieWithParent?: false;
}

export interface EmbeddedDatabase {
  /** Connection URL of the database `amps`, with the password; never to be printed. */
  url: string;
  /** What was done to get here, for people. */
  made: "initialised" | "started" | "adopted";
  /** Of the postmaster. */
  pid: number;
  /** Resolves with the reason when the database is lost without `stop`; otherwise never. */
  exited: Promise<Error>;
  /** Ends its sessions and shuts it down, everything committed on disk. May be called again. */
  stop(): Promise<void>;
}

interface Running {
  postmaster: Postmaster;
  /** Undefined when it was found running. */
  server: ServerProcess | undefined;
  client: Client;
  /** Set from the moment it is to stop. */
  stopped?: Promise<void>;
}

/**
 * Starts the database of `dataDir`, or adopts it when a killed server left it running.
 * @throws with what to do: no package for this platform, directory not usable, disk full, another
 *   server uses the directory (named by its process id), PostgreSQL does not start (with its log)
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const packageFolder = findPackage(`${process.platform}-${process.arch}`);
  const directory = await prepareDataDirectory(options.dataDir, options.way);
  requireReachable(directory.way, packageFolder, "Move Amps out of it, such as to /opt/amps.");
  const binaries = await prepareBinaries(packageFolder, path.join(directory.folder, "lib"));
  const dieWithParent = options.dieWithParent ?? canDieWithParent();
  const launcher: Launcher = { binaries, directory, dieWithParent };
  const isNew = !existsSync(directory.cluster);
  if (isNew) await initialise(launcher);
  const running = await ensureRunning(launcher, options);
  try {
    await takeLock(running.client, directory.folder, running.server !== undefined);
    await ensureDatabase(running.client, "amps");
  } catch (error) {
    await running.client.end();
    if (!(error instanceof DirectoryInUseError)) running.server?.child.kill("SIGINT");
    throw error;
  }
  return supervise(launcher, running, isNew);
}

/** Starts PostgreSQL unless it runs, and waits until it answers. */
async function ensureRunning(launcher: Launcher, options: EmbeddedOptions): Promise<Running> {
  const { cluster, socketFolder } = launcher.directory;
  await clearForeignPidFile(cluster, socketFolder);
  const startedAt = performance.now();
  let server: ServerProcess | undefined;
  let noticed = false;
  for (;;) {
    const elapsedMs = performance.now() - startedAt;
    const postmaster = await findPostmaster(cluster);
    if (postmaster?.ready === true) {
      const own = server?.child.pid === postmaster.pid ? server : undefined;
      const client = await tryConnect(launcher, postmaster).catch((error: unknown) => {
        own?.child.kill("SIGINT");
        throw error;
      });
      if (client !== undefined) return { postmaster, server: own, client };
    }
    if (server?.ended() !== undefined) {
      await requireRetryable(launcher, server, elapsedMs);
      server = undefined;
      await delay(RESPAWN_PAUSE_MS);
    } else if (postmaster === undefined && server === undefined) {
      server = await spawnServer(
        launcher,
        { ...SETTINGS, ...options.settings },
        await freePort(options),
      );
    }
    if (elapsedMs > (server === undefined ? ANSWER_MS_MAX : RECOVERY_MS_MAX)) {
      throw await startFailure(launcher, server);
    }
    if (!noticed && elapsedMs > RECOVERY_NOTICE_MS) {
      noticed = true;
      options.log.warn({ waitedMs: Math.round(elapsedMs) }, "The database is still starting.");
    }
    await delay(POLL_MS);
  }
}

async function tryConnect(launcher: Launcher, postmaster: Postmaster): Promise<Client | undefined> {
  try {
    return await connect(embeddedUrl(launcher.directory.password, postmaster, "postgres"));
  } catch (error) {
    if (isNotYet(error)) return undefined;
    throw new Error(
      `The embedded database refused our connection. If the folder secrets in ` +
        `${launcher.directory.folder} was changed, restore it.`,
      { cause: error },
    );
  }
}

/** A server that ended at once is tried again only when another still held its files. */
async function requireRetryable(
  launcher: Launcher,
  server: ServerProcess,
  elapsedMs: number,
): Promise<void> {
  if (elapsedMs < RESPAWN_MS_MAX && STILL_HELD.test(await server.logTail())) return;
  throw await startFailure(launcher, server);
}

async function startFailure(
  { directory }: Launcher,
  server: ServerProcess | undefined,
): Promise<Error> {
  const tail = server === undefined ? await readTail(directory.log) : await server.logTail();
  const advice = tail.includes("No space left on device")
    ? "The disk is full: make room and start again. "
    : "";
  return new Error(
    `The embedded PostgreSQL did not start. ${advice}Its log is ${directory.log}, at the end:\n${tail}`,
    { cause: server?.ended()?.error },
  );
}

/** A free TCP port where unix sockets are not to be used; undefined otherwise. */
async function freePort(options: EmbeddedOptions): Promise<number | undefined> {
  if (options.tcp !== true && process.platform !== "win32") return undefined;
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("No free TCP port.");
  return address.port;
}

function supervise(launcher: Launcher, running: Running, isNew: boolean): EmbeddedDatabase {
  const { postmaster, server } = running;
  const exited = new Promise<Error>((resolve) => {
    void watch(launcher, running).then((reason) => {
      if (running.stopped === undefined) resolve(reason);
      return reason;
    });
  });
  return {
    url: embeddedUrl(launcher.directory.password, postmaster, "amps"),
    made: server === undefined ? "adopted" : isNew ? "initialised" : "started",
    pid: postmaster.pid,
    exited,
    stop: () => (running.stopped ??= stopServer(launcher, running)),
  };
}

/**
 * Keeps the lock: when its connection ends because PostgreSQL restarted itself, takes it again.
 * Resolves with the reason when the database is gone or somebody else's, or it is to stop.
 */
async function watch(launcher: Launcher, running: Running): Promise<Error> {
  for (;;) {
    await new Promise((resolve) => running.client.once("end", resolve));
    const regained = await regainLock(launcher, running);
    if (regained instanceof Error) return regained;
    running.client = regained;
  }
}

async function regainLock(launcher: Launcher, running: Running): Promise<Client | Error> {
  const { cluster, folder, log } = launcher.directory;
  const { pid } = running.postmaster;
  const deadline = performance.now() + ANSWER_MS_MAX;
  while (performance.now() < deadline) {
    if (running.stopped !== undefined) return new Error("The embedded database was stopped.");
    const postmaster = await findPostmaster(cluster);
    if (postmaster?.pid !== pid) break;
    try {
      const client = await connect(
        embeddedUrl(launcher.directory.password, postmaster, "postgres"),
      );
      await takeLock(client, folder, true);
      return client;
    } catch (error) {
      if (error instanceof DirectoryInUseError) return error;
      await delay(POLL_MS);
    }
  }
  return new Error(
    `The embedded PostgreSQL (process ${pid}) ended. Its log is ${log}, at the end:\n` +
      (await readTail(log)),
  );
}

/** Fast shutdown; the lock is kept until the end, so that nobody takes over a dying database. */
async function stopServer(launcher: Launcher, running: Running): Promise<void> {
  const { pid } = running.postmaster;
  signal(launcher, pid, "INT");
  if (!(await hasExited(running, STOP_MS_MAX))) {
    signal(launcher, pid, "QUIT");
    await hasExited(running, STOP_MS_MAX);
  }
  await running.client.end().catch(() => undefined);
  const { socketFolder } = launcher.directory;
  if (path.dirname(socketFolder) === tmpdir()) {
    await rm(socketFolder, { recursive: true, force: true });
  }
}

function signal(launcher: Launcher, pid: number, name: "INT" | "QUIT"): void {
  try {
    // Windows has no signals; PostgreSQL brings its own there.
    if (process.platform === "win32") {
      execFileSync(launcher.binaries.pgCtl, ["kill", name, String(pid)], { stdio: "ignore" });
    } else {
      process.kill(pid, `SIG${name}`);
    }
  } catch (error) {
    if (isAlive(pid)) throw error;
  }
}

async function hasExited(running: Running, timeoutMs: number): Promise<boolean> {
  const { server, postmaster } = running;
  if (server !== undefined) {
    server.child.ref();
    const timeout = new AbortController();
    const late = delay(timeoutMs, false, { signal: timeout.signal }).catch(() => false);
    const gone = await Promise.race([server.exit.then(() => true), late]);
    timeout.abort();
    return gone;
  }
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (!isAlive(postmaster.pid)) return true;
    await delay(POLL_MS);
  }
  return false;
}
