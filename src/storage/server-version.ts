/** Which PostgreSQL this is, for people: `18.4`. */
import { statement, type Storage } from "./storage.ts";

const READ = statement(
  "read-server-version",
  "SELECT current_setting('server_version') AS version",
);

export async function readServerVersion(storage: Storage): Promise<string> {
  const [row] = await storage.query<{ version: string }>(READ, []);
  return row?.version.split(" ")[0] ?? "of unknown version";
}
