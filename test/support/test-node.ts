/**
 * A whole delivering node in the test's process: real storage and engine, a fake sender, and a clock
 * of the test's choice. Its storage can be made to fail, and the node to die without a word.
 */
import { systemClock } from "../../src/clock.ts";
import { BUCKET_COUNT } from "../../src/core/bucket.ts";
import type { Clock, Log, Tracer } from "../../src/core/types.ts";
import { Engine, type EngineEvent } from "../../src/engine/engine.ts";
import type { EngineObserver } from "../../src/engine/observer.ts";
import { Node } from "../../src/engine/ownership.ts";
import {
  type Row,
  type Statement,
  Storage,
  type StorageOptions,
} from "../../src/storage/storage.ts";
import { Events } from "./events.ts";
import { createIds, silentLog, testVault } from "./factories.ts";
import { FakeSender } from "./fake-sender.ts";

const BUCKETS = Array.from({ length: BUCKET_COUNT }, (_, bucket) => bucket).join(",");

/** Storage whose calls a test can stop before they reach the database, or after (a lost answer). */
export class FaultyStorage extends Storage {
  before: (statementName: string, values: unknown[]) => void | Promise<void> = () => undefined;
  after: (statementName: string) => void | Promise<void> = () => undefined;
  /** Statements under way. */
  underWay = 0;

  override async query<R extends Row>(declared: Statement, values: unknown[]): Promise<R[]> {
    this.underWay += 1;
    try {
      await this.before(declared.name, values);
      const rows = await super.query<R>(declared, values);
      await this.after(declared.name);
      return rows;
    } finally {
      this.underWay -= 1;
    }
  }

  /** A statement of the test itself, past the faults. */
  bypass(text: string, values: unknown[]): Promise<Row[]> {
    return super.query({ name: "", text }, values);
  }
}

export function openStorage(url: string, changes: Partial<StorageOptions> = {}): FaultyStorage {
  const options = { connectionUrl: url, vault: testVault, log: silentLog, poolSize: 6 };
  return new FaultyStorage({ ...options, ...changes });
}

const COUNTING = { marginMs: 0, periodMs: 10, takenOverMs: 0 };
const COUNT_ROUNDS = 3;
const UNCOUNTED = {
  name: "",
  text: `SELECT EXISTS (SELECT FROM attempt a LEFT JOIN attempt_count_position p
    USING (application_id, endpoint_id) WHERE a.attempt_id > coalesce(p.counted_to, '')) AS left`,
};

/** Clocks that can be stopped for good: a dead process runs no timers. */
class Mortality {
  #dead = false;
  readonly #cancels = new Set<() => void>();

  bind(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (delayMs, task) => {
        if (this.#dead) return () => undefined;
        const cancel = clock.after(delayMs, () => {
          this.#cancels.delete(cancel);
          task();
        });
        this.#cancels.add(cancel);
        return cancel;
      },
    };
  }

  die(): void {
    this.#dead = true;
    for (const cancel of this.#cancels) cancel();
  }
}

export interface TestNodeOptions {
  url: string;
  /** Without it real time; with it the database's rules about deliveries follow it too. */
  clock?: Clock;
  /** Drives the lease, which follows the real database; real time unless the test wants to. */
  nodeClock?: Clock;
  retryScheduleMs?: readonly number[];
  sender?: FakeSender;
  random?: () => number;
  observer?: EngineObserver;
  tracer?: Tracer | undefined;
  log?: Log;
  /** With a clock of the test's only; results are stored at once without it. */
  recordSpacingMs?: number;
  /** Counts what is recorded at once, without a margin. */
  counting?: boolean;
}

export class TestNode {
  readonly events: Events;
  readonly sender: FakeSender;
  readonly storage: FaultyStorage;
  readonly node: Node;
  readonly engine: Engine;
  /** How often the engine signalled each event. */
  readonly seen: Record<EngineEvent | "tick", number> = {
    settled: 0,
    claimed: 0,
    swept: 0,
    tasks: 0,
    counted: 0,
    tick: 0,
  };
  readonly #mortality = new Mortality();
  #gone = false;

