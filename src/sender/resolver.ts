/**
 * Name → addresses, by asking the name servers directly (c-ares) and not through `getaddrinfo`:
 * that runs on libuv's pool of four threads, where four names with dead name servers stop every
 * other lookup, file read and key derivation of the process. What this loses, the hosts file and
 * loopback names, is added here; search domains are not, as single labels are no endpoint hosts.
 * Answers are not cached: sockets live longer than that would, and every connection shall judge a
 * fresh answer.
 */
import { NODATA, NOTFOUND, Resolver as DnsResolver, TIMEOUT } from "node:dns/promises";

import { isLoopbackName } from "../core/address.ts";
import { codeOf } from "./describe-failure.ts";
import { readHosts } from "./hosts-file.ts";

export type Resolution =
  | { ok: true; addresses: readonly string[] }
  /** `message` names the host and what its name servers said. */
  | { ok: false; message: string };

export interface Resolver {
  /** Addresses in the order to try them. Never rejects. */
  resolve(hostname: string): Promise<Resolution>;
  /** Cancels what is under way; those lookups end as not ok. */
  close(): void;
}

export interface DnsResolverOptions {
  /** `address:port` of name servers; by default those of the machine. */
  servers?: readonly string[];
  readHosts?: () => Promise<Map<string, string[]>>;
}

const TRY_MS = 2_000;
const TRIES = 2;

function describe(hostname: string, codes: readonly string[]): string {
  if (codes.includes(NOTFOUND)) return `The name ${hostname} does not exist (NXDOMAIN).`;
  if (codes.every((code) => code === NODATA)) {
    return `The name ${hostname} has no IPv4 or IPv6 address.`;
  }
  const code = codes.find((each) => each !== NODATA) ?? "";
  if (code === TIMEOUT) return `The name servers for ${hostname} did not answer.`;
  return `The name ${hostname} could not be looked up (${code.replace(/^E(?=[A-Z])/, "")}).`;
}

async function query(dns: DnsResolver, hostname: string): Promise<Resolution> {
  // IPv4 first: hosts with an announced but broken IPv6 are more common than the reverse.
  const settled = await Promise.allSettled([dns.resolve4(hostname), dns.resolve6(hostname)]);
  const addresses = settled.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
  if (addresses.length > 0) return { ok: true, addresses };
  const codes = settled.flatMap((each) =>
    each.status === "rejected" ? [codeOf(each.reason)] : [],
  );
  return { ok: false, message: describe(hostname, codes) };
}

export function createResolver(options: DnsResolverOptions = {}): Resolver {
  const hostsOf = options.readHosts ?? readHosts;
  const active = new Set<DnsResolver>();
  const underWay = new Map<string, Promise<Resolution>>();
  let isClosed = false;

  async function lookUp(hostname: string): Promise<Resolution> {
    const listed = (await hostsOf()).get(hostname);
    if (listed !== undefined) return { ok: true, addresses: listed };
    if (isLoopbackName(hostname)) return { ok: true, addresses: ["127.0.0.1", "::1"] };
    if (isClosed) return { ok: false, message: `The lookup of ${hostname} was cancelled.` };
    // A channel of its own (20 µs) can be cancelled, and sees an edited resolv.conf.
    const dns = new DnsResolver({ timeout: TRY_MS, tries: TRIES });
    if (options.servers !== undefined) dns.setServers(options.servers);
    active.add(dns);
    try {
      return await query(dns, hostname);
    } finally {
      active.delete(dns);
    }
  }

  return {
    resolve(hostname) {
      const name = hostname.toLowerCase();
      const waiting = underWay.get(name);
      if (waiting !== undefined) return waiting;
      // Many sockets to one origin open at once: one question is enough for all of them.
      const asked = lookUp(name).finally(() => underWay.delete(name));
      underWay.set(name, asked);
      return asked;
    },
    close() {
      isClosed = true;
      for (const dns of active) dns.cancel();
    },
  };
}
