/**
 * Reads the database after every statement that may have changed it, and compares it with the ledger:
 * each rule is checked in the step that could break it.
 */
import { bucketOf } from "../../src/core/bucket.ts";
import { parseSecret } from "../../src/core/signature.ts";
import { endpointPlace } from "../../src/storage/endpoints/load-targets.ts";
import type { Vault } from "../../src/storage/vault.ts";
import type { SimulatedDatabase } from "./database.ts";
import { type EndpointTruth, Ledger, type Owed, type Send } from "./ledger.ts";
import { short } from "./trace.ts";
import { must, Violation } from "./violation.ts";
import type { World } from "./world.ts";

/** Short and long steps: the engine waits for the former with timers and finds the latter by sweeping. */
export const SCHEDULE_MS: readonly number[] = [400, 2_000, 5_000];
const JITTER = 0.2;
/** Timestamps pass through seconds as floating point. */
const ROUNDING_MS = 1;
const STATUS_GONE = 410;

const MESSAGES = {
  name: "simulation-messages",
  text: `SELECT m.application_id, m.message_id, m.event_type, m.event_id, m.payload,
      ARRAY(SELECT d.endpoint_id FROM delivery d WHERE d.application_id = m.application_id
        AND d.message_id = m.message_id ORDER BY 1) AS owed
    FROM message m WHERE m.message_id <> ALL ($1::text[]) ORDER BY m.message_id`,
};
const ATTEMPTS = {
  name: "simulation-attempts",
  text: `SELECT a.endpoint_id, a.message_id, a.attempt_id, a.trigger, a.succeeded, a.response_status,
      a.response_body, a.error_code, a.error_message, a.attempted_at, a.next_attempt_at, d.due_at, chain.due_at AS chain_due_at
    FROM attempt a
    LEFT JOIN delivery d USING (application_id, endpoint_id, message_id, trigger)
    LEFT JOIN delivery chain ON chain.application_id = a.application_id
      AND chain.endpoint_id = a.endpoint_id AND chain.message_id = a.message_id AND chain.trigger = 0
    WHERE a.attempt_id <> ALL ($1::text[]) ORDER BY a.attempt_id`,
};
const ENDPOINTS = {
  name: "simulation-endpoints",
  text: `SELECT e.application_id, e.endpoint_id, e.event_types, e.disabled,
      e.deleted_at IS NOT NULL AS deleted, e.revision, s.sealed
    FROM endpoint e JOIN LATERAL (SELECT sealed FROM endpoint_secret
      WHERE application_id = e.application_id AND endpoint_id = e.endpoint_id
      ORDER BY secret_number DESC LIMIT 1) s ON true ORDER BY e.endpoint_id`,
};
const LEASES = {
  name: "simulation-leases",
  text: "SELECT bucket, epoch, node_id FROM bucket_lease WHERE kind = 'delivery' ORDER BY bucket",
};

interface MessageRow {
  [column: string]: unknown;
  application_id: string;
  message_id: string;
  event_type: string;
  event_id: string | null;
  payload: Buffer;
  owed: string[];
}

interface AttemptRow {
  [column: string]: unknown;
  endpoint_id: string;
  message_id: string;
  attempt_id: string;
  trigger: number;
  succeeded: boolean;
  response_status: number;
  response_body: Buffer;
  error_code: string | null;
  error_message: string | null;
  attempted_at: number;
  next_attempt_at: number | null;
  due_at: number | null;
  chain_due_at: number | null;
}

interface EndpointRow {
  [column: string]: unknown;
  application_id: string;
  endpoint_id: string;
  event_types: string[] | null;
  disabled: boolean;
  deleted: boolean;
  revision: number;
  sealed: Buffer;
}

function matches(endpoint: EndpointTruth, message: MessageRow): boolean {
  if (endpoint.disabled || endpoint.deleted) return false;
  if (endpoint.applicationId !== message.application_id) return false;
  return endpoint.eventTypes === null || endpoint.eventTypes.includes(message.event_type);
}

export class Witness {
  readonly #database: SimulatedDatabase;
  readonly #ledger: Ledger;
  readonly #world: World;
  readonly #vault: Vault;
  readonly #attempts = new Set<string>();
  /** Message per event id and per idempotency key. */
  readonly #unique = new Map<string, string>();

  constructor(options: {
    database: SimulatedDatabase;
    ledger: Ledger;
    world: World;
    vault: Vault;
  }) {
    this.#database = options.database;
    this.#ledger = options.ledger;
    this.#world = options.world;
    this.#vault = options.vault;
  }

