/**
 * One request and its answer, as a handler of the HTTP client. The hot path of Amps: one object,
 * one timer and one promise per delivery.
 *
 * Signed 250-byte POSTs over 64 connections to a receiver in its own process, Node 26, two shared
 * cores, eight runs of six alternated pairs: 19.4 µs of CPU per request against 18.2 µs for bare
 * `dispatch` with an empty handler (0.94). In requests per second 0.92 of it in the median, but
 * from 0.81 to 1.27, at 27–57k/s: the machine varied more than the two differ. A timer per request
 * costs 0.35 µs, so a timing wheel would not pay.
 *
 *   queued ─socket ready─► started ─headers─► answered ─body ended─► response
 *    │  └────────┴──────────────┴── error, or deadline ─────────────► error
 *    │                                  └── body over the drain limit ► response, truncated
 *    └─ the origin's shared connections are all held by slow exchanges ─► another, on a connection of its own
 */
import type { Dispatcher } from "undici";

import type { SendResponse, SendResult } from "../core/send-result.ts";
import type { Clock } from "../core/types.ts";
import { describeFailure, inWords } from "./describe-failure.ts";

const BODY_KEPT_BYTES_MAX = 16 * 1024;
/** Reading a little more than we keep is cheaper than a new connection; beyond this it is not. */
const BODY_READ_BYTES_MAX = 64 * 1024;
const INTERIM_ANSWERS_MAX = 8;
const EMPTY = Buffer.alloc(0);

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>>[2];

/** After this an exchange counts as slow; only those pay for a second timer. */
export const SLOW_AFTER_MS = 250;

/** The connections of one origin that everybody shares, seen by those who wait for one. */
export interface SharedConnections {
  /** Exchanges that have held one of them for longer than `SLOW_AFTER_MS`. */
  slow: number;
  /** So many are slow that waiting for one of them is no use. */
  readonly areBlocked: boolean;
}

export interface ExchangeOptions {
  /** `host:port`, for messages. */
  peer: string;
  timeoutMs: number;
  clock: Clock;
  done: (result: SendResult) => void;
  /** Whose connections it waits for and holds; null: it has its own. */
  shared: SharedConnections | null;
  /** It has waited in vain for one of those: sends the request another way. */
  leave?: (startedAtMs: number) => void;
  /** Of the exchange that it goes on for. */
  startedAtMs?: number;
}

function headerText(value: string | string[] | undefined): string | undefined {
  return typeof value === "object" ? value[0] : value;
}

/** Flat name, value, name, value as the client parsed them; latin1 keeps every byte. */
function readPairs(raw: Dispatcher.DispatchController["rawHeaders"]): [string, string][] {
  if (!Array.isArray(raw)) return [];
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    pairs.push([latin1(raw[at]), latin1(raw[at + 1])]);
  }
  return pairs;
}

function latin1(value: Buffer | string | undefined): string {
  return typeof value === "string" ? value : (value?.toString("latin1") ?? "");
}

export class Exchange implements Dispatcher.DispatchHandler {
  private readonly options: ExchangeOptions;
  private readonly startedAtMs: number;
  private cancelTimer: () => void = () => undefined;
  private controller: Dispatcher.DispatchController | null = null;
  private settled = false;
  private isSlow = false;
  private interimAnswers = 0;
  private status = 0;
  private headers: SendResponse["headers"] = {};
  private responseHeaders: [string, string][] = [];
  private body: Buffer = EMPTY;
  private bodyParts: Buffer[] | null = null;
  private bodyBytes = 0;

  constructor(options: ExchangeOptions) {
    this.options = options;
    this.startedAtMs = options.startedAtMs ?? options.clock.monotonic();
    if (options.shared === null) this.awaitDeadline();
    else this.awaitSlow(Math.min(SLOW_AFTER_MS, options.timeoutMs));
  }

  private awaitDeadline(): void {
    const { clock, timeoutMs } = this.options;
    const leftMs = Math.max(0, timeoutMs - this.elapsedMs());
    this.cancelTimer = clock.after(leftMs, () => this.expire());
  }

