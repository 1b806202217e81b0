/**
 * Seals anew what older master keys have sealed, a bounded number of rows at a time. What is done already
 * is told by its key id, so that a restart goes on where it was; a value that was changed meanwhile is left
 * to whoever changed it, who sealed it with the current key. Several nodes may do it at once.
 */
import { endpointPlace } from "../endpoints/load-targets.ts";
import { statement, type Storage } from "../storage.ts";

const ROWS_MAX = 200;

// `substring` of a null is null: such columns are not counted as old.
const FIND_ENDPOINTS = statement(
  "find-endpoints-to-reseal",
  `SELECT application_id, endpoint_id, headers, credentials FROM endpoint
   WHERE (application_id, endpoint_id) > ($1, $2)
     AND (substring(headers FOR $3) <> $4 OR substring(credentials FOR $3) <> $4)
   ORDER BY application_id, endpoint_id LIMIT $5`,
);
const RESEAL_ENDPOINTS = statement(
  "reseal-endpoints",
  `UPDATE endpoint e SET headers = n.headers, credentials = n.credentials
   FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[])
     AS n(application_id, endpoint_id, old_headers, old_credentials, headers, credentials)
   WHERE e.application_id = n.application_id AND e.endpoint_id = n.endpoint_id
     AND e.headers IS NOT DISTINCT FROM n.old_headers
     AND e.credentials IS NOT DISTINCT FROM n.old_credentials`,
);
const FIND_SECRETS = statement(
  "find-endpoint-secrets-to-reseal",
  `SELECT application_id, endpoint_id, secret_number, sealed FROM endpoint_secret
   WHERE (application_id, endpoint_id, secret_number) > ($1, $2, $3)
     AND substring(sealed FOR $4) <> $5
   ORDER BY application_id, endpoint_id, secret_number LIMIT $6`,
);
const RESEAL_SECRETS = statement(
  "reseal-endpoint-secrets",
  `UPDATE endpoint_secret s SET sealed = n.sealed
   FROM unnest($1::text[], $2::text[], $3::int[], $4::bytea[], $5::bytea[])
     AS n(application_id, endpoint_id, secret_number, old_sealed, sealed)
   WHERE s.application_id = n.application_id AND s.endpoint_id = n.endpoint_id
     AND s.secret_number = n.secret_number AND s.sealed = n.old_sealed`,
);
// Only if no other start added a key meanwhile.
const SETTLE = statement(
  "settle-master-key",
  "UPDATE instance SET value = $2 WHERE name = 'master_key_fingerprint' AND value = $1 RETURNING value",
);
const READ = statement(
  "read-master-key-fingerprints",
  "SELECT value FROM instance WHERE name = 'master_key_fingerprint'",
);

interface EndpointRow {
  [column: string]: unknown;
  application_id: string;
  endpoint_id: string;
  headers: Buffer | null;
  credentials: Buffer | null;
}

interface SecretRow {
  [column: string]: unknown;
  application_id: string;
  endpoint_id: string;
  secret_number: number;
  sealed: Buffer;
}

function anew(
  { vault }: Storage,
  sealed: Buffer | null,
  endpointId: string,
  field: string,
): Buffer | null {
  if (sealed === null) return null;
  const place = endpointPlace(endpointId, field);
  return vault.seal(vault.open(sealed, place), place);
}

/** Bytes as an element of an array; few enough here to go as text. */
function literal(bytes: Buffer | null): string | null {
  return bytes === null ? null : String.raw`\x` + bytes.toString("hex");
}

/** @returns the last row it looked at; undefined when there are no more */
async function resealEndpoints(
  storage: Storage,
  after: Pick<EndpointRow, "application_id" | "endpoint_id">,
): Promise<{ count: number; last: EndpointRow } | undefined> {
  const prefix = storage.vault.sealPrefix;
  const rows = await storage.query<EndpointRow>(FIND_ENDPOINTS, [
    after.application_id,
    after.endpoint_id,
    prefix.length,
    prefix,
    ROWS_MAX,
  ]);
  const last = rows.at(-1);
  if (last === undefined) return undefined;
  await storage.query(RESEAL_ENDPOINTS, [
    rows.map((row) => row.application_id),
    rows.map((row) => row.endpoint_id),
    rows.map((row) => literal(row.headers)),
    rows.map((row) => literal(row.credentials)),
    rows.map((row) => literal(anew(storage, row.headers, row.endpoint_id, "headers"))),
    rows.map((row) => literal(anew(storage, row.credentials, row.endpoint_id, "credentials"))),
  ]);
  return { count: rows.length, last };
}

async function resealSecrets(
  storage: Storage,
  after: Pick<SecretRow, "application_id" | "endpoint_id" | "secret_number">,
): Promise<{ count: number; last: SecretRow } | undefined> {
  const prefix = storage.vault.sealPrefix;
  const rows = await storage.query<SecretRow>(FIND_SECRETS, [
    after.application_id,
    after.endpoint_id,
    after.secret_number,
    prefix.length,
    prefix,
    ROWS_MAX,
  ]);
  const last = rows.at(-1);
  if (last === undefined) return undefined;
  await storage.query(RESEAL_SECRETS, [
    rows.map((row) => row.application_id),
    rows.map((row) => row.endpoint_id),
    rows.map((row) => row.secret_number),
    rows.map((row) => literal(row.sealed)),
    rows.map((row) => literal(anew(storage, row.sealed, row.endpoint_id, "secret"))),
  ]);
  return { count: rows.length, last };
}

async function pass<T>(
  step: (after: T) => Promise<{ count: number; last: T } | undefined>,
  from: T,
  goesOn: () => boolean,
): Promise<number> {
  let count = 0;
  for (let done = goesOn() ? await step(from) : undefined; done !== undefined;) {
    count += done.count;
    done = goesOn() ? await step(done.last) : undefined;
  }
  return count;
}

/**
 * Seals everything with the current key, then notes that no other is needed any more.
 * @param goesOn asked before each batch: false ends it there, to be gone on with later
 * @returns how many rows were sealed anew, and whether nothing is left for older keys
 */
export async function reseal(
  storage: Storage,
  goesOn: () => boolean = () => true,
): Promise<{ count: number; done: boolean }> {
  const { fingerprint } = storage.vault;
  const [before] = await storage.query<{ value: string }>(READ, []);
  if (before === undefined || before.value === fingerprint) return { count: 0, done: true };
  let count = 0;
  // The second pass finds what was sealed by an older key while the first one went by.
  for (let found = -1; found !== 0 && goesOn(); count += found) {
    const first = { application_id: "", endpoint_id: "" };
    found = await pass((after) => resealEndpoints(storage, after), first, goesOn);
    found += await pass(
      (after) => resealSecrets(storage, after),
      { ...first, secret_number: 0 },
      goesOn,
    );
  }
  if (!goesOn()) return { count, done: false };
  const settled = await storage.query(SETTLE, [before.value, fingerprint]);
  return { count, done: settled.length > 0 };
}
