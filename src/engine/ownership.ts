/**
 * Which buckets this node owns, kept true against its peers.
 *
 *   free ─acquire (epoch + 1)─► owned ─given up─► leaving ─settled─► free
 *                                 └─ lease or lock lost ─► taken by a peer (epoch + 1)
 *
 * A leaving bucket is nobody's to start work on; each is free as soon as its own work has ended, so that
 * a receiver that hangs holds up its own bucket and neither the others nor this node's lease.
 *
 * A node may act on a bucket only while its lease, measured on its own monotonic clock from before
 * the last renewal was asked for, has not run out: a paused process wakes up owning nothing.
 */
import type { Clock, Log } from "../core/types.ts";
import { BUCKET_COUNT } from "../core/bucket.ts";
import { GroupCommit } from "../core/group-commit.ts";
import type { IdSource } from "../core/ids.ts";
import {
  acquireBuckets,
  buryDeadNodes,
  countLiveNodes,
  listLeases,
  type LeaseKind,
  type OwnedBucket,
  registerNode,
  releaseBuckets,
  removeNode,
  renewNode,
  retireNode,
} from "../storage/nodes/leases.ts";
import { type Channel, Session } from "../storage/nodes/session.ts";
import type { Storage } from "../storage/storage.ts";

export const LEASE_MS = 15_000;
/** Stop acting this long before peers may take over, for slow clocks and statements under way. */
const LEASE_MARGIN_MS = 3_000;
const TICK_MS = 1_000;
/** From being told of a change to looking: buckets of one node become free one by one within such a time. */
const TOLD_MS = 20;

/** What a user of buckets sees of them. */
export interface Ownership {
  /** Undefined: not this node's now. */
  epochOf(bucket: number): number | undefined;
  onAcquired(listener: (buckets: OwnedBucket[]) => void): void;
  /** The listener's promise resolves when nothing of these buckets is under way; then they are let go. */
  onLost(listener: (buckets: number[]) => void | Promise<void>): void;
}

class Buckets implements Ownership {
  readonly kind: LeaseKind;
  readonly role: string;
  readonly owned = new Map<number, number>();
  /** Given up, but something of them is still under way. */
  readonly leaving = new Set<number>();
  readonly #valid: () => boolean;
  readonly #acquired: ((buckets: OwnedBucket[]) => void)[] = [];
  readonly #lost: ((buckets: number[]) => void | Promise<void>)[] = [];

  constructor(kind: LeaseKind, role: string, valid: () => boolean) {
    this.kind = kind;
    this.role = role;
    this.#valid = valid;
  }

  epochOf(bucket: number): number | undefined {
    return this.#valid() ? this.owned.get(bucket) : undefined;
  }

  onAcquired(listener: (buckets: OwnedBucket[]) => void): void {
    this.#acquired.push(listener);
  }

  onLost(listener: (buckets: number[]) => void | Promise<void>): void {
    this.#lost.push(listener);
  }