  constructor(options: TestNodeOptions) {
    const { url, random = () => 0.5, retryScheduleMs = [5_000, 300_000] } = options;
    this.events = new Events();
    this.sender = options.sender ?? new FakeSender(this.events);
    const clock = this.#mortality.bind(options.clock ?? systemClock);
    this.storage = openStorage(url, options.clock === undefined ? {} : { now: () => clock.now() });
    const { storage, sender } = this;
    const { log = silentLog, observer, tracer } = options;
    const ids = createIds(() => clock.now());
    this.node = new Node({
      storage,
      clock: this.#mortality.bind(options.nodeClock ?? systemClock),
      log,
      ids,
      roles: new Set(["engine"]),
      onNotification: (channel, payload) => this.engine.notified(channel, payload),
      onTick: () => this.#saw("tick"),
    });
    this.engine = new Engine({
      storage,
      sender,
      clock,
      log,
      ids,
      random,
      ownership: this.node.deliveries,
      nodeId: () => this.node.nodeId,
      retryScheduleMs,
      deliveryTimeoutMs: 30_000,
      userAgent: "Amps-Webhooks/test",
      // Time that stands still would hold results back.
      recordSpacingMs: options.clock === undefined ? undefined : (options.recordSpacingMs ?? 0),
      ...(observer !== undefined && { observer }),
      ...(options.counting === true && { counting: COUNTING }),
      tracer,
      signal: (event) => this.#saw(event),
    });
  }

  /** @returns itself, started */
  async start(): Promise<this> {
    await this.node.start();
    this.engine.start();
    return this;
  }

  /** Leaves as a process does that was asked to. */
  async stop(): Promise<void> {
    if (this.#gone) return;
    this.#gone = true;
    await this.engine.stop();
    await this.node.stop();
    await this.storage.close();
  }

  /** Dies like a killed process: no timer runs, no statement is sent, its sessions end. */
  async die(): Promise<void> {
    if (this.#gone) return;
    this.#gone = true;
    this.#mortality.die();
    await this.killSession();
    this.storage.before = () => {
      throw new Error("This process is dead.");
    };
    await this.storage.close();
  }

  /** Ends the connection that holds the node's lock, on the server's side. */
  async killSession(): Promise<void> {
    const killed = await this.storage.bypass(
      `SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN node n ON l.objid = n.lock_number::oid
       WHERE l.locktype = 'advisory' AND l.classid = 7302 AND n.node_id = $1
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      [this.node.nodeId],
    );
    if (killed.length !== 1) throw new Error(`${killed.length} sessions hold the node's lock.`);
  }

  /** Looks for due deliveries in all buckets now; resolves when what was found is claimed. */
  async sweep(): Promise<void> {
    // The first may have been under way already; the second comes after the first one's claim.
    for (let round = 0; round < 2; round += 1) {
      const { swept } = this.seen;
      this.engine.notified("amps_due", BUCKETS);
      await this.events.until(() => this.seen.swept > swept, { describe: () => "a sweep" });
    }
  }

  /** Resolves when everything that is recorded now is counted. */
  async counted(): Promise<void> {
    // A round may have begun before; ids of the last milliseconds are left to a later one.
    const goal = this.seen.counted + COUNT_ROUNDS;
    await this.events.until(() => this.seen.counted >= goal, { describe: () => "a count" });
  }

  /**
   * Resolves when no attempt is left to count. One can be read before the node that recorded it has noted
   * it, and a busy machine lets rounds pass meanwhile.
   */
  async allCounted(): Promise<void> {
    await this.counted();
    await this.events.until(() => this.#nothingUncounted(), { describe: () => "a whole count" });
  }

  /**
   * Nothing is owed any more, and no result is still being stored (again).
   * @param spectator looks at the database; past the node's faults, if another than its own
   */
  async isDone(spectator: Storage = this.storage): Promise<boolean> {
    // The rows first: the result that ends the last of them may have begun to be stored after a look at the memory.
    const owed = await spectator.query({ name: "", text: "SELECT FROM delivery LIMIT 1" }, []);
    const { inFlight, queued, unrecorded } = this.engine.health();
    return owed.length + inFlight + queued + unrecorded === 0;
  }

  /** Resolves when the node has renewed its lease `count` more times. */
  async ticks(count = 1): Promise<void> {
    const goal = this.seen.tick + count;
    await this.events.until(() => this.seen.tick >= goal);
  }

  async #nothingUncounted(): Promise<boolean> {
    const [row] = await this.storage.query<{ left: boolean }>(UNCOUNTED, []);
    return row?.left === false;
  }

  #saw(event: EngineEvent | "tick"): void {
    this.seen[event] += 1;
    this.events.signal();
  }
}

/** How often each message was sent by all of these nodes together. */
export function sends(...among: TestNode[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const sender of new Set(among.map((node) => node.sender))) {
    for (const [id, count] of sender.countsByMessage()) {
      counts.set(id, (counts.get(id) ?? 0) + count);
    }
  }
  return counts;
}
