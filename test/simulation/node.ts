/**
 * One simulated process: the real engine on the real storage, whose every call, timer and answer is an
 * event of the world. It can die between any two of them, stand still, lose its session, or stop well.
 */
import pg from "pg";
import type { Sender, SendRequest, SendResult } from "../../src/core/send-result.ts";
import type { Log } from "../../src/core/types.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Node } from "../../src/engine/ownership.ts";
import type { Channel } from "../../src/storage/nodes/session.ts";
import type { Queries, Row, Statement, Storage } from "../../src/storage/storage.ts";
import type { Vault } from "../../src/storage/vault.ts";
import { CHANNELS, type Notification, type SimulatedDatabase } from "./database.ts";
import type { Ledger, Send, SendingNode } from "./ledger.ts";
import type { Product } from "./product.ts";
import { type Answer, drawAnswer, type Nature, TIMEOUT_MS, toResult } from "./receivers.ts";
import { short } from "./trace.ts";
import type { Witness } from "./witness.ts";
import { SCHEDULE_MS } from "./witness.ts";
import type { World } from "./world.ts";

/** What becomes of the calls to the database. */
export interface Trouble {
  /** Share that never arrives. */
  fail: number;
  /** Share that is carried out while the answer is lost. */
  lose: number;
  /** Share whose answer comes later. */
  delay: number;
  /** Share whose answer is slow: claims, timers and other nodes come between a commit and its answer. */
  slow: number;
  /** A slow one takes up to so long. */
  slowMsMax: number;
  /** Until then none arrives. */
  outageUntil: number;
  /** Share of the hints about buckets that is not heard: who misses one looks every second. */
  deaf: number;
}

export interface Surroundings {
  world: World;
  database: SimulatedDatabase;
  ledger: Ledger;
  witness: Witness;
  product: Product;
  vault: Vault;
  trouble: Trouble;
  natures: ReadonlyMap<string, Nature>;
  /** What the database told its listeners. */
  onNotification: (notification: Notification) => void;
  /** A process ended because it could not start; whoever looks after it starts another. */
  onFailedStart: () => void;
}

/** The connection that a node lives by, as the database sees it. */
interface Session {
  client: pg.Client;
  lock: unknown[] | undefined;
  /** The server's side of it. */
  live: boolean;
  queued: Notification[];
}

export class SimulatedNode implements SendingNode {
  readonly name: string;
  readonly told = new Map<string, number>();
  readonly storage: Storage;
  readonly engine: Engine;
  dead = false;
  started = false;
  paused = false;
  stopping = false;
  readonly #node: Node;
  readonly #around: Surroundings;
  #session: Session | undefined;

