/**
 * Writes down what is about to be sent to devices, before the first byte leaves. An intent is only
 * written while the action is open, under the current ownership of the bucket, and once per number:
 * whoever gets `false` must not send.
 */
import { statement, type Storage } from "../storage.ts";

export interface Intent {
  environmentId: string;
  actionId: string;
  /** 1 for the first. */
  dispatchNumber: number;
  deviceId: string;
  bucket: number;
  epoch: number;
  planHash: string;
  /** What came of the dispatch before; null for the first, or when it is not known. */
  outcomeBefore: string | null;
}

// The state is a parameter for the reason of `settle-actions`. The dispatch before is always there; an upsert finds it
// by its key, an update read the whole journal for it where that had been empty when the plan was made.
const JOURNAL = statement(
  "journal-intents",
  `WITH intent AS (
    SELECT i.*, coalesce(to_timestamp($1::float8 / 1000), now()) AS at
    FROM unnest($2::text[], $3::text[], $4::smallint[], $5::text[], $6::smallint[], $7::bigint[],
      $8::text[], $9::text[])
      AS i(environment_id, action_id, dispatch_number, device_id, bucket, epoch, plan_hash, outcome_before)
    JOIN bucket_lease l ON l.kind = 'device' AND l.bucket = i.bucket AND l.epoch = i.epoch
    JOIN action a ON a.environment_id = i.environment_id AND a.action_id = i.action_id
      AND a.bucket = i.bucket AND a.state = (SELECT $10)
  ),
  before AS (
    INSERT INTO dispatch_journal AS j (environment_id, action_id, dispatch_number, device_id, epoch,
      plan_hash, intended_at, outcome, outcome_at)
    SELECT environment_id, action_id, dispatch_number - 1, device_id, epoch, plan_hash, at,
      outcome_before, at
    FROM intent WHERE outcome_before IS NOT NULL
    ON CONFLICT (environment_id, action_id, dispatch_number) DO UPDATE
    SET outcome = coalesce(j.outcome, excluded.outcome),
      outcome_at = coalesce(j.outcome_at, excluded.outcome_at)
  )
  INSERT INTO dispatch_journal (environment_id, action_id, dispatch_number, device_id, epoch, plan_hash, intended_at)
  SELECT environment_id, action_id, dispatch_number, device_id, epoch, plan_hash, at FROM intent
  ON CONFLICT DO NOTHING
  RETURNING environment_id, action_id`,
);

/** @returns per intent, in order, whether it was written */
export async function journalIntents(storage: Storage, intents: Intent[]): Promise<boolean[]> {
  const rows = await storage.query<{ environment_id: string; action_id: string }>(JOURNAL, [
    storage.now(),
    intents.map((intent) => intent.environmentId),
    intents.map((intent) => intent.actionId),
    intents.map((intent) => intent.dispatchNumber),
    intents.map((intent) => intent.deviceId),
    intents.map((intent) => intent.bucket),
    intents.map((intent) => intent.epoch),
    intents.map((intent) => intent.planHash),
    intents.map((intent) => intent.outcomeBefore),
    "acknowledged",
  ]);
  // As a rule all of them: no two are alike.
  if (rows.length === intents.length) return intents.map(() => true);
  const written = new Set(rows.map((row) => `${row.environment_id} ${row.action_id}`));
  return intents.map((intent) => written.has(`${intent.environmentId} ${intent.actionId}`));
}
