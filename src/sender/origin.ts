/**
 * The connections to one origin, and who waits for one. Endpoints of one origin share a bounded number;
 * once half of those are held by slow answers the bound is lifted, since many endpoints may live
 * behind one host (an automation service) and those that hang must not hold up the others.
 *
 * Rejected: no bound at all. 1,280 requests at a time over as many sockets cost 46 µs of CPU each,
 * over 64 sockets 26 µs.
 */
import type { OnReadOpts, Socket } from "node:net";

import { Turns } from "../core/turns.ts";
import type { Clock } from "../core/types.ts";
import { ConnectFailure } from "./connect-failure.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import type { Exchange, ExchangeOrigin } from "./exchange.ts";
import type { HeadMemory } from "./response-parser.ts";

const KEEP_ALIVE_MS = 4_000;
const KEEP_ALIVE_HINT_MS_MAX = 60_000;
const KEEP_ALIVE_EARLY_MS = 1_000;

export interface OriginAddress {
  host: string;
  port: number;
  isSecure: boolean;
}

export interface OriginTools {
  connect: (address: OriginAddress, onread: OnReadOpts) => Promise<Socket>;
  clock: Clock;
  /** That its endpoints share. */
  connectionsMax: number;
}

export class Origin implements ConnectionOwner, ExchangeOrigin {
  readonly peer: string;
  readonly heads: HeadMemory = { last: undefined };
  readonly #address: OriginAddress;
  readonly #tools: OriginTools;
  readonly #connections = new Set<Connection>();
  #idle: Connection[] = [];
  /** Freed in this turn of the event loop: a receiver that closes after its answer is noticed first. */
  #resting: Connection[] = [];
  #opening = 0;
  /** Who left it is forgotten at once: what a thousand of them keep alive is moved by each collection of garbage. */
  readonly #queue = new Turns<Exchange>();
  #waiting = 0;
  #slow = 0;
  #closed = false;

  constructor(address: OriginAddress, peer: string, tools: OriginTools) {
    this.#address = address;
    this.peer = peer;
    this.#tools = tools;
  }

  get isUnused(): boolean {
    return this.#connections.size === 0 && this.#opening === 0 && this.#queue.isEmpty;
  }

  /** Starts as soon as a connection is free, in order. */
  add(exchange: Exchange): void {
    this.#queue.add(exchange);
    this.#waiting += 1;
    this.#serve();
    exchange.crowded = this.#waiting > this.#resting.length + this.#opening;
  }

  turnedSlow(): void {
    this.#slow += 1;
    this.#serve();
  }

  slowEnded(): void {
    this.#slow -= 1;
  }

  freed(connection: Connection): void {
    if (!this.#isAllowed(this.#connections.size)) {
      connection.destroy();
      return;
    }
    const { keepAliveHint: hint } = connection;
    const keptMs =
      hint === undefined
        ? KEEP_ALIVE_MS
        : Math.min(hint * 1_000, KEEP_ALIVE_HINT_MS_MAX) - KEEP_ALIVE_EARLY_MS;
    connection.idleUntil = this.#tools.clock.monotonic() + keptMs;
    this.#resting.push(connection);
    if (this.#resting.length > 1) return;
    setImmediate(() => {
      this.#idle.push(...this.#resting.filter((rested) => !rested.isSpoiled));
      this.#resting = [];
      this.#serve();
    });
  }

  gone(connection: Connection): void {
    this.#connections.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    this.#serve();
  }

  /** Closes what was idle for too long. */
  sweep(): void {
    const now = this.#tools.clock.monotonic();
    for (const connection of this.#idle) if (connection.idleUntil <= now) connection.destroy();
  }

  close(): void {
    this.#closed = true;
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      next.fail("aborted", "The sender was closed.");
    }
    for (const connection of this.#connections) connection.abort();
  }

  /** So many connections are within the bound. */
  #isAllowed(connections: number): boolean {
    const { connectionsMax } = this.#tools;
    return connections <= connectionsMax || this.#slow >= connectionsMax / 2;
  }

  #serve(): void {
    for (let next = this.#peek(); next !== undefined; next = this.#peek()) {
      const connection = this.#takeIdle();
      if (connection === undefined) break;
      this.#take();
      connection.start(next);
    }
    while (
      this.#waiting > this.#resting.length + this.#opening &&
      this.#isAllowed(this.#connections.size + this.#opening + 1)
    ) {
      this.#opening += 1;
      void this.#open();
    }
  }

  /** The first that still waits. */
  #peek(): Exchange | undefined {
    while (this.#queue.first?.settled === true) this.#take();
    return this.#queue.first;
  }

  #take(): Exchange | undefined {
    if (!this.#queue.isEmpty) this.#waiting -= 1;
    return this.#queue.next();
  }

  #takeIdle(): Connection | undefined {
    const now = this.#tools.clock.monotonic();
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.idleUntil > now && !idle.isSpoiled) return idle;
      idle.destroy();
    }
    return undefined;
  }

  async #open(): Promise<void> {
    const connection = new Connection(this);
    try {
      const socket = await this.#tools.connect(this.#address, connection.onread);
      if (this.#closed) {
        socket.destroy();
        return;
      }
      this.#connections.add(connection);
      connection.attach(socket);
      if (connection.isSpoiled) {
        connection.destroy();
        throw new ConnectFailure("reset", `${this.peer} spoke or closed before it was asked.`);
      }
      // If nobody needs it any more.
      connection.idleUntil = this.#tools.clock.monotonic() + KEEP_ALIVE_MS;
      this.#idle.push(connection);
    } catch (error) {
      this.#peek();
      this.#take()?.broken(error, false);
    } finally {
      this.#opening -= 1;
    }
    if (!this.#closed) this.#serve();
  }
}
