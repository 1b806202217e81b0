/**
 * TCP connections to addresses that were judged, and to no others: the socket gets a literal, so no
 * second lookup can change the answer, and the connected peer is judged once more.
 */
import { type OnReadOpts, type Socket, connect } from "node:net";

import { isSameAddress } from "../core/address.ts";
import type { Clock } from "../core/types.ts";
import { ConnectFailure, abortReason } from "./connect-failure.ts";
import { describeConnectError, inWords } from "./describe-failure.ts";
import type { JudgeTarget } from "./egress-guard.ts";

export interface PinnedTarget {
  /** As in the URL, for messages. */
  host: string;
  port: number;
  /** What `host` resolved to, or the literal itself. */
  addresses: readonly string[];
}

export interface PinnedTools {
  judge: JudgeTarget;
  clock: Clock;
  /** For all addresses together. */
  timeoutMs: number;
  signal: AbortSignal;
  /** Gets what the socket reads, instead of its `data` event. */
  onread?: OnReadOpts;
}

/** A host with more addresses is served as well by the first of them. */
const ADDRESSES_TRIED_MAX = 4;

export function ignoreError(): void {
  // A socket without an `error` listener would end the process; who waits learns of it elsewhere.
}

/** `1.2.3.4:80`, `[::1]:80`. */
export function formatPeer(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** One denied address refuses the whole answer: a host that mixes them is not to be trusted. */
function judgeAll(target: PinnedTarget, judge: JudgeTarget): void {
  for (const address of target.addresses) {
    const verdict = judge(address, target.port);
    if (verdict.ok) continue;
    const where = address === target.host ? address : `${target.host} leads to ${address}, which`;
    const message = `${where} is not an address that may be reached (${verdict.reason}).`;
    throw new ConnectFailure("address_denied", message);
  }
}

function checkPeer(socket: Socket, address: string, judge: JudgeTarget): void {
  const { remoteAddress = "", remotePort = 0 } = socket;
  if (isSameAddress(remoteAddress, address) && judge(remoteAddress, remotePort).ok) return;
  const message = `The connection to ${address} ended up at ${remoteAddress}, and was dropped.`;
  throw new ConnectFailure("address_denied", message);
}

function openSocket(
  address: string,
  port: number,
  signal: AbortSignal,
  onread: OnReadOpts | undefined,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(abortReason(signal));
      return;
    }
    const socket = connect({
      host: address,
      port,
      noDelay: true,
      ...(onread !== undefined && { onread }),
    });
    const onAbort = (): void => {
      socket.destroy();
      reject(abortReason(signal));
    };
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("error", ignoreError);
    socket.once("error", (error) => {
      signal.removeEventListener("abort", onAbort);
      reject(error);
    });
    socket.once("connect", () => {
      signal.removeEventListener("abort", onAbort);
      resolve(socket);
    });
  });
}

async function openPinned(
  address: string,
  port: number,
  tools: PinnedTools,
  attemptMs: number,
): Promise<Socket> {
  const attempt = new AbortController();
  const onAbort = (): void => attempt.abort(tools.signal.reason);
  tools.signal.addEventListener("abort", onAbort, { once: true });
  if (tools.signal.aborted) onAbort();
  const cancelTimer = tools.clock.after(attemptMs, () => {
    const message = `No connection to ${formatPeer(address, port)} within ${inWords(attemptMs)}.`;
    attempt.abort(new ConnectFailure("timeout", message));
  });
  const startedAtMs = tools.clock.monotonic();
  try {
    const socket = await openSocket(address, port, attempt.signal, tools.onread);
    try {
      checkPeer(socket, address, tools.judge);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return socket;
  } catch (error) {
    if (error instanceof ConnectFailure) throw error;
    const elapsedMs = tools.clock.monotonic() - startedAtMs;
    const peer = formatPeer(address, port);
    const failure = describeConnectError(error, { peer, elapsedMs, answered: false });
    throw new ConnectFailure(failure.code, failure.message, { cause: error });
  } finally {
    cancelTimer();
    tools.signal.removeEventListener("abort", onAbort);
  }
}

/**
 * Connects to the first address that accepts, trying them in order. Rejects with a
 * `ConnectFailure`; when every address fails, with that of the last one.
 */
export async function connectPinned(target: PinnedTarget, tools: PinnedTools): Promise<Socket> {
  judgeAll(target, tools.judge);
  const addresses = target.addresses.slice(0, ADDRESSES_TRIED_MAX);
  const deadlineMs = tools.clock.monotonic() + tools.timeoutMs;
  let failure = new ConnectFailure("dns", `${target.host} has no address.`);
  for (const [index, address] of addresses.entries()) {
    const leftMs = deadlineMs - tools.clock.monotonic();
    try {
      // An equal share each, so that a silent address does not use up the time of the others.
      const attemptMs = Math.max(1, leftMs / (addresses.length - index));
      return await openPinned(address, target.port, tools, attemptMs);
    } catch (error) {
      if (!(error instanceof ConnectFailure)) throw error;
      failure = error;
      // Not the fault of this address: the next one would fare no better.
      if (tools.signal.aborted || failure.failure === "no_socket") break;
    }
  }
  throw failure;
}
