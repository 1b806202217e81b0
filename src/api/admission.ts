/**
 * Turns requests away while it is still cheap: before memory, file descriptors or the database suffer.
 * Every refusal is 503 with `Retry-After`, in the shape of the API that was asked. What is admitted is
 * finished; deliveries go on whatever happens here.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Counter, Family } from "../core/metrics.ts";
import { BODY_BYTES_MAX } from "./body-parser.ts";
import type { ApiDeps, Pressure } from "./deps.ts";
import { ApiError } from "./errors.ts";

/**
 * Bytes of request bodies held at once, from the first byte to the answer. Each is held about four times
 * (chunks, text, parsed value, statement). Resident memory after three bursts of 100 publishes of 1 MiB, from
 * 145 MiB: 579 MiB without a bound, 352 with 16 MiB, 347 with 8 (274 with MALLOC_MMAP_THRESHOLD_=65536: most
 * is fragmentation), 266 with 4, 230 when all are refused: 64 MiB of that is garbage that V8 allows buffers.
 */
const BODY_BYTES_HELD_MAX = 8 * 1024 * 1024;
const CONNECTIONS_MAX = 2_000;
/** Connections over the bound that are still told why, rather than closed. */
const TURNED_AWAY_MAX = 100;
const RETRY_AFTER_SECONDS = 1;

/** A connection of a client. */
export type Socket = FastifyRequest["raw"]["socket"];

function bodyBytesOf({ headers }: FastifyRequest): number {
  const { "content-length": length, "transfer-encoding": encoding } = headers;
  if (encoding !== undefined) return BODY_BYTES_MAX;
  const bytes = Number(length ?? 0);
  // Larger ones are refused unread.
  return bytes <= BODY_BYTES_MAX ? bytes : 0;
}

export class Admission {
  readonly #pressure: () => Pressure | undefined;
  readonly #refused: Family<Counter> | undefined;
  readonly #connectionsMax: number;
  readonly #turnedAway = new WeakSet<Socket>();
  #connections = 0;
  #bodyBytes = 0;

  constructor({ pressure = () => undefined, metrics, connectionsMax = CONNECTIONS_MAX }: ApiDeps) {
    this.#pressure = pressure;
    this.#connectionsMax = connectionsMax;
    this.#refused = metrics?.counter({
      name: "amps_requests_refused_total",
      help: "Requests turned away with 503 to protect the node, by what was short.",
      labels: ["reason"],
    });
    const gauge = (name: string, help: string, value: () => number): void =>
      metrics?.read({ name, help }, "gauge", () => [{ labels: [], value: value() }]);
    gauge("amps_http_connections", "Open connections of clients.", () => this.#connections);
    gauge("amps_http_body_bytes", "Request bodies held in memory.", () => this.#bodyBytes);
  }

  connected(socket: Socket): void {
    this.#connections += 1;
    if (this.#connections > this.#connectionsMax) this.#turnedAway.add(socket);
    socket.once("close", () => {
      this.#connections -= 1;
    });
  }

  /** @throws 503 when the connection came while there were too many, and there still are */
  checkConnection(request: FastifyRequest, reply: FastifyReply): void {
    if (!this.#turnedAway.has(request.raw.socket)) return;
    if (this.#connections <= this.#connectionsMax) {
      this.#turnedAway.delete(request.raw.socket);
      return;
    }
    reply.header("connection", "close");
    this.#refuse({ part: "connections", detail: "Too many connections are open." });
  }

  /** Before the body is read, and after the caller proved who it is. @throws 503 */
  checkLoad(request: FastifyRequest): void {
    const { always, intake } = request.route.config;
    if (always === true) return;
    const pressure = this.#pressure();
    if (pressure !== undefined && (pressure.everything === true || intake === true)) {
      this.#refuse(pressure);
    }
  }

  /** Counts the body until the answer is out, or the caller is gone. @throws 503 */
  holdBody(request: FastifyRequest, reply: FastifyReply): void {
    const bytes = bodyBytesOf(request);
    if (bytes === 0) return;
    if (!this.hold(bytes)) {
      this.#refuse({ part: "bodies", detail: "Too many large requests are under way." });
    }
    reply.raw.once("close", () => this.release(bytes));
  }

  /** Whether a body of so many bytes may be held; then it counts until it is released. */
  hold(bytes: number): boolean {
    if (this.#bodyBytes + bytes > BODY_BYTES_HELD_MAX) return false;
    this.#bodyBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#bodyBytes -= bytes;
  }

  /** Whether new work from this connection is to be refused now, if nothing else changes. */
  refusesIntake(socket: Socket): boolean {
    return this.#turnedAway.has(socket) || this.#pressure() !== undefined;
  }

  #refuse({ part, detail }: Pressure): never {
    this.#refused?.of(part).add();
    throw new ApiError("unavailable", `${detail} Try again.`, {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  }
}

/** Call on the root instance, before the APIs are registered. */
export function installAdmission(app: FastifyInstance, deps: ApiDeps): Admission {
  const admission = new Admission(deps);
  app.server.maxConnections = (deps.connectionsMax ?? CONNECTIONS_MAX) + TURNED_AWAY_MAX;
  app.server.on("connection", (socket) => admission.connected(socket));
  app.addHook("onRequest", (request, reply, done) => {
    admission.checkConnection(request, reply);
    done();
  });
  app.addHook("preParsing", (request, reply, payload, done) => {
    admission.checkLoad(request);
    admission.holdBody(request, reply);
    done(null, payload);
  });
  return admission;
}
