/**
 * One request and its answer. The hot path of Amps: one object, one timer and one promise per
 * delivery. A timer per request costs 0.35 µs, so a timing wheel would not pay.
 *
 *   queued ─connection free─► started ─head─► answered ─body ended─► response
 *    └────────┴──────────────┴── error, or deadline ───────────────► error
 *                              └── body over the drain limit ► response, truncated
 */
import type { SendErrorCode, SendResult } from "../core/send-result.ts";
import type { TakesTurns } from "../core/turns.ts";
import type { Clock } from "../core/types.ts";
import { describeFailure, inWords } from "./describe-failure.ts";
import type { Head, ResponseSink } from "./response-parser.ts";

const BODY_KEPT_BYTES_MAX = 16 * 1024;
/** Reading a little more than we keep is cheaper than a new connection; beyond this it is not. */
const BODY_READ_BYTES_MAX = 64 * 1024;
const EMPTY = Buffer.alloc(0);

/** Who holds a connection for longer counts as slow; only those pay for a second timer. */
export const SLOW_AFTER_MS = 250;

/** Where its connection comes from. */
export interface ExchangeOrigin {
  /** `host:port`, for messages. */
  readonly peer: string;
  /** One of its connections is held for longer than `SLOW_AFTER_MS`. */
  turnedSlow(): void;
  slowEnded(): void;
}

/** The connection that carries it. */
interface Carrier {
  destroy(): void;
}

export interface ExchangeOptions {
  origin: ExchangeOrigin;
  /** The request, or all of it but `rest`: a large body. */
  first: Buffer;
  rest: Uint8Array | undefined;
  timeoutMs: number;
  clock: Clock;
  done: (result: SendResult) => void;
}

export class Exchange implements ResponseSink, TakesTurns {
  settled = false;
  ready = false;
  following: this | undefined;
  /** No connection was free, and no further one allowed. */
  crowded = false;
  private readonly options: ExchangeOptions;
  private readonly startedAtMs: number;
  private cancelTimer: () => void;
  private connection: Carrier | undefined;
  /** When it got its connection. */
  private begunAtMs = 0;
  private isSlow = false;
  private answer: Head | undefined;
  private body: Buffer = EMPTY;
  private bodyParts: Buffer[] | undefined;
  private bodyBytes = 0;

  constructor(options: ExchangeOptions) {
    this.options = options;
    this.startedAtMs = options.clock.monotonic();
    this.cancelTimer = this.wait(SLOW_AFTER_MS);
  }

  get peer(): string {
    return this.options.origin.peer;
  }

  /** It has this connection from now on. @returns what is to be written */
  begin(connection: Carrier): Pick<ExchangeOptions, "first" | "rest"> {
    this.connection = connection;
    this.begunAtMs = this.options.clock.monotonic();
    return this.options;
  }

  onHead(head: Head): void {
    this.answer = head;
  }

  onBody(data: Buffer, from: number, to: number): void {
    if (this.settled) return;
    const room = BODY_KEPT_BYTES_MAX - this.bodyBytes;
    this.bodyBytes += to - from;
    if (room > 0) this.keep(data, from, Math.min(to, from + room));
    if (this.bodyBytes > BODY_READ_BYTES_MAX) this.finish();
  }

  /** The answer is whole, or as much of it as is read. */
  finish(): void {
    const { answer } = this;
    if (this.settled || answer === undefined) return;
    const { retryAfter, webhookDelivery } = answer;
    const durationMs = this.elapsedMs();
    const waitedMs = this.begunAtMs - this.startedAtMs;
    this.settle({
      kind: "response",
      status: answer.status,
      headers: {
        ...(retryAfter !== undefined && { retryAfter }),
        ...(webhookDelivery !== undefined && { webhookDelivery }),
      },
      responseHeaders: answer.headerLines,
      body: this.bodyParts === undefined ? this.body : Buffer.concat(this.bodyParts),
      truncated: this.bodyBytes > BODY_KEPT_BYTES_MAX,
      durationMs,
      crowded: this.crowded && waitedMs > durationMs / 2,
    });
  }

  /** The connection is gone, or none came about; undefined: the receiver closed it. */
  broken(error: unknown, answered: boolean): void {
    const { code, message } = describeFailure(error, {
      peer: this.peer,
      elapsedMs: this.elapsedMs(),
      answered,
    });
    this.fail(code, message);
  }

  fail(code: SendErrorCode, message: string): void {
    if (this.settled) return;
    this.settle({ kind: "error", code, message, durationMs: this.elapsedMs() });
  }

  private keep(data: Buffer, from: number, to: number): void {
    const copy = Buffer.allocUnsafe(to - from);
    data.copy(copy, 0, from, to);
    if (this.body === EMPTY) this.body = copy;
    else if (this.bodyParts === undefined) this.bodyParts = [this.body, copy];
    else this.bodyParts.push(copy);
  }

  /** Looks again after this time, or at the deadline if that comes first. */
  private wait(delayMs: number): () => void {
    const { clock, timeoutMs } = this.options;
    const leftMs = Math.max(0, timeoutMs - this.elapsedMs());
    return clock.after(Math.min(delayMs, leftMs), () => this.look());
  }

  private look(): void {
    const { clock, timeoutMs } = this.options;
    const now = clock.monotonic();
    const heldMs = this.connection === undefined ? 0 : now - this.begunAtMs;
    if (now - this.startedAtMs >= timeoutMs) {
      this.expire();
    } else if (heldMs < SLOW_AFTER_MS) {
      this.cancelTimer = this.wait(SLOW_AFTER_MS - heldMs);
    } else {
      this.isSlow = true;
      this.cancelTimer = this.wait(Infinity);
      this.options.origin.turnedSlow();
    }
  }

  private expire(): void {
    const { timeoutMs } = this.options;
    const within = `within ${inWords(timeoutMs)}`;
    let message = `No answer from ${this.peer} ${within}.`;
    if (this.connection === undefined) message = `No connection to ${this.peer} ${within}.`;
    else if (this.answer !== undefined) {
      message = `The answer of ${this.peer} did not end ${within}.`;
    }
    this.fail("timeout", message);
    this.connection?.destroy();
  }

  private elapsedMs(): number {
    return this.options.clock.monotonic() - this.startedAtMs;
  }

  private settle(result: SendResult): void {
    this.settled = true;
    this.cancelTimer();
    if (this.isSlow) this.options.origin.slowEnded();
    this.options.done(result);
  }
}