  gain(buckets: OwnedBucket[]): void {
    for (const { bucket, epoch } of buckets) this.owned.set(bucket, epoch);
    if (buckets.length > 0) for (const listener of this.#acquired) listener(buckets);
  }

  /** Gives a bucket up at once; `release` runs when nothing of it is under way any more. */
  async lose(bucket: number, release?: () => Promise<unknown>): Promise<void> {
    this.owned.delete(bucket);
    this.leaving.add(bucket);
    try {
      for (const listener of this.#lost) await listener([bucket]);
      await release?.();
    } finally {
      this.leaving.delete(bucket);
    }
  }
}

export interface NodeOptions {
  storage: Storage;
  clock: Clock;
  log: Log;
  ids: IdSource;
  roles: ReadonlySet<string>;
  /** What concerns others than this one. */
  onNotification: (channel: Channel, payload: string) => void;
  /** For tests, which wait for events instead of sleeping: the lease was renewed, or could not be. */
  onTick?: () => void;
}

/** This process among its peers: registered, renewed every second, owner of its share of buckets. */
export class Node {
  readonly deliveries: Ownership;
  readonly devices: Ownership;
  readonly #options: NodeOptions;
  readonly #kinds: Buckets[];
  #nodeId = "";
  #session: Session | undefined;
  #validUntil = 0;
  /** Undefined: none is scheduled, as one is under way. */
  #cancelTick: (() => void) | undefined;
  /** Peers told of a change meanwhile. */
  #isTold = false;
  #ticking: Promise<void> = Promise.resolve();
  readonly #departures = new Set<Promise<void>>();
  /** Buckets that settle together are released by one statement. */
  readonly #releases: Record<LeaseKind, GroupCommit<number, undefined>>;
  #stopping = false;
  #stopped = false;

  constructor(options: NodeOptions) {
    this.#options = options;
    const valid = (): boolean => options.clock.monotonic() < this.#validUntil;
    const deliveries = new Buckets("delivery", "engine", valid);
    const devices = new Buckets("device", "battery", valid);
    this.deliveries = deliveries;
    this.devices = devices;
    this.#kinds = [deliveries, devices].filter(({ role }) => options.roles.has(role));
    const commits = (kind: LeaseKind): GroupCommit<number, undefined> =>
      new GroupCommit({
        batchMax: BUCKET_COUNT,
        flushesMax: 1,
        flush: async (buckets) => {
          await releaseBuckets(options.storage, { nodeId: this.#nodeId, kind, buckets });
          return buckets.map(() => undefined);
        },
      });
    this.#releases = { delivery: commits("delivery"), device: commits("device") };
  }

  get nodeId(): string {
    return this.#nodeId;
  }

  /** Buckets owned now, per kind of lease. */
  get owned(): Record<LeaseKind, number> {
    const count = (kind: LeaseKind): number =>
      this.#kinds.find((buckets) => buckets.kind === kind)?.owned.size ?? 0;
    return { delivery: count("delivery"), device: count("device") };
  }

  get healthy(): boolean {
    return this.leaseMs > 0;
  }

  /** How long this node may still act on its buckets. */
  get leaseMs(): number {
    return Math.max(0, this.#validUntil - this.#options.clock.monotonic());
  }

  async start(): Promise<void> {
    await this.#join();
    await this.#balance();
    this.#scheduleTick();
  }

  /** Lets go of each bucket once what is under way has ended, then leaves. The lease is kept until then. */
  async stop(): Promise<void> {
    const { storage, log } = this.#options;
    this.#stopping = true;
    await this.#ticking;
    await retireNode(storage, this.#nodeId).catch((error: unknown) => {
      log.warn(
        { err: error },
        "Peers were not told that this node leaves; its share waits for it.",
      );
    });
    for (const buckets of this.#kinds) this.#letGo(buckets, [...buckets.owned.keys()]);
    await Promise.all(this.#departures);
    this.#stopped = true;
    this.#cancelTick?.();
    await this.#ticking;
    await removeNode(storage, this.#nodeId).catch((error: unknown) => {
      log.warn({ err: error }, "The node could not sign off; its lease runs out.");
    });
    await this.#session?.close().catch(() => undefined);
  }

  async #join(): Promise<void> {
    const { storage, ids, roles, log, clock } = this.#options;
    const askedAt = clock.monotonic();
    this.#nodeId = ids.make("node_");
    const nodeId = this.#nodeId;
    this.#session = await Session.open(storage, {
      onNotification: (channel, payload) => this.#notified(channel, payload),
      onLost: (error) => {
        if (nodeId !== this.#nodeId) return;
        log.warn({ err: error, nodeId }, "The node lost its lock; its buckets may be taken over.");
        this.#validUntil = 0;
      },
    });
    await registerNode(storage, this.#session, { nodeId, roles: [...roles], leaseMs: LEASE_MS });
    this.#validUntil = askedAt + LEASE_MS - LEASE_MARGIN_MS;
    log.info({ nodeId, roles: [...roles] }, "The node joined its peers.");
  }

  #notified(channel: Channel, payload: string): void {
    if (channel !== "amps_bucket") {
      this.#options.onNotification(channel, payload);
      return;
    }
    // Told again and again, it still looks: the first time counts.
    if (payload === this.#nodeId || this.#stopping || this.#isTold) return;
    this.#isTold = true;
    if (this.#cancelTick === undefined) return;
    this.#cancelTick();
    this.#scheduleTick();
  }

  #scheduleTick(): void {
    if (this.#stopped) return;
    this.#cancelTick = this.#options.clock.after(this.#isTold ? TOLD_MS : TICK_MS, () => {
      this.#cancelTick = undefined;
      this.#isTold = false;
      this.#ticking = this.#tick().finally(() => {
        this.#scheduleTick();
        this.#options.onTick?.();
      });
    });
  }

  async #tick(): Promise<void> {
    try {
      await this.#renew();
      if (!this.#stopping) await this.#balance();
    } catch (error) {
      const nodeId = this.#nodeId;
      this.#options.log.warn(
        { err: error, nodeId },
        "The lease could not be renewed; trying again.",
      );
    }
  }