  constructor(name: string, around: Surroundings) {
    this.name = name;
    this.#around = around;
    const { world, product, vault, database } = around;
    const clock = world.clockOf(this);
    const log = this.#log();
    this.storage = this.#makeStorage(database.url, vault, log);
    const { storage } = this;
    const ids = new product.IdSource(clock.now, (bytes) => world.random.fill(bytes));
    this.#node = new product.Node({
      storage,
      clock,
      log,
      ids,
      roles: new Set(["engine"]),
      onNotification: (channel, payload) => this.#notified(channel, payload),
    });
    this.engine = new product.Engine({
      storage,
      sender: this.#makeSender(),
      clock,
      log,
      ids,
      random: () => world.random.next(),
      ownership: this.#node.deliveries,
      nodeId: () => this.#node.nodeId,
      retryScheduleMs: SCHEDULE_MS,
      deliveryTimeoutMs: TIMEOUT_MS,
      userAgent: "Amps-Webhooks/simulation",
    });
  }

  get cutOff(): boolean {
    return this.#session?.live !== true;
  }

  /** It serves requests. */
  get open(): boolean {
    return !this.dead && !this.paused && !this.stopping;
  }

  get nodeId(): string {
    return this.#node.nodeId;
  }

  epochOf(bucket: number): number | undefined {
    return this.#node.deliveries.epochOf(bucket);
  }

  /** As the server starts: what fails ends the process. */
  start(): void {
    const started = (): void => {
      this.started = true;
      this.engine.start();
    };
    this.#node.start().then(started, (error: unknown) => {
      this.#around.world.note(`${this.name} does not start: ${String(error)}`);
      this.die(0);
      this.#around.onFailedStart();
    });
  }

  /** As the server stops when it is asked to: at once while it still starts. */
  stop(): void {
    if (!this.started) {
      this.die(0);
      return;
    }
    this.stopping = true;
    const stopped = async (): Promise<void> => {
      await this.engine.stop();
      await this.#node.stop();
    };
    stopped().then(
      () => this.die(0),
      (error: unknown) => {
        this.#around.world.note(`${this.name} does not stop well: ${String(error)}`);
        this.die(0);
      },
    );
  }

  /** kill -9. @param lockMs how long the database takes to notice */
  die(lockMs: number): void {
    if (this.dead) return;
    this.dead = true;
    this.#around.world.bury(this);
    if (this.#session !== undefined) this.#cut(this.#session, lockMs);
  }

  /** The network ends its session; the server and the node notice it each in its own time. */
  loseSession(lockMs: number, noticeMs: number): void {
    const session = this.#session;
    if (session === undefined || !session.live) return;
    this.#cut(session, lockMs);
    this.#around.world.after(noticeMs, {
      party: this,
      label: `${this.name} notices the end of its session`,
      run: () => void session.client.emit("end"),
    });
  }

  /** The database has something for its session, to be read when the seed says so. */
  hear(notification: Notification): void {
    const session = this.#session;
    if (session?.live !== true) return;
    const { world, trouble } = this.#around;
    if (notification.channel === "amps_bucket" && world.random.chance(trouble.deaf)) return;
    session.queued.push(notification);
    world.offer({
      party: this,
      label: `${this.name} is told of ${notification.channel}`,
      run: () => {
        // In their order, whichever of the events comes first.
        const next = session.queued.shift();
        if (next !== undefined) session.client.emit("notification", { ...next, processId: 0 });
      },
    });
  }

  /** It changed an endpoint itself, as its API does. */
  changed(endpointId: string): void {
    this.#learn(endpointId);
    this.engine.endpointChanged(endpointId);
  }

  /** Where its engine still holds something; undefined: nowhere. */
  leftovers(): string | undefined {
    const { inFlight, queued, unrecorded } = this.engine.health();
    if (inFlight + queued + unrecorded === 0) return undefined;
    return `${inFlight} in flight, ${queued} queued, ${unrecorded} unrecorded`;
  }

  #learn(endpointId: string): void {
    const revision = this.#around.ledger.endpoints.get(endpointId)?.revision ?? 0;
    this.told.set(endpointId, Math.max(revision, this.told.get(endpointId) ?? 0));
  }

  #notified(channel: Channel, payload: string): void {
    // Whatever the notification was about, what the engine reads from now on is newer.
    if (channel === "amps_endpoint") this.#learn(payload);
    this.engine.notified(channel, payload);
  }

  #cut(session: Session, lockMs: number): void {
    session.live = false;
    const { lock } = session;
    if (lock === undefined) return;
    session.lock = undefined;
    const { world, database } = this.#around;
    world.after(lockMs, {
      party: undefined,
      label: `the lock of ${this.name} is free`,
      run: () => database.unlock(lock),
    });
  }

  #log(): Log {
    const note = (_fields: object, message: string): void =>
      this.#around.world.note(`${this.name} says: ${message}`);
    return { debug: note, info: note, warn: note, error: note };
  }

  /** A call to the database: it may not arrive, its answer may be late or never come. */
  #call<T>(label: string, work: (at: number) => Promise<T>): Promise<T> {
    const { world, trouble } = this.#around;
    return new Promise((resolve, reject) => {
      const reply = (settle: () => void, late: boolean, slow: boolean): void => {
        const answer = { party: this, label: `${this.name} is answered: ${label}`, run: settle };
        if (slow) world.after(world.random.between(1, trouble.slowMsMax), answer);
        else if (late || this.paused) world.offer(answer);
        else settle();
      };
      const run = async (): Promise<void> => {
        const late = world.random.chance(trouble.delay);
        const slow = world.random.chance(trouble.slow);
        if (world.now < trouble.outageUntil || world.random.chance(trouble.fail)) {
          world.note(`${this.name} fails at ${label}`);
          reply(() => reject(new Error("The database cannot be reached.")), late, slow);
          return;
        }
        const lost = world.random.chance(trouble.lose);
        let settle: () => void;
        try {
          const result = await work(world.now);
          settle = () => resolve(result);
        } catch (error) {
          world.note(`${this.name} is refused ${label}: ${String(error)}`);
          settle = () => reject(error);
        }
        await this.#around.witness.after(label);
        for (const told of this.#around.database.takeNotifications())
          this.#around.onNotification(told);
        if (this.dead) return;
        if (lost) {
          world.note(`${this.name} loses the answer of ${label}`);
          settle = () => reject(new Error("The connection was lost."));
        }
        reply(settle, late, slow);
      };
      world.offer({ party: this, call: true, label: `${this.name} ${label}`, run });
    });
  }

  #makeStorage(url: string, vault: Vault, log: Log): Storage {
    const { world, database, product } = this.#around;
    const call = this.#call.bind(this);
    const openSession = this.#openSession.bind(this);
    class SimulatedStorage extends product.Storage {
      override query<R extends Row>(declared: Statement, values: unknown[]): Promise<R[]> {
        return call(declared.name, (at) => database.query<R>(declared, values, at));
      }

      override transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
        return call("transaction", (at) => database.transaction(work, at));
      }

      override session(): Promise<pg.Client> {
        return openSession();
      }
    }
    return new SimulatedStorage({ connectionUrl: url, vault, log, now: () => world.now });
  }

  async #openSession(): Promise<pg.Client> {
    const { database } = this.#around;
    const session: Session = {
      client: new pg.Client(),
      lock: undefined,
      live: true,
      queued: [],
    };
    // Never connected: only what a session is used for, each as an event of the world.
    const client = Object.assign(session.client, {
      query: (text: string, values: unknown[] = []) =>
        this.#call(text, async () => {
          if (!session.live) throw new Error("The session has ended.");
          if (CHANNELS.some((channel) => text === `LISTEN ${channel}`)) return;
          if (!text.includes("pg_advisory_lock")) throw new Error(`A session was asked: ${text}`);
          session.lock = values;
          await database.lock(values);
        }),
      end: () =>
        this.#call("end of session", async () => {
          session.live = false;
          const { lock } = session;
          session.lock = undefined;
          if (lock !== undefined) await database.unlock(lock);
        }),
    });
    await this.#call("connect", () => Promise.resolve());
    this.#session = session;
    return client;
  }

  #makeSender(): Sender {
    const { world, ledger, natures } = this.#around;
    return {
      send: (request: SendRequest) => {
        // The engine takes what is thrown here for a fault of its own, and goes on.
        const send = world.watch(() => ledger.sent(this, request));
        if (send === undefined) return new Promise(() => undefined);
        const endpointId = request.url.slice(request.url.lastIndexOf("/") + 1);
        const answer = drawAnswer(world.random, natures.get(endpointId) ?? ["ok"]);
        return new Promise<SendResult>((resolve) => {
          const label = `${short(endpointId)} ${answer.behaviour}, to ${this.name}`;
          const run = (): void => this.#answer(send, answer, resolve);
          if (answer.afterMs === 0) world.offer({ party: this, label, run });
          else world.after(answer.afterMs, { party: this, label, run });
        });
      },
      close: () => Promise.resolve(),
    };
  }

  #answer(send: Send, answer: Answer, resolve: (result: SendResult) => void): void {
    const { now } = this.#around.world;
    send.answer = answer;
    send.finishedAt = now;
    resolve(toResult(answer, now, send.mark));
  }
}
