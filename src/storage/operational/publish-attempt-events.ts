/** Tells of what attempts led to, or of endpoints that keep failing, many at a time and of any environment. */
import type { UnixMs } from "../../core/types.ts";
import { type Queries, statement } from "../storage.ts";
import { eventCtes, TELL_OWNERS } from "./operational-event.ts";

export interface AttemptEvent {
  eventId: string;
  type:
    | "endpoint.failing"
    | "message.attempt.failing"
    | "message.attempt.exhausted"
    | "message.attempt.recovered";
  applicationId: string;
  endpointId: string;
  /** The message it is about; null: the endpoint itself. */
  messageId: string | null;
  /** More members of `data`. */
  extra: object;
}

const PUBLISH = statement(
  "publish-attempt-events",
  `WITH event AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
      AS t(message_id, event_type, application_id, endpoint_id, about, extra)
  ),
  ${eventCtes({ where: "true", now: "$7" })}
  ${TELL_OWNERS}`,
);

export async function publishAttemptEvents(
  queries: Queries,
  events: AttemptEvent[],
  now: UnixMs | null,
): Promise<void> {
  await queries.query(PUBLISH, [
    events.map(({ eventId }) => eventId),
    events.map(({ type }) => type),
    events.map(({ applicationId }) => applicationId),
    events.map(({ endpointId }) => endpointId),
    events.map(({ messageId }) => messageId),
    events.map(({ extra }) => JSON.stringify(extra)),
    now,
  ]);
}
