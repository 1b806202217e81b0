/** The master key of an installation that was given none: made once, kept in the data directory. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { createOnce, makeFolder, syncFolder } from "./durable-files.ts";

const KEY_BYTES = 32;

/** @returns 32 bytes; the same at every start with this data directory */
export async function ensureMasterKey(dataDir: string): Promise<Buffer> {
  const folder = path.join(dataDir, "secrets");
  const file = path.join(folder, "master-key");
  await makeFolder(folder, 0o700);
  const known = await readKey(file);
  if (known !== undefined) {
    // Another start may have made it this very moment: nothing is sealed before it cannot be lost.
    await syncFolder(folder);
    return known;
  }
  await createOnce(file, randomBytes(KEY_BYTES).toString("base64"));
  const made = await readKey(file);
  if (made === undefined) throw new Error(`The master key could not be written to ${file}.`);
  return made;
}

async function readKey(file: string): Promise<Buffer | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const key = Buffer.from(text.trim(), "base64");
  if (key.length === KEY_BYTES) return key;
  throw new Error(
    `${file} does not hold a master key of ${KEY_BYTES} bytes; restore it from a backup.`,
  );
}
