/** Tells of a change of an endpoint, within the transaction that makes it. */
import type { UnixMs } from "../../core/types.ts";
import { type Queries, statement } from "../storage.ts";
import { eventCtes, TELL_OWNERS } from "./operational-event.ts";

export type EndpointEventType =
  | "endpoint.created"
  | "endpoint.updated"
  | "endpoint.deleted"
  | "endpoint.enabled"
  | "endpoint.disabled";

/** Without both, nothing is told. */
export interface Telling {
  environmentId?: string;
  makeEventId?: () => string;
}

const PUBLISH = statement(
  "publish-endpoint-event",
  `WITH event AS (
    SELECT $3::text AS message_id, $4::text AS event_type, $2::text AS application_id,
      $5::text AS endpoint_id, NULL::text AS about, $6::text AS extra
  ),
  ${eventCtes({ where: "p.environment_id = $1 AND p.application_id = $2", now: "$7" })}
  ${TELL_OWNERS}`,
);

interface Told extends Telling {
  applicationId: string;
  endpointId: string;
  types: EndpointEventType[];
  now: UnixMs | null;
}

export async function tellOfEndpoint(queries: Queries, told: Told): Promise<void> {
  const { environmentId, makeEventId, applicationId, endpointId, types, now } = told;
  if (environmentId === undefined || makeEventId === undefined) return;
  for (const type of types) {
    const extra = type === "endpoint.disabled" ? { trigger: "manual" } : {};
    const values = [environmentId, applicationId, makeEventId(), type, endpointId];
    await queries.query(PUBLISH, [...values, JSON.stringify(extra), now]);
  }
}
