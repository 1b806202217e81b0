/**
 * The connections to the one PostgreSQL that may be written to, out of the hosts of `DATABASE_URL`.
 * The driver does not fail over, so this does: it asks all hosts, uses the writable one on the
 * highest timeline, and drops every connection to a server that is no longer it.
 *
 *   unknown ─ask all─► using A ─(each second, or an error: ask all)─► using A
 *      ▲                  ├─ B is writable on a higher timeline ─► using B, connections to A dropped
 *      └──────────────────┴─ A is gone, read-only or older, or silent ten times
 *
 * With one host nobody asks until an error makes it suspect. Every new connection is judged before
 * its first statement, so one name that leads to another server in between is noticed too.
 */
import pg from "pg";
import { type DatabaseHost, parseDatabaseUrl } from "../../core/database-url.ts";
import type { Log } from "../../core/types.ts";
import { meansServerGone, NoPrimaryError } from "./errors.ts";
import { destroy, HostProbe, type Probed } from "./host-probe.ts";
import { clashOf, type Known, objectionTo } from "./judge.ts";
import { readServerState, type ServerState } from "./server-state.ts";
import { RememberedTimelines, type Timelines } from "./timelines.ts";

const WATCH_MS = 1_000;
/** Rounds in a row without an answer that end the trust in the present primary, where there is no other. */
const SILENT_ROUNDS_MAX = 10;
/** A dead peer is noticed after this and ten unanswered probes, one a second (libuv). */
const KEEP_ALIVE_MS = 5_000;

/** For those who tell what happens in their own words. */
export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

export interface PrimaryOptions {
  connectionUrl: string;
  log: Log;
  timelines?: Timelines;
  /** For every connection, beside what the URL says. */
  connection: pg.PoolConfig;
  /** Every connection, before it is used. */
  onConnected?: (client: pg.ClientBase) => void;
}

interface Current {
  host: DatabaseHost;
  pool: pg.Pool;
  sessions: Set<pg.Client>;
  /** Refusals of those who wait for a pooled connection. */
  waiting: Set<(error: Error) => void>;
  /** Connected, pooled and not yet ended. */
  pooled: Set<pg.ClientBase>;
}

export class Primary {
  readonly #options: PrimaryOptions;
  readonly #probes: HostProbe[];
  readonly #known: Known;
  readonly #admitted = new WeakSet<pg.ClientBase>();
  #current: Current | undefined;
  #round: Promise<NoPrimaryError | undefined> | undefined;
  #silentRounds = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #toldBlind = false;

