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
import { Agent } from "undici";

import type { CidrList, ListenAddress } from "../core/address.ts";
import type { Sender, SendRequest, SendResult } from "../core/send-result.ts";
import type { Clock } from "../core/types.ts";
import { createConnector } from "./connector.ts";
import { createEgressGuard } from "./egress-guard.ts";
import { Exchange, type SharedConnections } from "./exchange.ts";
import { formatPeer } from "./pinned-socket.ts";
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
  origin: string;
  shared: SharedConnections;
  path: string;
  peer: string;
}

const CONNECTIONS_PER_ORIGIN = 64;
/** The slots of the engine, and what is kept alive without being used: nobody waits for a socket. */
const SOCKETS_MAX = 6_144;
const CONNECT_TIMEOUT_MS = 10_000;
const HEADER_BYTES_MAX = 16 * 1024;
const KEEP_ALIVE_MS = 4_000;
const KEEP_ALIVE_HINT_MS_MAX = 60_000;
const KEEP_ALIVE_EARLY_MS = 1_000;
const TARGETS_CACHED_MAX = 10_000;

function parseTarget(text: string): Omit<Target, "shared"> | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const isSecure = url.protocol === "https:";
  if ((!isSecure && url.protocol !== "http:") || url.username !== "" || url.password !== "") {
    return null;
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || (isSecure ? 443 : 80));
  return { origin: url.origin, path: url.pathname + url.search, peer: formatPeer(host, port) };
}

class Connections implements SharedConnections {
  slow = 0;
  readonly #slowMax: number;

  constructor(connections: number) {
    this.#slowMax = connections / 2;
  }

  get areBlocked(): boolean {
    return this.slow >= this.#slowMax;
  }
}

/** Parsing costs 2 µs of some 45 µs per request, and endpoints are few against their deliveries. */
function createTargetCache(connectionsPerOrigin: number): (url: string) => Target | null {
  const targets = new Map<string, Target>();
  const origins = new Map<string, SharedConnections>();
  const sharedOf = (origin: string): SharedConnections => {
    let shared = origins.get(origin);
    if (shared === undefined) {
      shared = new Connections(connectionsPerOrigin);
      origins.set(origin, shared);
    }
    return shared;
  };
  return (url) => {
    const known = targets.get(url);
    if (known !== undefined) return known;
    const parsed = parseTarget(url);
    if (parsed === null) return null;
    if (targets.size >= TARGETS_CACHED_MAX) {
      targets.clear();
      origins.clear();
    }
    const target = { ...parsed, shared: sharedOf(parsed.origin) };
    targets.set(url, target);
    return target;
  };
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
  const connections = options.connectionsPerOrigin ?? CONNECTIONS_PER_ORIGIN;
  const settings = {
    connect: connector.connect,
    allowH2: false,
    pipelining: 1,
    maxHeaderSize: HEADER_BYTES_MAX,
    // Both are per phase and 300 s by default; the exchange's own deadline spans all phases.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_HINT_MS_MAX,
    keepAliveTimeoutThreshold: KEEP_ALIVE_EARLY_MS,
  };
  const agent = new Agent({ ...settings, connections });
  // Many endpoints may live behind one host (an automation service): those that hang must not hold
  // the connections of the others. Rejected: no bound for all. 1,280 requests at a time over as many
  // sockets cost 46 µs of CPU each, over 64 sockets 26 µs.
  const unshared = new Agent(settings);
  const targetOf = createTargetCache(connections);
  let closing: Promise<void> | undefined;

  return {
    send(request: SendRequest): Promise<SendResult> {
      const target = targetOf(request.url);
      if (target === null) {
        const message = "The URL of the endpoint cannot be requested.";
        return Promise.resolve({ kind: "error", code: "invalid_url", message, durationMs: 0 });
      }
      const { headers, body, timeoutMs } = request;
      const { origin, path, peer, shared } = target;
      return new Promise((done) => {
        const outgoing = { origin, path, method: "POST" as const, headers, body };
        const common = { peer, timeoutMs, clock, done };
        const leave = (startedAtMs?: number): void => {
          const since = startedAtMs === undefined ? {} : { startedAtMs };
          unshared.dispatch(outgoing, new Exchange({ ...common, ...since, shared: null }));
        };
        if (shared.areBlocked) leave();
        else agent.dispatch(outgoing, new Exchange({ ...common, shared, leave }));
      });
    },
    close() {
      connector.close();
      resolver.close();
      closing ??= Promise.all([agent.destroy(), unshared.destroy()]).then(() => undefined);
      return closing;
    },
  };
}
