/**
 * One connection of a client, as long as it sends nothing but requests to fast routes, one after the other: they are
 * answered here. With the first request that is anything else, or that is not to be accepted as it is, the
 * connection goes to Node's HTTP server for good, with every byte that was not answered yet.
 *
 *   data ──► read ──► serve ──► answer
 *             └────────┴──(not for us)──► handOver
 */
import type { Socket } from "../admission.ts";
import type { Answer } from "./answers.ts";
import { type FastRequest, RequestReader } from "./request-head.ts";
import type { FastRoute } from "./route.ts";

/** Whoever sends on without waiting for answers is not read any more from here on. */
const HELD_BYTES_MAX = 16 * 1024;
/** Some libraries send head and body one after the other; who sends in more pieces is left to the usual way. */
const PIECES_MAX = 4;
const NOTHING = Buffer.alloc(0);

export interface ConnectionOptions {
  routes: readonly FastRoute[];
  /** Tells the whole answer, at once or later; undefined: the usual way has to answer, and nothing was done. */
  serve: (
    request: FastRequest,
    connection: FastConnection,
    take: (answer: Answer | undefined) => void,
  ) => void;
  /** Node's HTTP server takes the connection. */
  handOver: (socket: Socket) => void;
  /** Tells the client what is wrong with what it sent, by the code of Node's HTTP server, and ends. */
  refuse: (socket: Socket, code: string) => void;
  /** How long it has for its first request, and for each that follows on an answer. */
  firstRequestMs: number;
  keepAliveMs: number;
  /** Whether answers are the last on their connections. */
  isClosing: () => boolean;
  onLeft: (connection: FastConnection) => void;
}

export class FastConnection {
  readonly socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #reader: RequestReader;
  /** What is being answered; undefined: nothing. */
  #current: Buffer | undefined;
  /** What came of the next request. */
  #part: Buffer | undefined;
  #pieces = 0;
  /** What came after the current one. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #ended = false;
  #answered = false;
  /** When it was opened, answered last, or sent the first part of a request. */
  #waitingSince = performance.now();

  constructor(socket: Socket, options: ConnectionOptions) {
    this.socket = socket;
    this.#options = options;
    this.#reader = new RequestReader(options.routes);
    socket.on("data", this.#take);
    socket.on("end", this.#end);
    socket.on("error", this.#fail);
    socket.on("close", this.#left);
  }

  /** No further request is taken; what is being answered is answered. */
  close(): void {
    if (this.#part !== undefined) this.#handOver();
    else if (this.#current === undefined) this.socket.destroy();
  }

  /** Ends it when its client has been silent for too long. One timer looks after all of them: 2 µs a request less. */
  checkIdle(): void {
    if (this.#current !== undefined) return;
    const { firstRequestMs, keepAliveMs, refuse } = this.#options;
    const waitedMs = performance.now() - this.#waitingSince;
    if (waitedMs <= (this.#answered && this.#part === undefined ? keepAliveMs : firstRequestMs))
      return;
    if (this.#part !== undefined) this.#handOver();
    else if (this.#answered) this.socket.destroy();
    else refuse(this.socket, "ERR_HTTP_REQUEST_TIMEOUT");
  }

  /** Waits for what may still end in handing over: the client's end must not be read before. */
  async pausing<T>(work: Promise<T>): Promise<T> {
    this.socket.pause();
    try {
      return await work;
    } finally {
      this.socket.resume();
    }
  }

  readonly #take = (data: Buffer): void => {
    if (this.#current !== undefined) {
      this.#held.push(data);
      this.#heldBytes += data.length;
      if (this.#heldBytes > HELD_BYTES_MAX) this.socket.pause();
      return;
    }
    const whole = this.#part === undefined ? data : Buffer.concat([this.#part, data]);
    const request = this.#reader.read(whole);
    if (request === "part" && this.#pieces < PIECES_MAX) {
      if (this.#part === undefined) this.#waitingSince = performance.now();
      this.#part = whole;
      this.#pieces += 1;
      return;
    }
    this.#part = undefined;
    this.#pieces = 0;
    this.#current = whole;
    if (request === "part" || request === undefined) this.#handOver();
    else this.#serve(request);
  };

  #serve(request: FastRequest): void {
    try {
      this.#options.serve(request, this, this.#answer);
    } catch {
      // A bug, which the usual way knows how to answer.
      this.#handOver();
    }
  }

  readonly #answer = (answer: Answer | undefined): void => {
    if (this.socket.destroyed) return;
    if (answer === undefined) {
      this.#handOver();
      return;
    }
    this.#answered = true;
    this.#waitingSince = performance.now();
    const isFlushed = this.socket.write(answer.text, answer.encoding);
    if (this.#options.isClosing()) this.socket.destroySoon();
    else if (isFlushed) this.#next();
    // Who does not read its answers gets no more of them.
    else this.socket.once("drain", () => this.#next());
  };

  #next(): void {
    this.#current = undefined;
    if (this.#heldBytes === 0) {
      if (this.#ended || this.#options.isClosing()) this.socket.destroySoon();
      return;
    }
    const data = this.#held.length === 1 ? (this.#held[0] ?? NOTHING) : Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    this.socket.resume();
    this.#take(data);
  }

  #handOver(): void {
    const { socket } = this;
    if (this.#ended) {
      // It sent one request after the other and left before the answers; what cannot be read again is dropped.
      socket.destroy();
      return;
    }
    socket.off("data", this.#take);
    socket.off("end", this.#end);
    socket.off("error", this.#fail);
    socket.off("close", this.#left);
    this.#left();
    socket.unshift(Buffer.concat([this.#current ?? this.#part ?? NOTHING, ...this.#held]));
    this.#options.handOver(socket);
    socket.resume();
  }

  readonly #end = (): void => {
    this.#ended = true;
    if (this.#part !== undefined) this.#options.refuse(this.socket, "HPE_INVALID_EOF_STATE");
    else if (this.#current === undefined) this.socket.end();
  };

  /** `close` follows. */
  readonly #fail = (): void => undefined;

  readonly #left = (): void => this.#options.onLeft(this);
}