  constructor(options: PrimaryOptions) {
    const parsed = parseDatabaseUrl(options.connectionUrl);
    if (!parsed.ok) throw new Error(`DATABASE_URL ${parsed.problem}.`);
    this.#options = options;
    this.#known = {
      timelines: options.timelines ?? new RememberedTimelines(),
      systemId: undefined,
    };
    this.#probes = parsed.hosts.map((host) => new HostProbe(host));
    const [first, second] = parsed.hosts;
    if (first !== undefined && second === undefined) this.#use(first);
  }

  /** A pooled connection to the primary. @throws NoPrimaryError, or why it could not be had */
  async connect(): Promise<pg.PoolClient> {
    const current = await this.#find();
    const client = await this.#take(current);
    if (this.#admitted.has(client)) return client;
    try {
      await this.#admit(client, current);
      return client;
    } catch (error) {
      client.release(true);
      this.#recheck();
      throw error;
    }
  }

  /** A connection of its own, ended by whoever asked for it, or when the primary is another. */
  async session(applicationName: string): Promise<pg.Client> {
    const current = await this.#find();
    const client = new pg.Client({
      ...this.#configOf(current.host),
      application_name: applicationName,
    });
    client.on("error", () => undefined);
    client.on("end", () => current.sessions.delete(client));
    current.sessions.add(client);
    try {
      await client.connect();
      await this.#admit(client, current);
      return client;
    } catch (error) {
      current.sessions.delete(client);
      destroy(client);
      this.#recheck();
      throw error;
    }
  }

  /** Asks all hosts now. @throws NoPrimaryError when none of them can be used */
  async check(): Promise<void> {
    const failure = await this.#ask();
    if (failure !== undefined) throw failure;
  }

  /** After an error that may mean that the server is gone: all hosts are asked again. */
  suspect(error: unknown): void {
    if (meansServerGone(error)) this.#recheck();
  }

  /** After a statement that was not answered in time. */
  suspectSilence(): void {
    this.#recheck();
  }

  /** Pooled connections, to be watched. */
  get pool(): { total: number; idle: number; waiting: number } {
    const pool = this.#current?.pool;
    return {
      total: pool?.totalCount ?? 0,
      idle: pool?.idleCount ?? 0,
      waiting: pool?.waitingCount ?? 0,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#round;
    for (const probe of this.#probes) probe.close();
    await this.#current?.pool.end();
  }

  /** Nobody waits on for a server that was dropped: it may be out of reach, its pool used up. */
  async #take(current: Current): Promise<pg.PoolClient> {
    // The usual case, had at once: the bookkeeping below is only for those who wait.
    if (current.pool.idleCount > current.pool.waitingCount) return await current.pool.connect();
    const taken = Promise.withResolvers<pg.PoolClient>();
    const pending = current.pool.connect();
    pending.then(taken.resolve, taken.reject);
    current.waiting.add(taken.reject);
    try {
      return await taken.promise;
    } catch (error) {
      this.suspect(error);
      // Whatever still comes of it is not used.
      pending.then(
        (client) => client.release(true),
        () => undefined,
      );
      throw error;
    } finally {
      current.waiting.delete(taken.reject);
    }
  }

  async #find(): Promise<Current> {
    const failure = this.#current === undefined ? await this.#ask() : undefined;
    if (this.#current !== undefined) return this.#current;
    throw failure ?? new NoPrimaryError(["the storage is closed"]);
  }

  /** Nobody waits for it; whoever needs a primary asks again and is told. */
  #recheck(): void {
    void this.#ask();
  }

  /** One round at a time, shared by all who wait for it. @returns why no host can be used */
  async #ask(): Promise<NoPrimaryError | undefined> {
    if (this.#closed) return undefined;
    this.#round ??= this.#askAll().finally(() => {
      this.#round = undefined;
      this.#scheduleRound();
    });
    return await this.#round;
  }

  #scheduleRound(): void {
    clearTimeout(this.#timer);
    const unresolved = this.#current === undefined || this.#silentRounds > 0;
    if (this.#closed || (this.#probes.length === 1 && !unresolved)) return;
    this.#timer = setTimeout(() => this.#recheck(), WATCH_MS);
    this.#timer.unref();
  }

  async #askAll(): Promise<NoPrimaryError | undefined> {
    const answers = await Promise.all(this.#probes.map(async (probe) => await probe.ask()));
    if (this.#closed) return undefined;
    const states = answers.flatMap((answer) => (answer.kind === "state" ? [answer.state] : []));
    const clash = clashOf(states, this.#known);
    if (clash !== undefined) return this.#lose(answers, [clash]);
    // Before any is judged: the highest timeline of this round counts against the others.
    for (const state of states) if (state.writable) this.#remember(state);
    const reasons: string[] = [];
    let best: { host: DatabaseHost; state: ServerState } | undefined;
    for (const [index, { host }] of this.#probes.entries()) {
      const answer = answers[index];
      if (answer === undefined) continue;
      const objection = this.#objectionTo(answer);
      // All that are left are on the highest timeline: the present one stays, else the first named.
      if (objection !== undefined) reasons.push(`${host.name} ${objection}`);
      else if (answer.kind === "state" && (best === undefined || host === this.#current?.host)) {
        best = { host, state: answer.state };
      }
    }
    if (this.#probes.length === 1) this.#probes[0]?.close();
    if (best === undefined) return this.#lose(answers, reasons);
    this.#silentRounds = 0;
    if (best.host !== this.#current?.host) this.#switchTo(best.host);
    this.#known.systemId ??= best.state.systemId;
    return undefined;
  }

  #objectionTo(answer: Probed): string | undefined {
    if (answer.kind === "silent") return "does not answer";
    if (answer.kind === "state") return objectionTo(answer.state, this.#known);
    const { error } = answer;
    return `cannot be reached (${error instanceof Error ? error.message || error.name : "unknown"})`;
  }

  #remember({ systemId, timeline }: ServerState): void {
    if (systemId === undefined || timeline === undefined) return;
    this.#known.timelines.raise(systemId, timeline);
  }

  /** No host can be chosen now. The present one is kept while it may only be busy. */
  #lose(answers: Probed[], reasons: string[]): NoPrimaryError {
    const permanent = answers.every((answer) => "error" in answer && isPermanent(answer.error));
    const failure = new NoPrimaryError(reasons, permanent);
    const present = this.#probes.findIndex(({ host }) => host === this.#current?.host);
    const kind = answers[present]?.kind;
    this.#silentRounds = kind === "silent" ? this.#silentRounds + 1 : 0;
    const busy =
      kind === "refused" || (kind === "silent" && this.#silentRounds < SILENT_ROUNDS_MAX);
    if (this.#current === undefined || busy) return failure;
    this.#options.log.warn({ reasons }, "The database cannot be written to just now.");
    this.#drop();
    this.#silentRounds = 0;
    return failure;
  }

  #switchTo(host: DatabaseHost): void {
    const before = this.#current?.host.name;
    this.#drop();
    this.#use(host);
    const found = { host: host.name };
    if (before === undefined) this.#options.log.info(found, "The database's primary was found.");
    else
      this.#options.log.warn({ ...found, before }, "Another host is the database's primary now.");
  }

  #configOf(host: DatabaseHost): pg.PoolConfig {
    return {
      ...this.#options.connection,
      connectionString: host.url,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    };
  }

  #use(host: DatabaseHost): void {
    const pool = new pg.Pool(this.#configOf(host));
    const current: Current = {
      host,
      pool,
      sessions: new Set(),
      waiting: new Set(),
      pooled: new Set(),
    };
    this.#current = current;
    pool.on("connect", (client) => current.pooled.add(client));
    pool.on("remove", (client) => current.pooled.delete(client));
    pool.on("error", (error) => {
      // A database that stops right after us may end connections before their farewell.
      if (pool.ending) return;
      this.#options.log.warn(
        { err: error },
        "An idle database connection was lost; the pool replaces it.",
      );
      this.suspect(error);
    });
  }

  /** At once, and without a word: nothing more may reach this server, and it may be out of reach. */
  #drop(): void {
    const current = this.#current;
    this.#current = undefined;
    if (current === undefined) return;
    void current.pool.end();
    const refusal = new NoPrimaryError([`${current.host.name} is no longer the primary`]);
    for (const refuse of current.waiting) refuse(refusal);
    for (const client of [...current.pooled, ...current.sessions]) destroy(client);
  }

  /** @throws when this server must not be used */
  async #admit(client: pg.ClientBase, current: Current): Promise<void> {
    // Between two statements a lost connection has nobody to tell, and would end the process.
    client.on("error", () => undefined);
    const state = await readServerState(client);
    const { name } = current.host;
    const objection = objectionTo(state, this.#known);
    if (objection !== undefined) throw new NoPrimaryError([`${name} ${objection}`]);
    if (this.#current !== current) throw new NoPrimaryError([`${name} is no longer the primary`]);
    this.#known.systemId ??= state.systemId;
    this.#remember(state);
    this.#tellBlind(state);
    this.#admitted.add(client);
    this.#options.onConnected?.(client);
  }

  #tellBlind({ timeline }: ServerState): void {
    if (timeline !== undefined || this.#toldBlind) return;
    this.#toldBlind = true;
    this.#options.log.warn(
      {},
      "This PostgreSQL does not tell its timeline (pg_control_system, pg_walfile_name): " +
        "after a failover, an older primary cannot be told from the present one.",
    );
  }
}

/** Login, password, database, encryption: waiting does not help. */
function isPermanent(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^(?:28|3D)/.test(code) || code === "ERR_INVALID_URL";
}
