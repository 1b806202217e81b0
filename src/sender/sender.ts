/**
 * Outbound HTTP of deliveries. Receivers are hostile territory: every socket comes from our
 * connector (judged and pinned), nothing is followed, decompressed or retried, no proxy is taken
 * from the environment, and one deadline of our own spans the whole exchange.
 *
 * A kept-alive socket may be closed by the receiver in the instant we write. Whether it had read
 * the request cannot be known, so it is not sent again here: the delivery's own retry does that. It
 * is kept rare by giving idle sockets up after 4 s, before the 5 s after which most servers close
 * them, and one second before any `keep-alive` hint.
 */
import type { CidrList, ListenAddress } from "../core/address.ts";
import type { SendErrorCode, Sender, SendRequest, SendResult } from "../core/send-result.ts";
import type { Clock } from "../core/types.ts";
import { createConnector } from "./connector.ts";
import { createEgressGuard } from "./egress-guard.ts";
import { Exchange } from "./exchange.ts";
import { Origin, type OriginAddress, type OriginTools } from "./origin.ts";
import { formatPeer } from "./pinned-socket.ts";
import { RequestHead } from "./request-head.ts";
import { type Resolver, createResolver } from "./resolver.ts";
import { createSocketBudget } from "./socket-budget.ts";

export interface SenderOptions {
  /** What deliveries may reach beyond the public internet. */
  egressAllow: CidrList;
  clock: Clock;
  /** Where Amps itself listens: never a receiver, whatever `egressAllow` says. */
  ownAddresses?: () => readonly ListenAddress[];
  /**
   * Addresses of this machine, denied unless `egressAllow` covers them; by default its interfaces.
   */
  localAddresses?: () => readonly string[];
  resolver?: Resolver;
  /**
   * Sockets to one origin that its endpoints share; further requests wait. Once half of them are held
   * by slow answers, requests get sockets of their own.
   */
  connectionsPerOrigin?: number;
  /** Sockets in all. */
  socketsMax?: number;
  /** For lookup, TCP and TLS together; never more than a request's own deadline. */
  connectTimeoutMs?: number;
  /** Certificates to trust instead of the built-in ones, PEM. */
  ca?: string;
}

interface Target {
  origin: Origin;
  head: RequestHead;
}

const CONNECTIONS_PER_ORIGIN = 64;
/** The slots of the engine, and what is kept alive without being used: nobody waits for a socket. */
const SOCKETS_MAX = 6_144;
const CONNECT_TIMEOUT_MS = 10_000;
/** Larger bodies are not copied behind their head. */
const JOINED_BYTES_MAX = 4 * 1024;
const SWEEP_MS = 1_000;
const TARGETS_CACHED_MAX = 10_000;

interface ParsedTarget {
  address: OriginAddress;
  /** Scheme, host and port. */
  key: string;
  headStart: string;
}

function parseTarget(text: string): ParsedTarget | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const isSecure = url.protocol === "https:";
  if ((!isSecure && url.protocol !== "http:") || url.username !== "" || url.password !== "") {
    return null;
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || (isSecure ? 443 : 80));
  const path = url.pathname + url.search;
  const headStart = `POST ${path} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: keep-alive`;
  return { address: { host, port, isSecure }, key: url.origin, headStart };
}

/** Parsing costs 2 µs of some 45 µs per request, and endpoints are few against their deliveries. */
class Targets {
  readonly #tools: OriginTools;
  readonly #targets = new Map<string, Target>();
  readonly #origins = new Map<string, Origin>();

  constructor(tools: OriginTools) {
    this.#tools = tools;
  }

  get origins(): Iterable<Origin> {
    return this.#origins.values();
  }

  of(url: string): Target | null {
    const known = this.#targets.get(url);
    if (known !== undefined) return known;
    const parsed = parseTarget(url);
    if (parsed === null) return null;
    if (this.#targets.size >= TARGETS_CACHED_MAX) this.#forget();
    const target = { origin: this.#originOf(parsed), head: new RequestHead(parsed.headStart) };
    this.#targets.set(url, target);
    return target;
  }

  #originOf({ address, key }: ParsedTarget): Origin {
    const known = this.#origins.get(key);
    if (known !== undefined) return known;
    const origin = new Origin(address, formatPeer(address.host, address.port), this.#tools);
    this.#origins.set(key, origin);
    return origin;
  }

  #forget(): void {
    this.#targets.clear();
    for (const [key, origin] of this.#origins) if (origin.isUnused) this.#origins.delete(key);
  }
}

function failed(code: SendErrorCode, message: string): Promise<SendResult> {
  return Promise.resolve({ kind: "error", code, message, durationMs: 0 });
}

export function createSender(options: SenderOptions): Sender {
  const { clock } = options;
  const resolver = options.resolver ?? createResolver();
  const connector = createConnector({
    judge: createEgressGuard({ ...options, allow: options.egressAllow }),
    resolver,
    budget: createSocketBudget(options.socketsMax ?? SOCKETS_MAX),
    clock,
    timeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  });
  const targets = new Targets({
    connect: (address, onread) => connector.connect(address, onread),
    clock,
    connectionsMax: options.connectionsPerOrigin ?? CONNECTIONS_PER_ORIGIN,
  });
  const sweeping = setInterval(() => {
    for (const origin of targets.origins) origin.sweep();
  }, SWEEP_MS).unref();
  let isClosed = false;

  return {
    send({ url, headers, body, timeoutMs }: SendRequest): Promise<SendResult> {
      if (isClosed) return failed("aborted", "The sender was closed.");
      const target = targets.of(url);
      if (target === null) {
        return failed("invalid_url", "The URL of the endpoint cannot be requested.");
      }
      const head = target.head.write(headers, body.length);
      if ("refused" in head) {
        const message = `The request cannot be sent: the header ${JSON.stringify(head.refused)} is not valid.`;
        return failed("invalid_header", message);
      }
      const { origin } = target;
      const isJoined = body.length <= JOINED_BYTES_MAX;
      // One write of one buffer, instead of a list of chunks for each request.
      const first = isJoined ? Buffer.concat([head.bytes, body]) : Buffer.from(head.bytes);
      const rest = isJoined ? undefined : body;
      return new Promise((done) => {
        origin.add(new Exchange({ origin, first, rest, timeoutMs, clock, done }));
      });
    },
    async close() {
      isClosed = true;
      clearInterval(sweeping);
      for (const origin of targets.origins) origin.close();
      connector.close();
      resolver.close();
    },
  };
}
