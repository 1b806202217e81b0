/**
 * Accepts actions: each is committed with its idempotency key, many at a time. One open action per
 * device is a rule of the table (`action_open`), so no two nodes can both accept.
 */
import type { UnixMs } from "../../core/types.ts";
import { proveDurable } from "../durability/prove-durable.ts";
import { DEADLOCK, sqlState, statement, UNIQUE_VIOLATION, type Storage } from "../storage.ts";
import type { Action } from "./action.ts";

type PushedFields =
  | "environmentId"
  | "actionId"
  | "deviceId"
  | "deviceType"
  | "bucket"
  | "userId"
  | "command"
  | "parameters"
  | "sandbox";

export interface NewAction extends Pick<Action, PushedFields> {
  /** SHA-256 digests of the caller's key (with its operation) and of the request. */
  idempotency: { keyHash: Buffer; requestHash: Buffer } | null;
}

export type AcceptOutcome =
  | { kind: "accepted"; action: Action }
  | { kind: "replayed"; actionId: string }
  | { kind: "idempotency_mismatch" }
  | { kind: "in_progress"; conflictingActionIds: string[] };

// A busy device is common and skips its row; a key that is known already is rare and fails the batch.
const INSERT = statement(
  "insert-actions",
  `WITH pushed AS (
    SELECT a.*, date_trunc('milliseconds', coalesce(to_timestamp($1::float8 / 1000), now())) AS pushed_at
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::text[],
      $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])
      AS a(environment_id, action_id, device_id, device_type, bucket, user_id, command, parameters,
        sandbox, key_hash, request_hash)
  ),
  accepted AS (
    INSERT INTO action (environment_id, action_id, device_id, device_type, bucket, user_id, command,
      parameters, sandbox, state, created_at, updated_at, acknowledged_at)
    SELECT environment_id, action_id, device_id, device_type, bucket, user_id, command,
      parameters, sandbox, 'acknowledged', pushed_at, pushed_at, pushed_at
    FROM pushed ORDER BY environment_id, device_id
    ON CONFLICT DO NOTHING
    RETURNING environment_id, action_id, created_at
  ),
  known AS (
    INSERT INTO idempotency (environment_id, key_hash, request_hash, resource_id, created_at)
    SELECT p.environment_id, decode(p.key_hash, 'hex'), decode(p.request_hash, 'hex'), p.action_id, p.pushed_at
    FROM pushed p JOIN accepted USING (environment_id, action_id)
    WHERE p.key_hash IS NOT NULL ORDER BY p.environment_id, p.key_hash
  )
  SELECT created_at, string_agg(action_id, ',') AS action_ids FROM accepted GROUP BY created_at`,
);

const FIND_TAKEN = statement(
  "find-taken-actions",
  `SELECT p.action_id, i.resource_id AS known_id, encode(i.request_hash, 'hex') AS request_hash,
     a.action_id AS open_id
   FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
     AS p(environment_id, action_id, device_id, key_hash)
   LEFT JOIN idempotency i
     ON i.environment_id = p.environment_id AND i.key_hash = decode(p.key_hash, 'hex')
   LEFT JOIN action a ON a.environment_id = p.environment_id AND a.device_id = p.device_id
     AND a.state IN ('scheduled', 'acknowledged')
   WHERE i.key_hash IS NOT NULL OR a.action_id IS NOT NULL`,
);

interface TakenRow {
  [column: string]: unknown;
  action_id: string;
  known_id: string | null;
  request_hash: string | null;
  open_id: string | null;
}

const ROUNDS_MAX = 10;

/** Commits `pushes` and answers each, in order. */
export async function insertActions(
  storage: Storage,
  pushes: NewAction[],
): Promise<AcceptOutcome[]> {
  const outcomes = new Map<NewAction, AcceptOutcome>();
  let open = pushes;
  for (let round = 0; open.length > 0; round += 1) {
    if (round > ROUNDS_MAX) throw new Error(`${open.length} pushes found no answer.`);
    const batch = withoutTwins(open);
    try {
      await insertBatch(storage, batch, outcomes);
    } catch (error) {
      const state = sqlState(error);
      if (state !== UNIQUE_VIOLATION && state !== DEADLOCK) throw error;
    }
    open = open.filter((push) => !outcomes.has(push));
    if (open.length > 0) await answerTaken(storage, open, outcomes);
    open = open.filter((push) => !outcomes.has(push));
  }
  return pushes.map((push) => {
    const outcome = outcomes.get(push);
    if (outcome === undefined) throw new Error(`No outcome for action ${push.actionId}.`);
    return outcome;
  });
}

