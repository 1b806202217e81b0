/**
 * Which IP addresses a delivery may reach. Default deny: only IPv4 outside the list below, or IPv6
 * inside 2000::/3 outside the list, is public. Ranges come from the IANA special-purpose
 * registries; the cloud metadata services are denied whatever an operator allows.
 */

/** A block of addresses: the first `bits` bits of `bytes` (4 or 16 of them). */
export interface Cidr {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly bits: number;
}
export type CidrList = readonly Cidr[];

export type AddressVerdict = { ok: true } | { ok: false; reason: string };
export type CidrListResult = { ok: true; list: CidrList } | { ok: false; problems: string[] };

/** An address and port on which this process listens, or a name under which it is reached. */
export interface ListenAddress {
  host: string;
  port: number;
}

const IPV4_PART = /^(?:0|[1-9][0-9]{0,2})$/;
const IPV6_GROUP = /^[0-9a-fA-F]{1,4}$/;
const PREFIX_BITS = /^(?:0|[1-9][0-9]{0,2})$/;
const GROUPS = 8;

function parseIpv4(text: string): number[] | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => IPV4_PART.test(part))) return null;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : null;
}

/** Groups of one side of `::`; an IPv4 tail counts as two groups. */
function parseGroups(text: string): number[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    const ipv4 = index === parts.length - 1 && part.includes(".") ? parseIpv4(part) : null;
    if (ipv4 !== null) {
      const [a = 0, b = 0, c = 0, d = 0] = ipv4;
      groups.push(a * 256 + b, c * 256 + d);
    } else if (IPV6_GROUP.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return null;
    }
  }
  return groups;
}

