/**
 * Accepts messages: concurrent publishers share one commit, and what this node owns goes straight
 * into memory after it, never before.
 */
import { FairTurns } from "../core/fair-turns.ts";
import { asManyAgain, GroupCommit } from "../core/group-commit.ts";
import type { IdSource } from "../core/ids.ts";
import { applicationRoom, environmentRoom } from "../core/share.ts";
import type { Clock, Span, Trace, Tracer, UnixMs } from "../core/types.ts";
import {
  type InsertOutcome,
  insertMessages,
  type NewMessage,
} from "../storage/messages/insert-messages.ts";
import type { Storage } from "../storage/storage.ts";

const BATCH_MAX = 500;
/** Payload bytes of one statement: they are held several times over while it is sent. */
const BATCH_BYTES_MAX = 8 * 1024 * 1024;
/** While few publish, or keys take turns. */
const FLUSHES_MAX = 2;
/**
 * Publishers waiting for a commit; above their share of it the database is behind and more are turned
 * away. A lone application's share is 10,000.
 */
const WAITING_MAX = 12_000;
const RETRY_AFTER_SECONDS = 1;
/** Tenants whose callers are counted; the counts of idle ones are forgotten. */
const TENANTS_MAX = 10_000;

interface Callers {
  waiting: number;
}

export type PublishRequest = Omit<NewMessage, "messageId">;

export type PublishOutcome =
  | { kind: "accepted" | "replayed"; messageId: string; createdAt: UnixMs }
  | { kind: "event_id_taken" }
  | { kind: "idempotency_mismatch" }
  | { kind: "overloaded"; retryAfterSeconds: number };

/** A delivery just committed by this process, with what is needed to attempt it without reading. */
export interface HandedOff {
  environmentId: string;
  applicationId: string;
  endpointId: string;
  messageId: string;
  bucket: number;
  revision: number;
  eventType: string;
  channels: string[] | null;
  payload: Buffer;
  dueAt: UnixMs;
  /** What the attempt's span goes below. */
  trace?: Trace | undefined;
}

/**
 * Attempts deliveries that a commit of this process has just stored, without reading them back.
 * @param callersWait whoever made them is answered first
 */
export type HandOff = (rows: HandedOff[], callersWait: boolean) => void;

/** The engine, to whoever commits messages. @param commit stores these and ends with their hand-off */
export type Committing = <T>(
  messageIds: readonly string[],
  commit: (handOff: HandOff) => Promise<T>,
) => Promise<T>;

interface Publishing extends NewMessage {
  span: Span | undefined;
}

export interface PublisherOptions {
  storage: Storage;
  clock: Clock;
  ids: IdSource;
  committing: Committing;
  tracer?: Tracer | undefined;
}

export class Publisher {
  readonly #ids: IdSource;
  readonly #tracer: Tracer | undefined;
  readonly #commits: GroupCommit<Publishing, InsertOutcome>;
  #accepted = 0;
  readonly #callers = new Map<string, Callers>();

  constructor({ storage, clock, ids, committing, tracer }: PublisherOptions) {
    this.#ids = ids;
    this.#tracer = tracer;
    this.#commits = new GroupCommit({
      batchMax: BATCH_MAX,
      bytesMax: BATCH_BYTES_MAX,
      bytesOf: (message) => message.payload.length,
      turns: new FairTurns(clock, (message) => message.applicationId),
      flushesMax: FLUSHES_MAX,
      spacing: asManyAgain(clock),
      flush: (messages) => {
        const messageIds = messages.map(({ messageId }) => messageId);
        return committing(messageIds, async (handOff) => {
          const ended = this.#beginCommit(messages);
          const outcomes = await insertMessages(storage, messages).finally(ended);
          const stored = storedRows(messages, outcomes);
          if (stored.length > 0) handOff(stored, true);
          return outcomes;
        });
      },
    });
  }

  publish(request: PublishRequest): Promise<PublishOutcome> {
    return new Promise((resolve, reject) => this.publishFor(request, resolve, reject));
  }

  /** As `publish`, for those whose promise would be one of many. Neither `tell` nor `fail` may throw. */
  publishFor(
    request: PublishRequest,
    tell: (outcome: PublishOutcome) => void,
    fail: (error: unknown) => void,
  ): void {
    const environment = this.#callersOf(request.environmentId);
    const application = this.#callersOf(request.applicationId);
    const room = environmentRoom(WAITING_MAX, this.#commits.size, environment.waiting);
    if (applicationRoom(room, application.waiting) <= 0) {
      tell({ kind: "overloaded", retryAfterSeconds: RETRY_AFTER_SECONDS });
      return;
    }
    const messageId = this.#ids.make("msg_");
    environment.waiting += 1;
    application.waiting += 1;
    const span = this.#tracer?.begin("amps.publish", { "amps.message_id": messageId });
    const committed = (outcome: InsertOutcome): void => {
      environment.waiting -= 1;
      application.waiting -= 1;
      span?.end({ "amps.outcome": outcome.kind });
      if (outcome.kind !== "stored") {
        tell(outcome);
        return;
      }
      this.#accepted += 1;
      tell({ kind: "accepted", messageId, createdAt: outcome.createdAt });
    };
    const failed = (error: unknown): void => {
      environment.waiting -= 1;
      application.waiting -= 1;
      span?.end({}, "not committed");
      fail(error);
    };
    this.#commits.addFor({ ...request, messageId, span }, committed, failed);
  }

  /** Messages accepted so far, replays not counted. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Publishers that wait for their commit. */
  get waiting(): number {
    return this.#commits.size;
  }

  /** Of an environment or an application. */
  #callersOf(tenantId: string): Callers {
    let callers = this.#callers.get(tenantId);
    if (callers === undefined) {
      if (this.#callers.size >= TENANTS_MAX && this.#commits.size === 0) this.#callers.clear();
      callers = { waiting: 0 };
      this.#callers.set(tenantId, callers);
    }
    return callers;
  }

  drained(): Promise<void> {
    return this.#commits.drained();
  }

  /** A span below each message's own: their statement is one, but each trace is read alone. */
  #beginCommit(messages: Publishing[]): () => void {
    const tracer = this.#tracer;
    if (tracer === undefined) return () => undefined;
    const attributes = { "amps.batch": messages.length };
    const spans = messages.map(({ span }) => tracer.begin("amps.commit", attributes, span?.trace));
    return () => {
      for (const span of spans) span.end();
    };
  }
}

/** What can be attempted at once of what was committed. */
function storedRows(messages: Publishing[], outcomes: InsertOutcome[]): HandedOff[] {
  const rows: HandedOff[] = [];
  for (const [index, message] of messages.entries()) {
    const outcome = outcomes[index];
    // What is scheduled for later is read when it is due.
    if (outcome?.kind !== "stored" || (message.deliverAt ?? null) !== null) continue;
    for (const owed of outcome.owed) {
      rows.push({
        environmentId: message.environmentId,
        applicationId: message.applicationId,
        endpointId: owed.endpointId,
        messageId: message.messageId,
        bucket: owed.bucket,
        revision: owed.revision,
        eventType: message.eventType,
        channels: message.channels,
        payload: message.payload,
        dueAt: outcome.createdAt,
        trace: message.span?.trace,
      });
    }
  }
  return rows;
}
