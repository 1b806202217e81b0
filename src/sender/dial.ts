/**
 * Connections of battery connectors to devices. Unlike deliveries they may reach private networks,
 * but only a host and port that an operator enrolled; nothing that a key, a body or a device says
 * adds one. Enrolment opens nothing for deliveries, and `AMPS_EGRESS_ALLOW` opens nothing here.
 *
 * Names go through `getaddrinfo`: devices live under `.local` and router-made names that only the
 * machine's own name service knows. Enrolled hosts are few, so its four threads suffice.
 */
import { lookup } from "node:dns/promises";
import { type Socket, isIP } from "node:net";

import { isLoopbackAddress, isLoopbackName, judgeAddress, parseCidrList } from "../core/address.ts";
import type { CidrList } from "../core/address.ts";
import type { SendErrorCode } from "../core/send-result.ts";
import type { Clock } from "../core/types.ts";
import { ConnectFailure, orAborted } from "./connect-failure.ts";
import { codeOf, inWords } from "./describe-failure.ts";
import type { JudgeTarget } from "./egress-guard.ts";
import { connectPinned, formatPeer } from "./pinned-socket.ts";
import type { Resolution } from "./resolver.ts";

export interface DialTarget {
  /** Name or literal, as enrolled. */
  host: string;
  port: number;
  /** For lookup and connection together. */
  timeoutMs: number;
}

export type DialResult =
  /** Connected TCP; the caller owns it, listens for `error`, and may speak TLS over it. */
  { ok: true; socket: Socket } | { ok: false; code: SendErrorCode; message: string };

/** Never rejects: an unreachable device is an outcome. */
export type Dial = (target: DialTarget) => Promise<DialResult>;

export interface DialOptions {
  /** Whether an operator enrolled this very host and port; asked at every connection. */
  isEnrolled: (host: string, port: number) => boolean;
  clock: Clock;
  resolve?: (hostname: string) => Promise<Resolution>;
}

function listed(text: string): CidrList {
  const result = parseCidrList(text);
  if (!result.ok) throw new Error(`dial policy: ${result.problems.join("; ")}`);
  return result.list;
}

const LAN = listed(
  "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 169.254.0.0/16 fc00::/7 fe80::/10",
);
const LOOPBACK = listed("127.0.0.0/8 ::1/128");

async function resolveBySystem(hostname: string): Promise<Resolution> {
  try {
    const entries = await lookup(hostname, { all: true });
    return { ok: true, addresses: entries.map((entry) => entry.address) };
  } catch (error) {
    return { ok: false, message: `The name ${hostname} was not found (${codeOf(error)}).` };
  }
}

/**
 * Which addresses an enrolled host may have: public and private ones, never metadata services;
 * loopback only where the enrolment itself says loopback, as a name that starts to lead there was
 * turned around.
 */
export function judgeDevice(host: string): JudgeTarget {
  const isLocal = isLoopbackAddress(host) || isLoopbackName(host);
  const allow = isLocal ? [...LAN, ...LOOPBACK] : LAN;
  return (address) => judgeAddress(address, allow);
}

export function createDial(options: DialOptions): Dial {
  const { clock, isEnrolled } = options;
  const resolve = options.resolve ?? resolveBySystem;

  async function connect(target: DialTarget, signal: AbortSignal): Promise<Socket> {
    const { host, port, timeoutMs } = target;
    const resolution =
      isIP(host) === 0
        ? await orAborted(resolve(host), signal)
        : { ok: true as const, addresses: [host] };
    if (!resolution.ok) throw new ConnectFailure("dns", resolution.message);
    const { addresses } = resolution;
    const judge = judgeDevice(host);
    return connectPinned({ host, port, addresses }, { judge, clock, timeoutMs, signal });
  }

  return async (target) => {
    const { host, port, timeoutMs } = target;
    const peer = formatPeer(host, port);
    if (!isEnrolled(host, port)) {
      const message = `${peer} is not enrolled for a device; an operator has to enrol it.`;
      return { ok: false, code: "address_denied", message };
    }
    const attempt = new AbortController();
    const cancelTimer = clock.after(timeoutMs, () => {
      const message = `No connection to ${peer} within ${inWords(timeoutMs)}.`;
      attempt.abort(new ConnectFailure("timeout", message));
    });
    try {
      return { ok: true, socket: await connect(target, attempt.signal) };
    } catch (error) {
      if (!(error instanceof ConnectFailure)) throw error;
      return { ok: false, code: error.failure, message: error.message };
    } finally {
      cancelTimer();
    }
  };
}
