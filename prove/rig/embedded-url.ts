/** How to look into the embedded database of a running server. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { findPostmaster } from "../../src/storage/embedded/cluster.ts";

export async function embeddedUrl(dataDir: string): Promise<string> {
  const secret = await readFile(path.join(dataDir, "secrets", "database-password"), "utf8");
  const postmaster = await findPostmaster(path.join(dataDir, "postgres"));
  if (postmaster === undefined) throw new Error(`No PostgreSQL runs in ${dataDir}.`);
  const { socketFolder, port } = postmaster;
  const login = `postgresql://amps:${secret.trim()}`;
  return socketFolder === ""
    ? `${login}@127.0.0.1:${port}/amps?sslmode=disable`
    : `${login}@/amps?host=${encodeURIComponent(socketFolder)}&port=${port}`;
}