function parseIpv6(text: string): number[] | null {
  const sides = text.split("::");
  if (sides.length > 2) return null;
  const [headText = "", tailText] = sides;
  // With `::` an IPv4 tail belongs to the right side only.
  if (tailText !== undefined && headText.includes(".")) return null;
  const head = parseGroups(headText);
  const tail = tailText === undefined ? [] : parseGroups(tailText);
  if (head === null || tail === null) return null;
  const missing = GROUPS - head.length - tail.length;
  if (tailText === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  return groups.flatMap((group) => [group >> 8, group & 255]);
}

/** The 4 or 16 bytes of a literal; `::ffff:a.b.c.d` becomes IPv4. Null: not a plain IP address. */
export function parseAddress(text: string): Uint8Array | null {
  const bytes = text.includes(":") ? parseIpv6(text) : parseIpv4(text);
  if (bytes === null) return null;
  const mapped =
    bytes.length === 16 && bytes[10] === 255 && bytes[11] === 255 && isZero(bytes, 0, 10);
  return Uint8Array.from(mapped ? bytes.slice(12) : bytes);
}

function isZero(bytes: ArrayLike<number>, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}

function contains(cidr: Cidr, address: Uint8Array): boolean {
  if (cidr.bytes.length !== address.length) return false;
  const whole = cidr.bits >> 3;
  for (let at = 0; at < whole; at++) if (cidr.bytes[at] !== address[at]) return false;
  const rest = cidr.bits & 7;
  if (rest === 0) return true;
  const mask = (0xff00 >> rest) & 255;
  return ((cidr.bytes[whole] ?? 0) & mask) === ((address[whole] ?? 0) & mask);
}

function hasHostBits(bytes: Uint8Array, bits: number): boolean {
  return bytes.some((byte, at) => (byte & (255 >> Math.max(0, Math.min(8, bits - at * 8)))) !== 0);
}

/** One CIDR, or a plain address as the block of itself; a string says what is wrong. */
export function parseCidr(text: string): Cidr | string {
  const [address = "", prefix, ...rest] = text.split("/");
  const bytes = parseAddress(address);
  const form = `"${text}" is not a CIDR; write for example 10.0.0.0/8 or fd00::/8`;
  if (bytes === null || rest.length > 0) return form;
  const width = bytes.length * 8;
  if (prefix !== undefined && !PREFIX_BITS.test(prefix)) return form;
  const bits = prefix === undefined ? width : Number(prefix);
  if (bits > width) return `"${text}": the prefix is at most ${width} bits`;
  if (hasHostBits(bytes, bits)) {
    return `"${text}" has bits set after its prefix; write the first address of the block`;
  }
  return { text, bytes, bits };
}

/** CIDRs separated by commas or spaces; reports every mistake, not only the first. */
export function parseCidrList(text: string): CidrListResult {
  const list: Cidr[] = [];
  const problems: string[] = [];
  for (const item of text.split(/[\s,]+/).filter((part) => part !== "")) {
    const cidr = parseCidr(item);
    if (typeof cidr === "string") problems.push(cidr);
    else list.push(cidr);
  }
  return problems.length === 0 ? { ok: true, list } : { ok: false, problems };
}

interface Range extends Cidr {
  readonly reason: string;
}

function range(text: string, reason: string): Range {
  const cidr = parseCidr(text);
  if (typeof cidr === "string") throw new Error(`address table: ${cidr}`);
  return { ...cidr, reason };
}

const METADATA = "cloud metadata service";
const DOCUMENTATION = "documentation range";

/** Denied for everyone: they hand out the credentials of the machine. */
const METADATA_RANGES: readonly Range[] = [
  range("169.254.169.254/32", METADATA),
  range("169.254.170.2/32", METADATA),
  range("169.254.170.23/32", METADATA),
  range("100.100.100.200/32", METADATA),
  range("192.0.0.192/32", METADATA),
  range("168.63.129.16/32", METADATA),
  range("fd00:ec2::254/128", METADATA),
  range("fd00:ec2::23/128", METADATA),
  range("fd20:ce::254/128", METADATA),
  range("fe80::a9fe:a9fe/128", METADATA),
];

const DENIED_RANGES: readonly Range[] = [
  range("0.0.0.0/8", "this network"),
  range("10.0.0.0/8", "private network"),
  range("100.64.0.0/10", "carrier-grade NAT"),
  range("127.0.0.0/8", "loopback"),
  range("169.254.0.0/16", "link-local"),
  range("172.16.0.0/12", "private network"),
  range("192.0.0.0/24", "IETF assignment"),
  range("192.0.2.0/24", DOCUMENTATION),
  range("192.31.196.0/24", "AS112"),
  range("192.52.193.0/24", "AMT"),
  range("192.88.99.0/24", "6to4 relay"),
  range("192.168.0.0/16", "private network"),
  range("192.175.48.0/24", "AS112"),
  range("198.18.0.0/15", "benchmarking"),
  range("198.51.100.0/24", DOCUMENTATION),
  range("203.0.113.0/24", DOCUMENTATION),
  range("224.0.0.0/4", "multicast"),
  range("240.0.0.0/4", "reserved or broadcast"),
  range("::/128", "unspecified"),
  range("::1/128", "loopback"),
  range("64:ff9b::/96", "NAT64"),
  range("64:ff9b:1::/48", "NAT64"),
  range("fc00::/7", "unique local network"),
  range("fe80::/10", "link-local"),
  range("ff00::/8", "multicast"),
  range("2001::/23", "IETF assignment"),
  range("2001:db8::/32", DOCUMENTATION),
  range("2002::/16", "6to4"),
  range("2620:4f:8000::/48", "AS112"),
  range("3fff::/20", DOCUMENTATION),
];

const PUBLIC_IPV6 = range("2000::/3", "");
const IPV4_COMPATIBLE = range("::/96", "");
const IPV4_TRANSLATED = range("::ffff:0:0:0/96", "");
const NAT64 = range("64:ff9b::/96", "");
const NAT64_LOCAL = range("64:ff9b:1::/48", "");
const SIX_TO_FOUR = range("2002::/16", "");
const LOOPBACK = [range("127.0.0.0/8", ""), range("::1/128", "")];

/** The IPv4 address to which a transition mechanism would carry this IPv6 address. */
function embeddedIpv4(bytes: Uint8Array): Uint8Array | null {
  if (bytes.length !== 16) return null;
  if (contains(SIX_TO_FOUR, bytes)) return bytes.slice(2, 6);
  // `::` and `::1` live in the IPv4-compatible block without meaning an IPv4 address.
  if (contains(IPV4_COMPATIBLE, bytes)) return isZero(bytes, 12, 14) ? null : bytes.slice(12);
  const lastFour = [IPV4_TRANSLATED, NAT64, NAT64_LOCAL].some((block) => contains(block, bytes));
  return lastFour ? bytes.slice(12) : null;
}

function judgeBytes(bytes: Uint8Array, allow: CidrList): AddressVerdict {
  const embedded = embeddedIpv4(bytes);
  for (const metadata of METADATA_RANGES) {
    if (contains(metadata, bytes) || (embedded !== null && contains(metadata, embedded))) {
      return { ok: false, reason: metadata.reason };
    }
  }
  // An allowed NAT64 or 6to4 prefix opens a road, not what lies at its end: that is judged again.
  if (isListed(bytes, allow)) return embedded === null ? { ok: true } : judgeBytes(embedded, allow);
  for (const denied of DENIED_RANGES) {
    if (contains(denied, bytes)) return { ok: false, reason: denied.reason };
  }
  const isPublic = bytes.length === 4 || contains(PUBLIC_IPV6, bytes);
  return isPublic ? { ok: true } : { ok: false, reason: "outside the public IPv6 space" };
}

/** Whether a delivery may connect to this literal; text that is no plain IP address is refused. */
export function judgeAddress(address: string, allow: CidrList): AddressVerdict {
  const bytes = parseAddress(address);
  return bytes === null ? { ok: false, reason: "not an IP address" } : judgeBytes(bytes, allow);
}

function isListed(bytes: Uint8Array, list: CidrList): boolean {
  return list.some((cidr) => contains(cidr, bytes));
}

/** Whom an address belongs to, as far as can be told: an address of IPv4, a /64 of IPv6. */
export function subscriberOf(address: string): string {
  return parseAddress(address)?.subarray(0, 8).join(".") ?? address;
}

/** Whether the literal lies in one of the blocks. */
export function isInCidrs(address: string, list: CidrList): boolean {
  const bytes = parseAddress(address);
  return bytes !== null && isListed(bytes, list);
}

export function isLoopbackAddress(address: string): boolean {
  return isInCidrs(address, LOOPBACK);
}

/** Whether an operator opened loopback, so that receivers on this machine can be reached. */
export function coversLoopback(allow: CidrList): boolean {
  return judgeAddress("127.0.0.1", allow).ok || judgeAddress("::1", allow).ok;
}

function isUnspecified(address: string): boolean {
  const bytes = parseAddress(address);
  return bytes !== null && isZero(bytes, 0, bytes.length);
}

/** Compares literals by their bytes, so that spelling and IPv4 mapping do not matter. */
export function isSameAddress(a: string, b: string): boolean {
  const left = parseAddress(a);
  const right = parseAddress(b);
  if (left === null || right === null || left.length !== right.length) return false;
  return left.every((byte, at) => byte === right[at]);
}

/** `localhost` and every name below it, which never mean another machine (RFC 6761). */
export function isLoopbackName(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost");
}

/**
 * Whether connecting to `target` would reach one of our own listeners. A wildcard listener is
 * reached through loopback and through every address in `localAddresses`.
 */
export function isOwnListener(
  target: ListenAddress,
  own: readonly ListenAddress[],
  localAddresses: readonly string[] = [],
): boolean {
  const reachesLoopback =
    isLoopbackAddress(target.host) || isUnspecified(target.host) || isLoopbackName(target.host);
  return own.some(({ host, port }) => {
    if (port !== target.port) return false;
    if (host === target.host || isSameAddress(host, target.host)) return true;
    if (isUnspecified(host)) {
      return reachesLoopback || localAddresses.some((local) => isSameAddress(local, target.host));
    }
    if (isLoopbackName(host)) return reachesLoopback;
    const byAnotherName = isUnspecified(target.host) || isLoopbackName(target.host);
    return isLoopbackAddress(host) && byAnotherName;
  });
}
