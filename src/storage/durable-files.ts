/** Files whose loss would lose more than themselves: on disk, under their names, when a call returns. */
import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";
import { link, mkdir, open, rm } from "node:fs/promises";
import path from "node:path";

const PRIVATE = 0o600;

/** Makes names in a folder durable. Windows and some network file systems have no such thing. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } catch (error) {
    if (!isMeaningless(error)) throw error;
  } finally {
    await handle.close();
  }
}

/** What `fsync` says of a folder that cannot be synced. */
function isMeaningless(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EINVAL";
}

/** With all that is missing above it. @returns the first folder that was made; undefined: all were there */
export async function makeFolder(folder: string, mode?: number): Promise<string | undefined> {
  const first = await mkdir(folder, { recursive: true, ...(mode !== undefined && { mode }) });
  if (first === undefined) return undefined;
  let above = path.dirname(path.resolve(first));
  for (const name of path.relative(above, path.resolve(folder)).split(path.sep)) {
    // A folder that may be entered and not read cannot be synced by us: its name becomes durable in a while.
    await syncFolder(above).catch(() => undefined);
    above = path.join(above, name);
  }
  return first;
}

/** Written whole and synced before it takes its name; whatever has that name already stays as it is. */
export async function createOnce(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  const handle = await open(draft, "wx", PRIVATE);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  // Linked, not renamed: another start that was first keeps what it made.
  await link(draft, file).catch((error: unknown) => {
    if (!existsSync(file)) throw error;
  });
  await rm(draft);
  await syncFolder(path.dirname(file));
}

/** Either what was there or all of `text`, whenever the power fails. */
export function replaceFile(file: string, text: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text, { flush: true });
  renameSync(draft, file);
  if (process.platform === "win32") return;
  const folder = openSync(path.dirname(file), "r");
  try {
    fsyncSync(folder);
  } catch (error) {
    if (!isMeaningless(error)) throw error;
  } finally {
    closeSync(folder);
  }
}
