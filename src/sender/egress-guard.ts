/**
 * Where deliveries may connect: the address table, plus what only the running process knows — its
 * own listeners (never: a delivery to ourselves loops) and the other addresses of this machine.
 */
import { networkInterfaces } from "node:os";

import { isInCidrs, isOwnListener, isSameAddress, judgeAddress } from "../core/address.ts";
import type { AddressVerdict, CidrList, ListenAddress } from "../core/address.ts";
import type { Clock } from "../core/types.ts";

/** Judged for every address of an answer before connecting, and again for the connected peer. */
export type JudgeTarget = (address: string, port: number) => AddressVerdict;

export interface EgressGuardOptions {
  allow: CidrList;
  clock: Clock;
  ownAddresses?: () => readonly ListenAddress[];
  /** Addresses of this machine's interfaces; by default asked of the operating system. */
  localAddresses?: () => readonly string[];
}

/** Interfaces change rarely and asking costs 50 µs. */
const LOCAL_ADDRESSES_MS = 10_000;

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((infos) =>
    (infos ?? []).map((info) => info.address),
  );
}

export function createEgressGuard(options: EgressGuardOptions): JudgeTarget {
  const { allow, clock } = options;
  const readLocal = options.localAddresses ?? interfaceAddresses;
  let local: readonly string[] = [];
  let readAtMs = -Infinity;

  return (address, port) => {
    if (clock.monotonic() - readAtMs > LOCAL_ADDRESSES_MS) {
      local = readLocal();
      readAtMs = clock.monotonic();
    }
    if (isOwnListener({ host: address, port }, options.ownAddresses?.() ?? [], local)) {
      return { ok: false, reason: "Amps itself" };
    }
    const verdict = judgeAddress(address, allow);
    if (!verdict.ok || isInCidrs(address, allow)) return verdict;
    const isOurs = local.some((each) => isSameAddress(each, address));
    return isOurs ? { ok: false, reason: "an address of this machine" } : verdict;
  };
}