  async #renew(): Promise<void> {
    const { storage, clock, log } = this.#options;
    const lostLock = this.#validUntil === 0;
    const askedAt = clock.monotonic();
    if (!lostLock && (await renewNode(storage, this.#nodeId, LEASE_MS))) {
      if (this.#validUntil !== 0) this.#validUntil = askedAt + LEASE_MS - LEASE_MARGIN_MS;
      return;
    }
    this.#validUntil = 0;
    for (const buckets of this.#kinds) {
      for (const bucket of buckets.owned.keys()) this.#depart(buckets.lose(bucket));
    }
    if (this.#stopping) return;
    log.warn({ nodeId: this.#nodeId }, "This node was taken for dead; it joins again.");
    // Not waited for: a connection cut in the middle of the network says no goodbye.
    void this.#session?.close().catch(() => undefined);
    await removeNode(storage, this.#nodeId);
    await this.#join();
  }

  async #balance(): Promise<void> {
    const { storage, log } = this.#options;
    const dead = await buryDeadNodes(storage, this.#nodeId);
    for (const nodeId of dead) log.warn({ nodeId }, "A node died; its buckets are free.");
    for (const buckets of this.#kinds) {
      await this.#reconcile(buckets);
      const nodes = await countLiveNodes(storage, buckets.role);
      const share = Math.ceil(BUCKET_COUNT / Math.max(1, nodes));
      this.#letGo(buckets, [...buckets.owned.keys()].slice(share));
      const limit = share - buckets.owned.size;
      if (limit <= 0) continue;
      const except = [...buckets.leaving];
      const claim = { nodeId: this.#nodeId, kind: buckets.kind, limit, except };
      const gained = await acquireBuckets(storage, claim);
      buckets.gain(gained);
      if (gained.length === 0) continue;
      const fields = { nodeId: this.#nodeId, kind: buckets.kind, gained: gained.length };
      log.info({ ...fields, owned: buckets.owned.size }, "Buckets acquired.");
    }
  }

  /** Whatever answer was lost on the way: the database decides what this node owns. */
  async #reconcile(buckets: Buckets): Promise<void> {
    const leases = await listLeases(this.#options.storage, buckets.kind, this.#nodeId);
    const epochs = new Map(leases.map(({ bucket, epoch }) => [bucket, epoch]));
    for (const [bucket, epoch] of buckets.owned) {
      if (epochs.get(bucket) !== epoch) this.#depart(buckets.lose(bucket));
    }
    const strays = [...epochs.keys()].filter(
      (bucket) => !buckets.owned.has(bucket) && !buckets.leaving.has(bucket),
    );
    await Promise.all(strays.map((bucket) => this.#releases[buckets.kind].add(bucket)));
  }

  #letGo(buckets: Buckets, surplus: number[]): void {
    for (const bucket of surplus) {
      this.#depart(buckets.lose(bucket, () => this.#releases[buckets.kind].add(bucket)));
    }
  }

  #depart(departure: Promise<void>): void {
    const caught = departure
      .catch((error: unknown) => {
        this.#options.log.warn({ err: error }, "A bucket was not released; the next tick does.");
      })
      .finally(() => this.#departures.delete(caught));
    this.#departures.add(caught);
  }
}
