/** How to reach the embedded database of a data directory, for a second program beside its server. */
import { readFile, realpath } from "node:fs/promises";
import path from "node:path";
import { findPostmaster, type Postmaster } from "./cluster.ts";
import { SUPERUSER } from "./initialise.ts";

/** With the password: never to be printed. */
export function embeddedUrl(password: string, postmaster: Postmaster, database: string): string {
  const { socketFolder, port } = postmaster;
  const login = `postgresql://${SUPERUSER}:${password}`;
  return socketFolder === ""
    ? `${login}@127.0.0.1:${port}/${database}?sslmode=disable`
    : `${login}@/${database}?host=${encodeURIComponent(socketFolder)}&port=${port}`;
}

/** @returns undefined when no server runs on the directory */
export async function findEmbedded(dataDir: string): Promise<string | undefined> {
  const folder = await realpath(dataDir).catch(() => undefined);
  if (folder === undefined) return undefined;
  const postmaster = await findPostmaster(path.join(folder, "postgres"));
  if (postmaster?.ready !== true) return undefined;
  const password = await readFile(path.join(folder, "secrets", "database-password"), "utf8");
  return embeddedUrl(password.trim(), postmaster, "amps");
}