  get attempts(): number {
    return this.#attempts.size;
  }

  /** What a statement of this name may have changed. */
  async after(statementName: string): Promise<void> {
    if (statementName === "insert-messages") await this.messages();
    else if (statementName === "record-attempts") await this.recorded();
    else if (statementName.endsWith("-buckets")) await this.#leases();
    else if (/transaction|delete-endpoint|disable-endpoint/.test(statementName))
      await this.endpoints();
  }

  async endpoints(): Promise<void> {
    for (const row of await this.#database.query<EndpointRow>(ENDPOINTS, [], this.#world.now)) {
      const secret = parseSecret(
        this.#vault.open(row.sealed, endpointPlace(row.endpoint_id, "secret")),
      );
      if (!secret.ok) throw new Error(secret.message);
      const known = this.#ledger.endpoints.get(row.endpoint_id);
      const truth = known ?? {
        applicationId: row.application_id,
        endpointId: row.endpoint_id,
        eventTypes: row.event_types,
        disabled: false,
        deleted: false,
        revision: 0,
        stoppedBy: 0,
        secrets: [],
        toDisable: undefined,
      };
      this.#ledger.endpoints.set(row.endpoint_id, truth);
      const stopped = row.disabled || row.deleted;
      if (stopped && !truth.disabled && !truth.deleted) truth.stoppedBy = row.revision;
      if (stopped) truth.toDisable = undefined;
      if (truth.secrets[0]?.key.equals(secret.key) !== true)
        truth.secrets.unshift({ key: secret.key, since: row.revision });
      truth.disabled = row.disabled;
      truth.deleted = row.deleted;
      truth.revision = row.revision;
    }
  }

