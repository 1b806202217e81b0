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
import { Exchange } from "./exchange.ts";
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
  /** Sockets to one origin; further requests to it wait, within their deadline. */
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
  path: string;
  peer: string;
}

const CONNECTIONS_PER_ORIGIN = 64;
const SOCKETS_MAX = 4_096;
const CONNECT_TIMEOUT_MS = 10_000;
const HEADER_BYTES_MAX = 16 * 1024;
const KEEP_ALIVE_MS = 4_000;
const KEEP_ALIVE_HINT_MS_MAX = 60_000;
const KEEP_ALIVE_EARLY_MS = 1_000;
const TARGETS_CACHED_MAX = 10_000;

function parseTarget(text: string): Target | null {
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

/** Parsing costs 2 µs of some 45 µs per request, and endpoints are few against their deliveries. */
function createTargetCache(): (url: string) => Target | null {
  const targets = new Map<string, Target>();
  return (url) => {
    const known = targets.get(url);
    if (known !== undefined) return known;
    const target = parseTarget(url);
    if (target === null) return null;
    if (targets.size >= TARGETS_CACHED_MAX) targets.clear();
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
  const agent = new Agent({
    connect: connector.connect,
    connections: options.connectionsPerOrigin ?? CONNECTIONS_PER_ORIGIN,
    allowH2: false,
    pipelining: 1,
    maxHeaderSize: HEADER_BYTES_MAX,
    // Both are per phase and 300 s by default; the exchange's own deadline spans all phases.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_HINT_MS_MAX,
    keepAliveTimeoutThreshold: KEEP_ALIVE_EARLY_MS,
  });
  const targetOf = createTargetCache();
  let closing: Promise<void> | undefined;

  return {
    send(request: SendRequest): Promise<SendResult> {
      const target = targetOf(request.url);
      if (target === null) {
        const message = "The URL of the endpoint cannot be requested.";
        return Promise.resolve({ kind: "error", code: "invalid_url", message, durationMs: 0 });
      }
      const { headers, body, timeoutMs } = request;
      const { origin, path, peer } = target;
      return new Promise((done) => {
        const exchange = new Exchange({ peer, timeoutMs, clock, done });
        agent.dispatch({ origin, path, method: "POST", headers, body }, exchange);
      });
    },
    close() {
      connector.close();
      resolver.close();
      closing ??= agent.destroy();
      return closing;
    },
  };
}