/** Pairs of texts. Not one text of both: V8 hashes and keeps each that is made to be looked up. */
class SeenPairs {
  readonly #seen = new Map<string, Set<string>>();

  has(first: string, second: string): boolean {
    return this.#seen.get(first)?.has(second) === true;
  }

  add(first: string, second: string): void {
    const seconds = this.#seen.get(first);
    if (seconds === undefined) this.#seen.set(first, new Set([second]));
    else seconds.add(second);
  }
}

/** Only the first for each device and key: the others are judged against it afterwards. */
function withoutTwins(pushes: NewAction[]): NewAction[] {
  const devices = new SeenPairs();
  const keys = new SeenPairs();
  return pushes.filter(({ environmentId, deviceId, idempotency }) => {
    const key = idempotency?.keyHash.toString("hex");
    if (devices.has(environmentId, deviceId)) return false;
    if (key !== undefined && keys.has(environmentId, key)) return false;
    devices.add(environmentId, deviceId);
    if (key !== undefined) keys.add(environmentId, key);
    return true;
  });
}

async function insertBatch(
  storage: Storage,
  batch: NewAction[],
  outcomes: Map<NewAction, AcceptOutcome>,
): Promise<void> {
  const [row] = await storage.query<{ action_ids: string; created_at: UnixMs }>(INSERT, [
    storage.now(),
    batch.map((push) => push.environmentId),
    batch.map((push) => push.actionId),
    batch.map((push) => push.deviceId),
    batch.map((push) => push.deviceType),
    batch.map((push) => push.bucket),
    batch.map((push) => push.userId),
    batch.map((push) => push.command),
    batch.map((push) => push.parameters),
    batch.map((push) => push.sandbox),
    batch.map((push) => push.idempotency?.keyHash.toString("hex") ?? null),
    batch.map((push) => push.idempotency?.requestHash.toString("hex") ?? null),
  ]);
  if (row === undefined) return;
  const accepted = row.action_ids.split(",");
  const isAccepted = isOneOf(accepted, batch);
  for (const push of batch) {
    if (!isAccepted(push)) continue;
    outcomes.set(push, { kind: "accepted", action: newlyAccepted(push, row.created_at) });
  }
}

/** As a rule all of them are. */
function isOneOf(accepted: string[], batch: NewAction[]): (push: NewAction) => boolean {
  if (accepted.length === batch.length) return () => true;
  const ids = new Set(accepted);
  return ({ actionId }) => ids.has(actionId);
}

function newlyAccepted({ idempotency: _kept, ...push }: NewAction, at: UnixMs): Action {
  return {
    ...push,
    state: "acknowledged",
    resultMessage: null,
    errorCode: null,
    errorMessage: null,
    startAt: null,
    endAt: null,
    createdAt: at,
    updatedAt: at,
    acknowledgedAt: at,
    completedAt: null,
  };
}

/** A known key answers before a busy device: a repeat of the push that made it busy is no conflict. */
async function answerTaken(
  storage: Storage,
  open: NewAction[],
  outcomes: Map<NewAction, AcceptOutcome>,
): Promise<void> {
  const rows = await storage.query<TakenRow>(FIND_TAKEN, [
    open.map((push) => push.environmentId),
    open.map((push) => push.actionId),
    open.map((push) => push.deviceId),
    open.map((push) => push.idempotency?.keyHash.toString("hex") ?? null),
  ]);
  if (rows.some((row) => row.request_hash !== null)) await proveDurable(storage);
  const taken = new Map(rows.map((row) => [row.action_id, row]));
  for (const push of open) {
    const row = taken.get(push.actionId);
    if (row !== undefined) outcomes.set(push, takenOutcome(push, row));
  }
}

function takenOutcome(push: NewAction, row: TakenRow): AcceptOutcome {
  if (row.request_hash !== null) {
    const same = row.request_hash === push.idempotency?.requestHash.toString("hex");
    if (!same || row.known_id === null) return { kind: "idempotency_mismatch" };
    return { kind: "replayed", actionId: row.known_id };
  }
  return { kind: "in_progress", conflictingActionIds: row.open_id === null ? [] : [row.open_id] };
}
