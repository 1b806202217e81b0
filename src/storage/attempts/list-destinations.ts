/**
 * The endpoints a message was sent, or is still owed to, with how it stands there. Walks the
 * application's endpoints (deleted ones included) rather than an index that every attempt would have
 * to maintain.
 */
import {
  type Endpoint,
  ENDPOINT_COLUMNS,
  type EndpointRow,
  toEndpoint,
} from "../endpoints/endpoint.ts";
import { directedStatement, inDirection, type KeyRange } from "../key-range.ts";
import type { Storage } from "../storage.ts";
import { type Progress, progressOf, type ProgressRow, toProgress } from "./progress.ts";

const LIST = directedStatement(
  "list-destinations",
  (direction) =>
    `SELECT ${ENDPOINT_COLUMNS}, progress.* FROM endpoint e
     CROSS JOIN LATERAL (${progressOf("$1", "e.endpoint_id", "$2")}) progress
     WHERE e.application_id = $1 AND e.endpoint_id > $3 AND e.endpoint_id < $4
       AND progress.status IS NOT NULL
     ORDER BY e.endpoint_id ${direction} LIMIT $5`,
);

export interface Destination extends Progress {
  endpoint: Endpoint;
}

export async function listDestinations(
  storage: Storage,
  key: { applicationId: string; messageId: string },
  range: KeyRange,
): Promise<Destination[]> {
  const rows = await storage.query<EndpointRow & ProgressRow>(inDirection(LIST, range), [
    key.applicationId,
    key.messageId,
    range.lower,
    range.upper,
    range.limit,
  ]);
  return rows.map((row) => ({ endpoint: toEndpoint(row), ...toProgress(row) }));
}
