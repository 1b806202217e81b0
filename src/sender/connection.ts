/**
 * One connection to a receiver: one request at a time, its answer, then the next. Reads go into one
 * buffer that all connections share, as each read is dealt with before the next.
 *
 *   opening ─► idle ⇄ busy ─► gone
 */
import type { OnReadOpts, Socket } from "node:net";
import { TLSSocket } from "node:tls";

import type { Exchange } from "./exchange.ts";
import { type HeadMemory, ResponseParser } from "./response-parser.ts";

const READ_BYTES_MAX = 64 * 1024;
const READ_BUFFER = Buffer.allocUnsafeSlow(READ_BYTES_MAX);

export interface ConnectionOwner {
  readonly heads: HeadMemory;
  /** The answer is complete and the connection can carry the next request. */
  freed(connection: Connection): void;
  gone(connection: Connection): void;
}

export class Connection {
  /** For the socket that is made for it. */
  readonly onread: OnReadOpts;
  /** Idle, it is given up at this time (monotonic ms). */
  idleUntil = Infinity;
  /** From the last answer, in seconds. */
  keepAliveHint: number | undefined;
  readonly #owner: ConnectionOwner;
  #socket: Socket | undefined;
  #exchange: Exchange | undefined;
  #parser: ResponseParser | undefined;
  #isSpoiled = false;

  constructor(owner: ConnectionOwner) {
    this.#owner = owner;
    this.onread = { buffer: READ_BUFFER, callback: (length) => this.#read(length) };
  }

  /** Something came that nobody had asked for, or the receiver has closed its side. */
  get isSpoiled(): boolean {
    return this.#isSpoiled;
  }

  attach(socket: Socket): void {
    this.#socket = socket;
    // `onread` of a socket inside TLS would get what is still encrypted, and of TLS gets nothing.
    if (socket instanceof TLSSocket) socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("end", () => this.#ended());
    socket.on("error", (error) => this.#broke(error));
    socket.on("close", () => this.#closed());
    if (socket.destroyed) this.#closed();
  }

  start(exchange: Exchange): void {
    const socket = this.#socket;
    if (socket === undefined) throw new Error("A connection was used before it stood.");
    this.#exchange = exchange;
    this.#parser = new ResponseParser(exchange, this.#owner.heads);
    const { first, rest } = exchange.begin(this);
    if (rest === undefined) {
      socket.write(first);
      return;
    }
    socket.cork();
    socket.write(first);
    socket.write(rest);
    socket.uncork();
  }

  /** The sender closes. */
  abort(): void {
    this.#exchange?.fail("aborted", "The sender was closed.");
    this.destroy();
  }

  destroy(): void {
    this.#isSpoiled = true;
    this.#exchange = undefined;
    this.#socket?.destroy();
  }

  #read(length: number): boolean {
    this.#take(READ_BUFFER.subarray(0, length));
    return true;
  }

  #take(bytes: Buffer): void {
    const exchange = this.#exchange;
    const parser = this.#parser;
    if (exchange === undefined || parser === undefined) {
      this.destroy();
      return;
    }
    const failure = parser.feed(bytes);
    if (failure !== undefined) {
      exchange.fail(failure.code, `The answer of ${exchange.peer} ${failure.detail}.`);
      this.destroy();
    } else if (exchange.settled) {
      // Its body is longer than is read.
      this.destroy();
    } else if (parser.complete) {
      this.#finish(exchange, parser);
    }
  }

  #finish(exchange: Exchange, parser: ResponseParser): void {
    this.#exchange = undefined;
    this.#parser = undefined;
    exchange.finish();
    // An answer before the whole request was read: what is left of it would never be.
    if (!parser.reusable || this.#socket?.writableLength !== 0) {
      this.destroy();
      return;
    }
    this.keepAliveHint = parser.keepAliveHint;
    this.#owner.freed(this);
  }

  #ended(): void {
    const exchange = this.#exchange;
    if (exchange !== undefined && this.#parser?.end() === true) exchange.finish();
    else exchange?.broken(undefined, this.#parser?.answered ?? false);
    this.destroy();
  }

  #broke(error: Error): void {
    this.#exchange?.broken(error, this.#parser?.answered ?? false);
    this.destroy();
  }

  #closed(): void {
    this.#exchange?.broken(undefined, this.#parser?.answered ?? false);
    this.#exchange = undefined;
    this.#isSpoiled = true;
    this.#owner.gone(this);
  }
}
