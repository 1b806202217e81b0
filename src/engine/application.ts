/** Who shares this node: applications within environments, and what each of them uses. */
import { RateLimit } from "../core/rate-limit.ts";
import type { Target } from "../storage/endpoints/load-targets.ts";
import { type TakesTurns, Turns } from "../core/turns.ts";

export class Usage {
  /** Attempts under way. */
  slots = 0;
  rows = 0;
  /** That claims under way are to bring. */
  reservedRows = 0;
  bytes = 0;

  get takenRows(): number {
    return this.rows + this.reservedRows;
  }

  add(rows: number, bytes: number): void {
    this.rows += rows;
    this.bytes += bytes;
  }
}

export class Environment<Member extends TakesTurns> {
  readonly usage = new Usage();
  /** Its applications with something to start. */
  readonly turns = new Turns<Application<Member>>();
  ready = false;
  following: Environment<Member> | undefined;
}

/** `Member`: its lanes. */
export class Application<Member extends TakesTurns> {
  readonly applicationId: string;
  readonly environment: Environment<Member>;
  readonly usage = new Usage();
  /** Its lanes with something to start. */
  readonly turns = new Turns<Member>();
  /** This node's part of the application's rate. */
  readonly throttle = new RateLimit();
  /** Grows with each change of the rate. */
  rates = 0;
  /** Lanes that belong to it. */
  lanes = 0;
  ready = false;
  following: Application<Member> | undefined;
  heldUntil = -Infinity;
  #rate: number | null = null;
  #buckets: number[] = [];

  constructor(applicationId: string, environment: Environment<Member>) {
    this.applicationId = applicationId;
    this.environment = environment;
  }

  /** As the database has it. The part is settled by `share`. */
  limit({ applicationThrottleRate, applicationBuckets }: Target): void {
    this.#rate = applicationThrottleRate;
    this.#buckets = applicationBuckets;
  }

  /**
   * A rate counts over all nodes: each has the part that it owns of the buckets in which the application
   * has endpoints. Never above the rate together, at the price of less when the load is uneven.
   */
  share(owns: (bucket: number) => boolean): void {
    if (this.#rate === null && this.throttle.perSecond === Infinity) return;
    const owned = this.#buckets.filter(owns).length;
    const part = owned / Math.max(1, this.#buckets.length);
    const perSecond = this.#rate === null || owned === 0 ? Infinity : this.#rate * part;
    if (perSecond === this.throttle.perSecond) return;
    this.throttle.perSecond = perSecond;
    this.rates += 1;
  }
}
