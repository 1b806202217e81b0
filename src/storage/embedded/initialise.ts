/** Making a cluster: initdb, once, all or nothing. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { isAlive } from "./cluster.ts";
import { syncFolder } from "../durable-files.ts";
import { give } from "./data-directory.ts";
import { wrap } from "./privileges.ts";
import { type Launcher, spawnDetails } from "./server-process.ts";

export const SUPERUSER = "amps";

/**
 * Makes the cluster in a draft folder of its own and renames it, so that a kill leaves nothing
 * half-made and two starts at once end with one cluster.
 */
export async function initialise(launcher: Launcher): Promise<void> {
  const { cluster, password, way } = launcher.directory;
  await removeDeadDrafts(cluster);
  const draft = `${cluster}.new-${process.pid}-${randomBytes(4).toString("hex")}`;
  const passwordFile = path.join(draft, "password");
  const data = path.join(draft, "data");
  await mkdir(data, { recursive: true, mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  for (const file of [draft, data, passwordFile]) await give(file, way);
  const args = [
    `--pgdata=${data}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--data-checksums",
    "--no-instructions",
  ];
  try {
    await runInitdb(launcher, args);
    await rename(data, cluster).catch((error: unknown) => {
      // Another start was first: its cluster counts.
      if (!existsSync(cluster)) throw error;
    });
    await syncFolder(path.dirname(cluster));
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function removeDeadDrafts(cluster: string): Promise<void> {
  const folder = path.dirname(cluster);
  for (const name of await readdir(folder)) {
    const maker = Number(/^postgres\.new-(\d+)-/.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(maker) || (maker !== process.pid && isAlive(maker))) continue;
    await rm(path.join(folder, name), { recursive: true, force: true });
  }
}

async function runInitdb({ binaries, directory, dieWithParent }: Launcher, args: string[]) {
  const command = wrap(directory.way, { file: binaries.initdb, args }, dieWithParent);
  const child = spawn(command.file, command.args, {
    ...spawnDetails(binaries, command),
    cwd: directory.folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code === 0) return;
  const advice = output.includes("No space left on device")
    ? "The disk is full: make room, or choose another AMPS_DATA_DIR."
    : `initdb ended with ${code}.`;
  throw new Error(
    `The embedded database could not be made in ${directory.folder}. ${advice}\n${output.trim()}`,
  );
}
