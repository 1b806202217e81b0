/** Reads and changes the custom headers of an endpoint, which are sealed as a whole. */
import { statement, type Storage } from "../storage.ts";
import type { EndpointKey } from "./endpoint.ts";
import { endpointPlace } from "./load-targets.ts";

export type CustomHeaders = Record<string, string>;

const READ = statement(
  "read-endpoint-headers",
  `SELECT headers FROM endpoint
   WHERE application_id = $1 AND endpoint_id = $2 AND deleted_at IS NULL`,
);
const LOCK = statement(
  "lock-endpoint-headers",
  `SELECT headers FROM endpoint
   WHERE application_id = $1 AND endpoint_id = $2 AND deleted_at IS NULL FOR UPDATE`,
);
const WRITE = statement(
  "write-endpoint-headers",
  `UPDATE endpoint SET headers = $4, revision = revision + 1,
     updated_at = date_trunc('milliseconds', coalesce(to_timestamp($3::float8 / 1000), now()))
   WHERE application_id = $1 AND endpoint_id = $2`,
);

interface HeadersRow {
  [column: string]: unknown;
  headers: Buffer | null;
}

function open(storage: Storage, key: EndpointKey, row: HeadersRow): CustomHeaders {
  if (row.headers === null) return {};
  const text = storage.vault.open(row.headers, endpointPlace(key.endpointId, "headers"));
  // Sealed by us from a validated map of strings.
  return JSON.parse(text) as CustomHeaders;
}

/** @returns undefined when there is no such endpoint */
export async function readEndpointHeaders(
  storage: Storage,
  key: EndpointKey,
): Promise<CustomHeaders | undefined> {
  const values = [key.applicationId, key.endpointId];
  const [row] = await storage.query<HeadersRow>(READ, values);
  return row === undefined ? undefined : open(storage, key, row);
}

/** @param change may throw a refusal: nothing is written then; @returns whether there was one */
export async function changeEndpointHeaders(
  storage: Storage,
  key: EndpointKey,
  change: (current: CustomHeaders) => CustomHeaders,
): Promise<boolean> {
  const ids = [key.applicationId, key.endpointId];
  return await storage.transaction(async (queries) => {
    const [row] = await queries.query<HeadersRow>(LOCK, ids);
    if (row === undefined) return false;
    const next = JSON.stringify(change(open(storage, key, row)));
    const sealed = storage.vault.seal(next, endpointPlace(key.endpointId, "headers"));
    await queries.query(WRITE, [...ids, storage.now(), sealed]);
    return true;
  });
}
