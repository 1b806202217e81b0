/**
 * Which PostgreSQL runs on a cluster, learnt from its `postmaster.pid`. After a crash that file
 * stays, and its process id may since belong to anything else: in a container, where ids are small,
 * it usually does. PostgreSQL would then refuse to start for ever; here such a file is recognised.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";

export interface Postmaster {
  pid: number;
  port: number;
  /** Empty when it listens on TCP only. */
  socketFolder: string;
  /** Takes connections, by its own word. */
  ready: boolean;
}

interface PidFile {
  text: string;
  pid: number;
  /** Id of the System V memory segment that every process of the server has attached. */
  segment: string | undefined;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

async function readPidFile(cluster: string): Promise<PidFile | undefined> {
  const text = await readFile(path.join(cluster, "postmaster.pid"), "utf8").catch(() => "");
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { text, pid, segment: lines[6]?.trim().split(/\s+/)[1] };
}

/** Linux: by its command line, which anybody may read. Elsewhere a living process is believed. */
async function serves(pid: number, cluster: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined);
  return commandLine === undefined || commandLine.split("\0").includes(cluster);
}

/** The living server of a cluster, ready or not; undefined when none lives. */
export async function findPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const file = await readPidFile(cluster);
  if (file === undefined || !(await serves(file.pid, cluster))) return undefined;
  const lines = file.text.split("\n");
  return {
    pid: file.pid,
    port: Number(lines[3] ?? 0),
    socketFolder: lines[4]?.trim() ?? "",
    ready: lines[7]?.trim() === "ready",
  };
}

/** Process id of the living server of a cluster. */
export async function runningPid(cluster: string): Promise<number | undefined> {
  return (await findPostmaster(cluster))?.pid;
}

/**
 * Removes a pid file whose process id now belongs to another program. Never that of a living
 * server: neither the postmaster nor, by the shared memory, any of its children may be left.
 */
export async function clearForeignPidFile(cluster: string, socketFolder: string): Promise<void> {
  const file = await readPidFile(cluster);
  if (file === undefined || !isAlive(file.pid) || (await serves(file.pid, cluster))) return;
  if (await isSegmentAttached(file.segment)) return;
  const pidFile = path.join(cluster, "postmaster.pid");
  const aside = `${pidFile}.${randomBytes(4).toString("hex")}`;
  await rename(pidFile, aside);
  if ((await readFile(aside, "utf8")) !== file.text) {
    // Another start has meanwhile made its own: put it back.
    await rename(aside, pidFile);
    return;
  }
  await rm(aside);
  const sockets = existsSync(socketFolder) ? await readdir(socketFolder) : [];
  for (const name of sockets.filter((entry) => entry.startsWith(".s.PGSQL."))) {
    await rm(path.join(socketFolder, name), { force: true });
  }
}

async function isSegmentAttached(segment: string | undefined): Promise<boolean> {
  const table = await readFile("/proc/sysvipc/shm", "utf8").catch(() => "");
  const rows = table.split("\n").map((line) => line.trim().split(/\s+/));
  // Columns: key shmid perms size cpid lpid nattch …
  return rows.some((columns) => columns[1] === segment && Number(columns[6]) > 0);
}
