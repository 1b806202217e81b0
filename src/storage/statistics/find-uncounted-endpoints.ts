/**
 * Endpoints of a bucket with attempts that nobody has counted: what its former owner left. A page at a
 * time, one probe of an index per endpoint.
 */
import { statement, type Storage } from "../storage.ts";

const ENDPOINTS_MAX = 500;

const FIND = statement(
  "find-uncounted-endpoints",
  `SELECT e.application_id, e.endpoint_id, EXISTS (
     SELECT 1 FROM attempt a
     WHERE a.application_id = e.application_id AND a.endpoint_id = e.endpoint_id
       AND a.attempt_id > coalesce(p.counted_to, '')) AS uncounted
   FROM endpoint e
   LEFT JOIN attempt_count_position p
     ON p.application_id = e.application_id AND p.endpoint_id = e.endpoint_id
   WHERE e.bucket = $1 AND e.endpoint_id > $2
   ORDER BY e.endpoint_id LIMIT ${ENDPOINTS_MAX}`,
);

interface FoundRow {
  [column: string]: unknown;
  application_id: string;
  endpoint_id: string;
  uncounted: boolean;
}

/** `after`: where the search goes on; null when the bucket is through. */
export async function findUncountedEndpoints(
  storage: Storage,
  bucket: number,
  after: string,
): Promise<{ found: { applicationId: string; endpointId: string }[]; after: string | null }> {
  const rows = await storage.query<FoundRow>(FIND, [bucket, after]);
  return {
    found: rows
      .filter((row) => row.uncounted)
      .map((row) => ({ applicationId: row.application_id, endpointId: row.endpoint_id })),
    after: rows.length < ENDPOINTS_MAX ? null : (rows.at(-1)?.endpoint_id ?? null),
  };
}
