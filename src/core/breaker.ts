/**
 * What a dead endpoint is sent: nothing but a probe, at growing intervals, until one succeeds.
 *
 *             many failures, of several messages, for a while
 *   closed ──────────────────────────────────────────────────► open ◄──────────┐
 *     ▲                                              interval over,            │ failure:
 *     │                                              something due             │ interval × 2
 *     │ success                                           ▼                    │
 *     └────────────────────────────────────────────── half-open (one attempt) ─┘
 *
 * A probe is the oldest due delivery, so it is one of that delivery's own attempts. The others wait and
 * become late; none of their attempts is used up. A few messages never open it: their schedule is
 * what users watch (`contract.md` §6).
 *
 * Until the while is over, attempts start at some distance. Without that, ten endpoints that only fail, of
 * a thousand with a million waiting, were sent to 16,000 times in eleven seconds (`bench -- backlog`): a
 * quarter of the node's CPU, and two attempts of each message used up for nothing.
 */

/** Failures in a row. */
export const OPEN_AFTER_FAILURES = 30;
/** Of at least so many changes of the message, so that no message's own schedule opens it. */
export const OPEN_AFTER_MESSAGES = 10;
/** And for so long: shorter outages end within the schedule's first delays. */
export const OPEN_AFTER_MS = 60_000;
/** Between starts while it fails so: ten a second are no load, and a receiver that is back is soon found out. */
export const FAILING_INTERVAL_MS = 100;
const INTERVAL_MS_START = 1_000;
/** An endpoint with less than one due delivery in this time is never late. */
const INTERVAL_MS_MAX = 10_000;
const JITTER_SHARE = 0.2;

export interface Failure {
  messageId: string;
  now: number;
  /** Uniform in [0, 1), so that the probes of many endpoints spread. */
  random: number;
}

export class Breaker {
  #state: "closed" | "open" | "half_open" = "closed";
  #failures = 0;
  #messages = 0;
  #messageId = "";
  #failingSince = 0;
  #intervalMs = 0;
  #probeAt = -Infinity;
  #nextAt = -Infinity;

  get state(): "closed" | "open" | "half_open" {
    return this.#state;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** Closed still, but so many of so many messages have failed that it would open in a while. */
  get isFailing(): boolean {
    return (
      this.#state === "closed" &&
      this.#failures >= OPEN_AFTER_FAILURES &&
      this.#messages >= OPEN_AFTER_MESSAGES
    );
  }

  /** The earliest time of the next attempt; while one probes, none. */
  get readyAt(): number {
    if (this.#state === "closed") return this.isFailing ? this.#nextAt : -Infinity;
    return this.#state === "open" ? this.#probeAt : Infinity;
  }

  /** An attempt starts: a probe, unless closed. */
  started(now: number): void {
    if (this.#state === "open") this.#state = "half_open";
    if (this.isFailing) this.#nextAt = now + FAILING_INTERVAL_MS;
  }

  succeeded(): void {
    this.#state = "closed";
    this.#failures = 0;
    this.#messages = 0;
    this.#messageId = "";
  }

  failed({ messageId, now, random }: Failure): void {
    if (this.#failures === 0) this.#failingSince = now;
    this.#failures += 1;
    if (messageId !== this.#messageId) this.#messages += 1;
    this.#messageId = messageId;
    if (this.#state === "open") return;
    if (
      this.#state === "closed" &&
      !(this.isFailing && now - this.#failingSince >= OPEN_AFTER_MS)
    ) {
      return;
    }
    this.#intervalMs =
      this.#state === "closed"
        ? INTERVAL_MS_START
        : Math.min(this.#intervalMs * 2, INTERVAL_MS_MAX);
    this.#state = "open";
    this.#probeAt = now + this.#intervalMs * (1 - JITTER_SHARE + 2 * JITTER_SHARE * random);
  }

  /** The attempt that started was not made, or says nothing about the receiver. */
  voided(): void {
    if (this.#state === "half_open") this.#state = "open";
  }

  /** Something changed (the endpoint, or somebody asks): the next probe need not wait. */
  probeNow(): void {
    this.#probeAt = -Infinity;
    this.#nextAt = -Infinity;
  }
}