  /** Messages that are new, with all that they owe. */
  async messages(): Promise<void> {
    const { messages } = this.#ledger;
    const known = [[...messages.keys()]];
    for (const row of await this.#database.query<MessageRow>(MESSAGES, known, this.#world.now)) {
      // Made by the workload, which numbers its payloads.
      const { number } = JSON.parse(row.payload.toString()) as { number: number };
      const publication = this.#ledger.publications[number];
      if (publication === undefined) throw new Violation("only what was published is stored", "");
      messages.set(row.message_id, publication);
      publication.messageIds.push(row.message_id);
      must(
        row.payload.equals(publication.payload),
        "the payload is what was published",
        () => row.message_id,
      );
      must(
        publication.messageIds.length <= publication.tries,
        "one request, one message",
        () => `${publication.messageIds.join()} of ${publication.tries} requests`,
      );
      const { applicationId, eventId, key } = publication;
      if (eventId !== null) this.#requireFirst(`event ${applicationId} ${eventId}`, row.message_id);
      if (key !== null) this.#requireFirst(`key ${key}`, row.message_id);
      const expected = [...this.#ledger.endpoints.values()]
        .filter((endpoint) => matches(endpoint, row))
        .map(({ endpointId }) => endpointId)
        .sort();
      must(
        expected.join() === row.owed.join(),
        "a message is owed to each endpoint it matches",
        () => `${row.message_id} to ${row.owed.join()} instead of ${expected.join()}`,
      );
      for (const endpointId of row.owed) {
        this.#ledger.owed.set(Ledger.key(endpointId, row.message_id), {
          endpointId,
          messageId: row.message_id,
          sends: [],
          failures: 0,
          ended: undefined,
          delivered: false,
          nextAt: 0,
          resends: 0,
        });
      }
    }
  }

  /** Attempts that are new on record, each against the request that it tells of. */
  async recorded(): Promise<void> {
    const known = [[...this.#attempts]];
    const rows = await this.#database.query<AttemptRow>(ATTEMPTS, known, this.#world.now);
    // A resend that succeeds ends the chain too, whichever of the two is read first.
    for (const { trigger, succeeded, endpoint_id: endpointId, message_id: messageId } of rows) {
      const owed = this.#ledger.owed.get(Ledger.key(endpointId, messageId));
      if (owed !== undefined && succeeded && trigger === 1) owed.ended = "delivered";
    }
    for (const row of rows) {
      this.#attempts.add(row.attempt_id);
      const owed = this.#ledger.owed.get(Ledger.key(row.endpoint_id, row.message_id));
      const what = `${short(row.message_id)} to ${short(row.endpoint_id)}`;
      const mark = row.response_status > 0 ? row.response_body.toString() : row.error_message;
      const send = owed?.sends.find((sent) => !sent.recorded && sent.mark === mark);
      if (owed === undefined || send?.answer === undefined)
        throw new Violation("every attempt on record was made", what);
      must(
        send.at === Math.round(row.attempted_at),
        "the time on record is the request's",
        () => what,
      );
      send.recorded = true;
      this.#world.note(
        `${what} recorded: ${row.error_code ?? row.response_status}, next ${row.next_attempt_at}`,
      );
      const epoch = this.#ledger.leases.get(send.bucket)?.epoch;
      must(
        send.epoch === epoch,
        "results of an older epoch change nothing",
        () => `${what}: ${send.epoch} instead of ${epoch}`,
      );
      this.#checkFollowUp(row, { owed, send, what });
    }
  }

  #requireFirst(key: string, messageId: string): void {
    const first = this.#unique.get(key);
    must(first === undefined, "one key, one message", () => `${first} and ${messageId}: ${key}`);
    this.#unique.set(key, messageId);
  }

  /** What the answer leads to, worked out again from the documented rules. */
  #checkFollowUp(
    row: AttemptRow,
    { owed, send, what }: { owed: Owed; send: Send; what: string },
  ): void {
    const behaviour = send.answer?.behaviour;
    const endpoint = this.#ledger.endpoints.get(row.endpoint_id);
    const good = behaviour === "ok" || behaviour === "is slow" || behaviour === "disables";
    must(row.succeeded === good, "the result is what was answered", () => `${what}: ${behaviour}`);
    if (
      endpoint?.disabled === false &&
      (row.response_status === STATUS_GONE || behaviour === "disables")
    )
      endpoint.toDisable = send.node;
    const planned = SCHEDULE_MS[owed.failures];
    if (row.trigger === 0 && !good) owed.failures += 1;
    const last =
      good ||
      row.trigger === 1 ||
      behaviour === "aborts" ||
      planned === undefined ||
      (owed.ended === "delivered" && row.next_attempt_at === null);
    if (!last) this.#checkDelay(row, send, planned, what);
    must(!last || row.next_attempt_at === null, "the chain ends", () => what);
    if (good) owed.delivered = true;
    if (good || (last && row.trigger === 0 && owed.ended === undefined))
      owed.ended = good ? "delivered" : behaviour === "aborts" ? "aborted" : "exhausted";
    owed.nextAt = row.next_attempt_at ?? 0;
    if (endpoint?.deleted === true) return;
    if (last) {
      const left = row.due_at ?? (good ? row.chain_due_at : null);
      must(left === null, "what ended is not owed any more", () => what);
    } else if (!owed.delivered) {
      must(row.due_at === row.next_attempt_at, "what is not ended stays owed", () => what);
    }
  }

  #checkDelay(row: AttemptRow, send: Send, planned: number, what: string): void {
    const next = row.next_attempt_at;
    const askedMs = (send.answer?.waitSeconds ?? 0) * 1000;
    // A date has whole seconds only.
    const cut = send.answer?.behaviour === "names a date" ? 1_000 : 0;
    const least = send.finishedAt + Math.max(planned * (1 - JITTER), askedMs - cut) - ROUNDING_MS;
    const most = this.#world.now + Math.max(planned * (1 + JITTER), askedMs) + ROUNDING_MS;
    must(
      next !== null && next >= least && next <= most,
      "delays follow the schedule",
      () => `${what}: ${next} is not within ${least} and ${most}`,
    );
  }

  /** Ownership now; what was handed over in peace must have been finished before. */
  async #leases(): Promise<void> {
    const rows = await this.#database.query<{
      bucket: number;
      epoch: number;
      node_id: string | null;
    }>(LEASES, [], this.#world.now);
    for (const { bucket, epoch, node_id: nodeId } of rows) {
      const before = this.#ledger.leases.get(bucket);
      this.#ledger.leases.set(bucket, { epoch, nodeId });
      if (before === undefined || before.nodeId === nodeId) continue;
      if (nodeId === null) continue;
      must(epoch > before.epoch, "each owner has an epoch of its own", () => `bucket ${bucket}`);
      if (before.nodeId === null) this.#checkHandover(bucket, before.epoch);
    }
  }

  #checkHandover(bucket: number, epoch: number): void {
    for (const { endpointId, messageId, sends } of this.#ledger.owed.values()) {
      if (bucketOf(endpointId) !== bucket) continue;
      const open = sends.find((send) => send.epoch === epoch && !send.recorded && !send.node.dead);
      must(
        open === undefined,
        "a bucket is let go when its work is on record",
        () => `${short(messageId)} to ${short(endpointId)} by ${open?.node.name}`,
      );
    }
  }
}
