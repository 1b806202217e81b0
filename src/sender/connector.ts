/**
 * How a connection gets its socket: look up once, judge every address, connect to exactly a judged
 * one, secure it by name. The socket is reused for later requests, so what was judged stays true for
 * as long as it lives.
 */
import { type OnReadOpts, type Socket, isIP } from "node:net";

import type { Clock } from "../core/types.ts";
import { ConnectFailure, orAborted } from "./connect-failure.ts";
import { inWords } from "./describe-failure.ts";
import type { JudgeTarget } from "./egress-guard.ts";
import type { OriginAddress } from "./origin.ts";
import { connectPinned, formatPeer } from "./pinned-socket.ts";
import type { Resolver } from "./resolver.ts";
import type { SocketBudget } from "./socket-budget.ts";
import { secure } from "./tls-handshake.ts";

export interface ConnectorOptions {
  judge: JudgeTarget;
  resolver: Resolver;
  budget: SocketBudget;
  clock: Clock;
  /** Over lookup, TCP and TLS. */
  timeoutMs: number;
  /** Certificates to trust instead of the built-in ones, PEM. */
  ca?: string;
}

export interface Connector {
  /** Rejects with a `ConnectFailure`. `onread` gets what a socket without TLS reads. */
  connect(origin: OriginAddress, onread: OnReadOpts): Promise<Socket>;
  /** Ends connections that are still being made. */
  close(): void;
}

/** One connection to be made. */
interface Opening extends ConnectorOptions {
  onread: OnReadOpts;
}

/** Where an attempt stands, for the message if its time runs out there. */
interface Progress {
  step: string;
}

async function open(
  origin: OriginAddress,
  options: Opening,
  signal: AbortSignal,
  progress: Progress,
): Promise<Socket> {
  const { host, port } = origin;
  const startedAtMs = options.clock.monotonic();
  progress.step = `The lookup of ${host} did not end`;
  const resolution =
    isIP(host) === 0
      ? await orAborted(options.resolver.resolve(host), signal)
      : { ok: true as const, addresses: [host] };
  if (!resolution.ok) throw new ConnectFailure("dns", resolution.message);
  progress.step = `No connection to ${formatPeer(host, port)}`;
  const timeoutMs = Math.max(1, options.timeoutMs - (options.clock.monotonic() - startedAtMs));
  const target = { host, port, addresses: resolution.addresses };
  const { judge, clock, onread } = options;
  const tools = { judge, clock, timeoutMs, signal };
  if (!origin.isSecure) return connectPinned(target, { ...tools, onread });
  const socket = await connectPinned(target, tools);
  progress.step = `The TLS handshake with ${formatPeer(host, port)} did not end`;
  const tls = options.ca === undefined ? { host } : { host, ca: options.ca };
  return secure(socket, tls, signal);
}

async function openWithinBudget(
  origin: OriginAddress,
  options: Opening,
  closed: AbortSignal,
): Promise<Socket> {
  const { budget, clock, timeoutMs } = options;
  const attempt = new AbortController();
  const onClosed = (): void => attempt.abort(closed.reason);
  closed.addEventListener("abort", onClosed, { once: true });
  if (closed.aborted) onClosed();
  const progress: Progress = { step: "" };
  const cancelTimer = clock.after(timeoutMs, () => {
    const failure =
      progress.step === ""
        ? new ConnectFailure("no_socket", `No socket became free within ${inWords(timeoutMs)}.`)
        : new ConnectFailure("timeout", `${progress.step} within ${inWords(timeoutMs)}.`);
    attempt.abort(failure);
  });
  try {
    await budget.take(attempt.signal);
    try {
      const socket = await open(origin, options, attempt.signal, progress);
      if (socket.closed) budget.release();
      else socket.once("close", () => budget.release());
      return socket;
    } catch (error) {
      budget.release();
      throw error;
    }
  } finally {
    cancelTimer();
    closed.removeEventListener("abort", onClosed);
  }
}

export function createConnector(options: ConnectorOptions): Connector {
  const closing = new AbortController();
  return {
    connect(origin, onread) {
      return openWithinBudget(origin, { ...options, onread }, closing.signal);
    },
    close() {
      closing.abort();
    },
  };
}
