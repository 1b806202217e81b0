/** A delivery log of some size: messages of the last six days, three attempts each, few of them failed. */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { bucketOf } from "../../src/core/bucket.ts";
import { encodeId, ENTROPY_BYTES, type IdPrefix } from "../../src/core/ids.ts";
import { query } from "./database.ts";
import { EVENT_BODY, EVENT_TYPE } from "./event.ts";
import { addEndpoint, type Ground, settle } from "./ground.ts";
import { monotonicMs } from "./time.ts";

const SPREAD_MS = 6 * 86_400_000;
const STEPS = 100;
const POLL_MS = 100;
const COUNTED_MS_MAX = 600_000;
const DIGITS = 9;
/** Type, tag, channel and text of the oldest message only. */
export const RARE = "rare";

export interface LoggedGround {
  endpointId: string;
  /** Of a message. */
  middleId: string;
  middleAt: string;
  newestId: string;
  /** Resolves when the product has counted all attempts. */
  untilCounted: () => Promise<void>;
}

/** Each message goes to three endpoints in turn. One of ten failed at the last; half of those are owed. */
const ADD = `
  WITH event AS (
    SELECT n, $2::text || lpad(n::text, ${DIGITS}, '0') AS message_id
    FROM generate_series($4::int, $5::int) AS n
  ),
  message AS (
    INSERT INTO message (application_id, message_id, event_type, channels, tags, payload, created_at)
    SELECT $1, message_id, CASE WHEN n = 0 THEN '${RARE}' ELSE '${EVENT_TYPE}' END,
      CASE WHEN n = 0 THEN '{${RARE}}'::text[] END, CASE WHEN n = 0 THEN '{${RARE}}'::text[] END,
      convert_to(CASE WHEN n = 0 THEN '"${RARE}"' ELSE $6 END, 'UTF8'), to_timestamp($7)
    FROM event
  ),
  tried AS (
    SELECT e.*, number, NOT (n % 10 = 0 AND number = 2) AS succeeded, n % 20 = 0 AS retried,
      ($8::text[])[1 + (n + number) % cardinality($8::text[])] AS endpoint_id,
      ($9::smallint[])[1 + (n + number) % cardinality($8::text[])] AS bucket
    FROM event e CROSS JOIN generate_series(0, 2) AS number
  ),
  owed AS (
    INSERT INTO delivery (application_id, endpoint_id, message_id, bucket, attempts, due_at)
    SELECT $1, endpoint_id, message_id, bucket, 1, now() + interval '1 day'
    FROM tried WHERE NOT succeeded AND retried
  )
  INSERT INTO attempt (application_id, attempt_id, endpoint_id, message_id, event_type, channels,
    trigger, succeeded, response_status, response_body, duration_ms, error_code, error_message, url,
    attempted_at)
  SELECT $1, $3::text || lpad((3 * n + number)::text, ${DIGITS}, '0'), endpoint_id, message_id,
    CASE WHEN n = 0 THEN '${RARE}' ELSE '${EVENT_TYPE}' END,
    CASE WHEN n = 0 THEN '{${RARE}}'::text[] END, 0, succeeded,
    CASE WHEN succeeded THEN 200 ELSE 503 END, 'ok', 1 + n % 300,
    CASE WHEN succeeded THEN NULL ELSE 'status' END,
    CASE WHEN succeeded THEN NULL ELSE 'The receiver answered 503.' END, 'http://127.0.0.1:9/',
    to_timestamp($7)
  FROM tried`;

const stemAt = (prefix: IdPrefix, at: number): string =>
  encodeId(prefix, at, randomBytes(ENTROPY_BYTES)).slice(0, -DIGITS);

export async function addLog(
  ground: Ground,
  { messages, endpoints }: { messages: number; endpoints: number },
): Promise<LoggedGround> {
  const made = [];
  for (let number = 0; number < endpoints; number += 1) {
    made.push(await addEndpoint(ground, `http://127.0.0.1:9/${number}`));
  }
  const endpointIds = made.map(({ endpointId }) => endpointId);
  const buckets = endpointIds.map((id) => bucketOf(id));
  const applicationId = ground.defaultApplicationId;
  const from = Date.now() - SPREAD_MS;
  const perStep = Math.ceil(messages / STEPS);
  const newest: string[] = [];
  for (let first = 0; first < messages; first += perStep) {
    const at = from + Math.floor((first / messages) * SPREAD_MS);
    const last = Math.min(first + perStep, messages) - 1;
    const stem = stemAt("msg_", at);
    await query(ground.url, ADD, [
      applicationId,
      stem,
      stemAt("atmpt_", at),
      first,
      last,
      EVENT_BODY,
      at / 1000,
      endpointIds,
      buckets,
    ]);
    newest.push(stem + String(last).padStart(DIGITS, "0"));
  }
  await settle(ground);
  return {
    endpointId: endpointIds[0] ?? "",
    middleId: newest[Math.floor(newest.length / 2)] ?? "",
    middleAt: new Date(from + SPREAD_MS / 2).toISOString(),
    newestId: newest.at(-1) ?? "",
    untilCounted: () => untilCounted(ground, messages * 3),
  };
}

async function untilCounted(ground: Ground, attempts: number): Promise<void> {
  const deadline = monotonicMs() + COUNTED_MS_MAX;
  for (;;) {
    const [row] = await query<{ counted: string | null }>(
      ground.url,
      "SELECT sum(attempts) AS counted FROM attempt_count WHERE seconds = 3600",
    );
    if (Number(row?.counted) === attempts) break;
    if (monotonicMs() > deadline) throw new Error(`Only ${row?.counted} attempts were counted.`);
    await delay(POLL_MS);
  }
  await query(ground.url, "VACUUM (ANALYZE) attempt_count, attempt_count_position, issue");
}
