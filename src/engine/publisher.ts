/**
 * Accepts messages: concurrent publishers share one commit, and what this node owns goes straight
 * into memory after it, never before.
 */
import { GroupCommit } from "../core/group-commit.ts";
import type { IdSource } from "../core/ids.ts";
import type { Span, Trace, Tracer, UnixMs } from "../core/types.ts";
import {
  type InsertOutcome,
  insertMessages,
  type NewMessage,
} from "../storage/messages/insert-messages.ts";
import type { Storage } from "../storage/storage.ts";

const BATCH_MAX = 500;
/** Payload bytes of one statement: they are held several times over while it is sent. */
const BATCH_BYTES_MAX = 8 * 1024 * 1024;
const FLUSHES_MAX = 2;
/** Publishers waiting for a commit; above this the database is behind and more are turned away. */
const WAITING_MAX = 10_000;
const RETRY_AFTER_SECONDS = 1;

export type PublishRequest = Omit<NewMessage, "messageId">;

export type PublishOutcome =
  | { kind: "accepted" | "replayed"; messageId: string; createdAt: UnixMs }
  | { kind: "event_id_taken" }
  | { kind: "idempotency_mismatch" }
  | { kind: "overloaded"; retryAfterSeconds: number };

/** A delivery just committed by this process, with what is needed to attempt it without reading. */
export interface HandedOff {
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

interface Publishing extends NewMessage {
  span: Span | undefined;
}

export class Publisher {
  readonly #ids: IdSource;
  readonly #handOff: (rows: HandedOff[]) => void;
  readonly #tracer: Tracer | undefined;
  readonly #commits: GroupCommit<Publishing, InsertOutcome>;
  #accepted = 0;

  constructor(
    storage: Storage,
    ids: IdSource,
    handOff: (rows: HandedOff[]) => void,
    tracer?: Tracer,
  ) {
    this.#ids = ids;
    this.#handOff = handOff;
    this.#tracer = tracer;
    this.#commits = new GroupCommit({
      batchMax: BATCH_MAX,
      bytesMax: BATCH_BYTES_MAX,
      bytesOf: (message) => message.payload.length,
      flushesMax: FLUSHES_MAX,
      flush: async (messages) => {
        const ended = this.#beginCommit(messages);
        const outcomes = await insertMessages(storage, messages).finally(ended);
        this.#handOffStored(messages, outcomes);
        return outcomes;
      },
    });
  }

  async publish(request: PublishRequest): Promise<PublishOutcome> {
    if (this.#commits.size >= WAITING_MAX) {
      return { kind: "overloaded", retryAfterSeconds: RETRY_AFTER_SECONDS };
    }
    const messageId = this.#ids.make("msg_");
    const span = this.#tracer?.begin("amps.publish", { "amps.message_id": messageId });
    try {
      const outcome = await this.#commits.add({ ...request, messageId, span });
      span?.end({ "amps.outcome": outcome.kind });
      if (outcome.kind !== "stored") return outcome;
      this.#accepted += 1;
      return { kind: "accepted", messageId, createdAt: outcome.createdAt };
    } catch (error) {
      span?.end({}, "not committed");
      throw error;
    }
  }

  /** Messages accepted so far, replays not counted. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Publishers that wait for their commit. */
  get waiting(): number {
    return this.#commits.size;
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

  #handOffStored(messages: Publishing[], outcomes: InsertOutcome[]): void {
    const rows: HandedOff[] = [];
    for (const [index, message] of messages.entries()) {
      const outcome = outcomes[index];
      // What is scheduled for later is read when it is due.
      if (outcome?.kind !== "stored" || (message.deliverAt ?? null) !== null) continue;
      for (const owed of outcome.owed) {
        rows.push({
          applicationId: message.applicationId,
          endpointId: owed.endpointId,
          messageId: owed.messageId,
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
    if (rows.length > 0) this.#handOff(rows);
  }
}
