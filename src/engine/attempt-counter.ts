/**
 * Keeps the counters of statistics and issues true: a walk over what was recorded, endpoint by endpoint,
 * by the owner of its bucket, in the background. How far an endpoint is counted changes in the same
 * statement as its counters, so a crash loses nothing and counts nothing twice, and the statement that
 * records results knows nothing of it. (Counting in memory and writing sums down every few seconds costs
 * the database less, but after a crash nobody knows which attempts are in the sums.)
 *
 * Ids begin with the time, so "counted up to" means something only for times before which everything is
 * committed: what waits in the recorder, and a margin for clocks that differ, stay out. Readers add the
 * attempts after the position themselves.
 */
import { ID_STEP_MS } from "../core/ids.ts";
import type { Clock, Log, UnixMs } from "../core/types.ts";
import {
  countRecordedAttempts,
  type CountedEndpoint,
} from "../storage/statistics/count-recorded-attempts.ts";
import { findUncountedEndpoints } from "../storage/statistics/find-uncounted-endpoints.ts";
import type { Storage } from "../storage/storage.ts";
import type { Ownership } from "./ownership.ts";

const PERIOD_MS = 2_000;
/** How much the clocks of nodes may differ, or one may be set back, without an attempt being missed. */
const MARGIN_MS = 5_000;
/** A statement of a former owner that still runs ends by now; its attempts are in the past then. */
const TAKEN_OVER_MS = 16_000;
const ENDPOINTS_PER_STATEMENT = 100;
/** Nobody else owned a bucket before this epoch. */
const FIRST_EPOCH = 1;

/** For tests, which do not wait. */
export interface CountingTimes {
  marginMs?: number;
  periodMs?: number;
  takenOverMs?: number;
}

export interface AttemptCounterOptions extends CountingTimes {
  storage: Storage;
  clock: Clock;
  log: Log;
  ownership: Ownership;
  /** What ended before is committed; undefined: not known at the moment. */
  committedBefore: () => UnixMs | undefined;
  /** Everything that could be counted is. */
  onCounted?: () => void;
}

interface Key {
  applicationId: string;
  endpointId: string;
  bucket: number;
}

interface Waiting extends Key {
  /** When its last attempt was noted; an attempt's id is never later. */
  at: UnixMs;
}

export class AttemptCounter {
  readonly #options: AttemptCounterOptions;
  /** Endpoints with attempts that may not be counted. */
  readonly #waiting = new Map<string, Waiting>();
  /** Buckets whose former owner may have left something, and from when on (monotonic ms) to look. */
  readonly #takenOver = new Map<number, number>();
  #cancel: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = true;

  constructor(options: AttemptCounterOptions) {
    this.#options = options;
    const { ownership, clock, takenOverMs = TAKEN_OVER_MS } = options;
    ownership.onAcquired((buckets) => {
      for (const { bucket, epoch } of buckets) {
        const waitMs = epoch > FIRST_EPOCH ? takenOverMs : 0;
        this.#takenOver.set(bucket, clock.monotonic() + waitMs);
      }
    });
    ownership.onLost((buckets) => this.#forget(new Set(buckets)));
  }

  start(): void {
    this.#stopped = false;
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  /** An attempt of this endpoint is committed. */
  recorded({ applicationId, endpointId, bucket }: Key): void {
    const at = this.#options.clock.now();
    this.#waiting.set(endpointId, { applicationId, endpointId, bucket, at });
  }

  #forget(buckets: ReadonlySet<number>): void {
    for (const bucket of buckets) this.#takenOver.delete(bucket);
    for (const [endpointId, { bucket }] of this.#waiting) {
      if (buckets.has(bucket)) this.#waiting.delete(endpointId);
    }
  }

  #schedule(): void {
    if (this.#stopped) return;
    const { clock, log, periodMs = PERIOD_MS, onCounted } = this.#options;
    this.#cancel = clock.after(periodMs, () => {
      this.#running = this.#round()
        .then(() => onCounted?.())
        .catch((error: unknown) => {
          log.warn({ err: error }, "Attempts could not be counted; trying again.");
        })
        .then(() => this.#schedule());
    });
  }

  async #round(): Promise<void> {
    await this.#lookAround();
    const { clock, committedBefore, marginMs = MARGIN_MS } = this.#options;
    const committed = committedBefore();
    if (committed === undefined) return;
    // A whole step of ids: in the middle of one, an endpoint would be done whose last attempt was left out.
    const before = Math.floor((committed - marginMs) / ID_STEP_MS) * ID_STEP_MS;
    const upTo = { before, now: clock.now() };
    const waiting = [...this.#waiting.values()];
    for (let start = 0; start < waiting.length; start += ENDPOINTS_PER_STATEMENT) {
      await this.#count(waiting.slice(start, start + ENDPOINTS_PER_STATEMENT), upTo);
    }
  }

  async #count(keys: Waiting[], upTo: { before: UnixMs; now: UnixMs }): Promise<void> {
    const owned = keys.flatMap((key) => this.#owned(key));
    for (let left = owned; left.length > 0 && !this.#stopped;) {
      left = await countRecordedAttempts(this.#options.storage, left, upTo);
    }
    for (const { endpointId, at } of owned) {
      // What was noted later, or within the margin, is for another round.
      const isDone = this.#waiting.get(endpointId)?.at === at && at < upTo.before;
      if (isDone && !this.#stopped) this.#waiting.delete(endpointId);
    }
  }

  #owned(key: Waiting): (CountedEndpoint & Waiting)[] {
    const epoch = this.#options.ownership.epochOf(key.bucket);
    return epoch === undefined || this.#takenOver.has(key.bucket) ? [] : [{ ...key, epoch }];
  }

  async #lookAround(): Promise<void> {
    const { clock, ownership, storage } = this.#options;
    for (const [bucket, at] of this.#takenOver) {
      if (clock.monotonic() < at) continue;
      for (let after: string | null = ""; after !== null && !this.#stopped;) {
        const page = await findUncountedEndpoints(storage, bucket, after);
        for (const key of page.found) this.recorded({ ...key, bucket });
        ({ after } = page);
      }
      if (ownership.epochOf(bucket) !== undefined) this.#takenOver.delete(bucket);
    }
  }
}