  private awaitSlow(delayMs: number): void {
    this.cancelTimer = this.options.clock.after(delayMs, () => this.turnSlow());
  }

  private turnSlow(): void {
    const { shared, timeoutMs, leave } = this.options;
    const leftMs = timeoutMs - this.elapsedMs();
    if (shared === null || leftMs <= 0) {
      this.expire();
    } else if (this.controller !== null) {
      this.isSlow = true;
      shared.slow++;
      this.awaitDeadline();
    } else if (shared.areBlocked && leave !== undefined) {
      // Settled without a result: the client withdraws it when its turn comes.
      this.settled = true;
      leave(this.startedAtMs);
    } else {
      this.awaitSlow(Math.min(SLOW_AFTER_MS, leftMs));
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Throwing withdraws the request and keeps the connection; aborting would destroy both.
    if (this.settled) throw new Error("the deadline passed before a connection was free");
    this.controller = controller;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Headers,
  ): void {
    if (this.settled) return;
    if (status < 200) {
      this.interimAnswers++;
      if (this.interimAnswers > INTERIM_ANSWERS_MAX) this.refuseInterim();
      return;
    }
    this.status = status;
    const retryAfter = headerText(headers["retry-after"]);
    const webhookDelivery = headerText(headers["webhook-delivery"]);
    if (retryAfter !== undefined) this.headers.retryAfter = retryAfter;
    if (webhookDelivery !== undefined) this.headers.webhookDelivery = webhookDelivery;
    this.responseHeaders = readPairs(controller.rawHeaders);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.settled) return;
    const room = BODY_KEPT_BYTES_MAX - this.bodyBytes;
    this.bodyBytes += chunk.length;
    if (room > 0) this.keep(chunk.length > room ? chunk.subarray(0, room) : chunk);
    if (this.bodyBytes > BODY_READ_BYTES_MAX) {
      this.settleResponse();
      this.controller?.abort(new Error("the body is longer than we read"));
    }
  }

  onResponseEnd(): void {
    if (!this.settled) this.settleResponse();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.settled) return;
    const elapsedMs = this.elapsedMs();
    const answered = this.status !== 0;
    const failure = describeFailure(error, { peer: this.options.peer, elapsedMs, answered });
    this.settle({ kind: "error", ...failure, durationMs: elapsedMs });
  }

  private keep(chunk: Buffer): void {
    if (this.body === EMPTY) this.body = chunk;
    else if (this.bodyParts === null) this.bodyParts = [this.body, chunk];
    else this.bodyParts.push(chunk);
  }

  private expire(): void {
    const { peer, timeoutMs } = this.options;
    const within = `within ${inWords(timeoutMs)}`;
    let message = `No answer from ${peer} ${within}.`;
    if (this.controller === null) message = `No connection to ${peer} ${within}.`;
    else if (this.status !== 0) message = `The answer of ${peer} did not end ${within}.`;
    this.settle({ kind: "error", code: "timeout", message, durationMs: this.elapsedMs() });
    this.controller?.abort(new Error("the deadline passed"));
  }

  private refuseInterim(): void {
    const message = `${this.options.peer} sent more than ${INTERIM_ANSWERS_MAX} interim answers.`;
    this.settle({ kind: "error", code: "protocol", message, durationMs: this.elapsedMs() });
    this.controller?.abort(new Error("too many interim answers"));
  }

  private settleResponse(): void {
    this.settle({
      kind: "response",
      status: this.status,
      headers: this.headers,
      responseHeaders: this.responseHeaders,
      body: this.bodyParts === null ? this.body : Buffer.concat(this.bodyParts),
      truncated: this.bodyBytes > BODY_KEPT_BYTES_MAX,
      durationMs: this.elapsedMs(),
    });
  }

  private elapsedMs(): number {
    return this.options.clock.monotonic() - this.startedAtMs;
  }

  private settle(result: SendResult): void {
    this.settled = true;
    this.cancelTimer();
    if (this.isSlow && this.options.shared !== null) this.options.shared.slow--;
    this.options.done(result);
  }
}
