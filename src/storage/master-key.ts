/** The master key of an installation that was given none: made once, kept in the data directory. */
import { randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import path from "node:path";

const KEY_BYTES = 32;

/** @returns 32 bytes; the same at every start with this data directory */
export async function ensureMasterKey(dataDir: string): Promise<Buffer> {
  const folder = path.join(dataDir, "secrets");
  const file = path.join(folder, "master-key");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const known = await readKey(file);
  if (known !== undefined) return known;
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  const handle = await open(draft, "wx", 0o600);
  try {
    await handle.writeFile(randomBytes(KEY_BYTES).toString("base64"));
    await handle.sync();
  } finally {
    await handle.close();
  }
  // Linked, not renamed: another start that was first keeps its key.
  await link(draft, file).catch(() => undefined);
  await rm(draft);
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
