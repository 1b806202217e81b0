import * as fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, test } from "vitest";

import {
  type CidrList,
  coversLoopback,
  isOwnListener,
  judgeAddress,
  parseAddress,
  parseCidr,
  parseCidrList,
} from "./address.ts";

function cidrs(text: string): CidrList {
  const result = parseCidrList(text);
  if (!result.ok) throw new Error(result.problems.join("; "));
  return result.list;
}

const NOTHING = cidrs("");
const EVERYTHING = cidrs("0.0.0.0/0 ::/0");

const METADATA = [
  "100.100.100.200",
  "169.254.169.254",
  "169.254.170.2",
  "169.254.170.23",
  "192.0.0.192",
  "168.63.129.16",
  "fd00:ec2::254",
  "fd00:ec2::23",
];

// The rows of the SSRF address table, by number.
const DENIED: readonly [number, string][] = [
  [1, "0.0.0.0 0.1.2.3"],
  [2, "10.0.0.1 10.255.255.255"],
  [4, "100.64.0.1 100.127.255.255"],
  [5, "100.100.100.200"],
  [7, "127.0.0.1 127.255.255.254"],
  [9, "169.254.169.254"],
  [10, "169.254.170.2 169.254.170.23"],
  [12, "172.16.0.1 172.31.255.255"],
  [14, "192.0.0.1 192.0.0.8"],
  [15, "192.0.0.192"],
  [17, "192.0.2.1 198.51.100.7 203.0.113.9"],
  [18, "192.31.196.1 192.52.193.1 192.175.48.1"],
  [19, "192.88.99.1"],
  [20, "192.168.0.1 192.168.255.255"],
  [22, "198.18.0.1 198.19.255.255"],
  [24, "224.0.0.1 239.255.255.255"],
  [26, "240.0.0.1 255.255.255.255"],
  [27, "168.63.129.16"],
  [30, ":: ::1"],
  [31, "::127.0.0.1"],
  [32, "::ffff:127.0.0.1 ::ffff:a9fe:a9fe"],
  [34, "::ffff:0:127.0.0.1"],
  [35, "64:ff9b::7f00:1"],
  [36, "64:ff9b::808:808"],
  [37, "64:ff9b:1::1"],
  [38, "100::1 100:0:0:1::1"],
  [39, "2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2"],
  [40, "2001:2::1 2001:10::1 2001:20::1"],
  [41, "2001:db8::1 3fff::1"],
  [43, "2002:7f00:1:: 2002:808:808::1"],
  [45, "5f00::1 4000::1 e000::1"],
  [46, "fc00::1 fd00:ec2::254 fd00:ec2::23"],
  [47, "fe80::1 febf::1"],
  [48, "fec0::1 ff02::1"],
];
const ALLOWED: readonly [number, string][] = [
  [3, "9.255.255.255 11.0.0.0"],
  [6, "100.63.255.255 100.128.0.0"],
  [8, "126.255.255.255 128.0.0.1"],
  [11, "169.253.255.255 169.255.0.0"],
  [13, "172.15.255.255 172.32.0.0"],
  [16, "192.0.1.0"],
  [21, "192.167.255.255 192.169.0.0"],
  [23, "198.17.255.255 198.20.0.0"],
  [25, "223.255.255.255"],
  [28, "168.63.129.15 168.63.129.17"],
  [29, "1.1.1.1 8.8.8.8"],
  [33, "::ffff:8.8.8.8"],
  [42, "2001:200::1 2001:4860:4860::8888"],
  [44, "2003::1 3ffe::1 2606:4700:4700::1111 2a00:1450::1"],
];
const eachAddress = (rows: readonly [number, string][]): [number, string][] =>
  rows.flatMap(([row, text]) => text.split(" ").map((one): [number, string] => [row, one]));

describe("the SSRF address table", () => {
  test.each(eachAddress(DENIED))("row %i: %s is denied", (_row, address) => {
    expect(judgeAddress(address, NOTHING)).toEqual({ ok: false, reason: expect.any(String) });
  });
  test.each(eachAddress(ALLOWED))("row %i: %s is allowed", (_row, address) => {
    expect(judgeAddress(address, NOTHING)).toEqual({ ok: true });
  });
});

/**
 * IANA special-purpose registries and multicast, as published; read here by arithmetic of its own.
 */
const IANA_IPV4 = `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12
  192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16
  192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
  168.63.129.16/32`.split(/\s+/);
const IANA_IPV6_WITHIN_GLOBAL = `2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48
  3fff::/20`.split(/\s+/);

function toNumber(bytes: readonly number[]): bigint {
  return bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

/** First and last address of a block, as numbers. */
function bounds(cidr: string): [bigint, bigint] {
  const [address, bits] = ipaddr.parseCIDR(cidr);
  const bytes = address.toByteArray();
  const size = 1n << BigInt(bytes.length * 8 - bits);
  return [toNumber(bytes), toNumber(bytes) + size - 1n];
}

const ipv4Bounds = IANA_IPV4.map((cidr) => bounds(cidr));
const ipv6Bounds = IANA_IPV6_WITHIN_GLOBAL.map((cidr) => bounds(cidr));
const [globalFirst, globalLast] = bounds("2000::/3");
const [mappedFirst, mappedLast] = bounds("::ffff:0:0/96");

function oracle(bytes: readonly number[]): boolean {
  const value = toNumber(bytes);
  const isIn = ([first, last]: [bigint, bigint]): boolean => value >= first && value <= last;
  if (bytes.length === 4) return !ipv4Bounds.some(isIn);
  if (isIn([mappedFirst, mappedLast])) return oracle(bytes.slice(12));
  return isIn([globalFirst, globalLast]) && !ipv6Bounds.some(isIn);
}

function format(bytes: readonly number[]): string {
  return ipaddr.fromByteArray([...bytes]).toString();
}

function randomBytes(length: number): fc.Arbitrary<number[]> {
  return fc.array(fc.nat(255), { minLength: length, maxLength: length });
}

/** Random, and close to the edges of every block: where a wrong mask would show. */
const anyAddress: fc.Arbitrary<number[]> = fc.oneof(
  randomBytes(4),
  randomBytes(16),
  randomBytes(15).map((bytes) => [0x20, ...bytes]),
  randomBytes(4).map((bytes) => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...bytes]),
  fc
    .tuple(
      fc.constantFrom(...IANA_IPV4, ...IANA_IPV6_WITHIN_GLOBAL, "2000::/3", "::ffff:0:0/96"),
      fc.boolean(),
      fc.integer({ min: -2, max: 2 }),
    )
    .map(([cidr, isFirst, offset]) => {
      const [first, last] = bounds(cidr);
      const width = cidr.includes(":") ? 128 : 32;
      let value = BigInt.asUintN(width, (isFirst ? first : last) + BigInt(offset));
      return Array.from({ length: width / 8 }, () => {
        const byte = Number(value & 255n);
        value >>= 8n;
        return byte;
      }).toReversed();
    }),
);

describe("against independent readings", () => {
  test("every address is judged as the registries say", () => {
    fc.assert(
      fc.property(anyAddress, (bytes) => {
        expect(judgeAddress(format(bytes), NOTHING).ok).toBe(oracle(bytes));
      }),
      { numRuns: 20_000 },
    );
  });

  test("what ipaddr.js does not call unicast is denied", () => {
    fc.assert(
      fc.property(anyAddress, (bytes) => {
        const address = ipaddr.process(format(bytes));
        if (address.range() === "unicast") return;
        expect(judgeAddress(address.toString(), NOTHING).ok).toBe(false);
      }),
      { numRuns: 20_000 },
    );
  });

  test("every spelling is parsed to the same bytes", () => {
    fc.assert(
      fc.property(randomBytes(16), fc.boolean(), (bytes, isLong) => {
        const address = new ipaddr.IPv6(bytes);
        const text = isLong ? address.toNormalizedString() : address.toRFC5952String();
        expect([...(parseAddress(text) ?? [])]).toEqual(ipaddr.process(text).toByteArray());
      }),
    );
  });

  test("text is accepted exactly when ipaddr.js finds a plain literal", () => {
    const piece = fc.constantFrom(":", "::", ".", "0", "1", "ffff", "127.0.0.1", "256", "g", "%1");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        // ipaddr.js takes 0127 inside IPv6 for 127; others would read octal, so nobody may use it.
        const isPlain =
          !/%|(?:^|[:.])0\d+\.|\.0\d+$/.test(text) &&
          (text.includes(":")
            ? ipaddr.IPv6.isValid(text)
            : ipaddr.IPv4.isValidFourPartDecimal(text));
        expect(parseAddress(text) !== null).toBe(isPlain);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("the operator's allow-list", () => {
  test("opens exactly its blocks", () => {
    const allow = cidrs("10.1.0.0/16, 127.0.0.1 fd00:1::/32");
    expect(judgeAddress("10.1.2.3", allow).ok).toBe(true);
    expect(judgeAddress("::ffff:10.1.2.3", allow).ok).toBe(true);
    expect(judgeAddress("127.0.0.1", allow).ok).toBe(true);
    expect(judgeAddress("fd00:1::9", allow).ok).toBe(true);
    expect(judgeAddress("10.2.0.0", allow).ok).toBe(false);
    expect(judgeAddress("127.0.0.2", allow).ok).toBe(false);
    expect(judgeAddress("fd00:2::9", allow).ok).toBe(false);
  });

  test.each(METADATA)("never opens the metadata address %s", (address) => {
    const verdict = judgeAddress(address, EVERYTHING);
    expect(verdict).toEqual({ ok: false, reason: "cloud metadata service" });
  });

  test.each(["::a9fe:a9fe", "64:ff9b::a9fe:a9fe", "::ffff:0:a9fe:a9fe", "2002:a9fe:a9fe::1"])(
    "never opens the metadata address inside %s",
    (address) => {
      expect(judgeAddress(address, EVERYTHING).ok).toBe(false);
    },
  );

  test("an allowed NAT64 prefix leads only to addresses that are allowed themselves", () => {
    const allow = cidrs("64:ff9b::/96");
    expect(judgeAddress("64:ff9b::808:808", allow).ok).toBe(true);
    expect(judgeAddress("64:ff9b::7f00:1", allow).ok).toBe(false);
  });

  test("covers loopback by either family, and ::1 is not taken for an IPv4 address", () => {
    expect(coversLoopback(NOTHING)).toBe(false);
    expect(coversLoopback(cidrs("10.0.0.0/8"))).toBe(false);
    expect(coversLoopback(cidrs("127.0.0.0/8"))).toBe(true);
    expect(coversLoopback(cidrs("::1"))).toBe(true);
  });
});

describe("CIDR text", () => {
  test.each(["10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0/8", "x", "::/129", "1::/8/8", "/8"])(
    "%s is refused",
    (text) => {
      expect(parseCidr(text)).toContain(`"${text}"`);
    },
  );

  test("a list reports every mistake", () => {
    const result = parseCidrList("10.0.0.0/8, nonsense 1.2.3.4/99");
    expect(result).toEqual({
      ok: false,
      problems: [expect.stringContaining("nonsense"), expect.stringContaining("32 bits")],
    });
  });
});

describe("our own listeners", () => {
  const cases: [string, string, number, boolean][] = [
    ["127.0.0.1", "127.0.0.1", 80, true],
    ["127.0.0.1", "127.0.0.1", 81, false],
    ["127.0.0.1", "::ffff:127.0.0.1", 80, true],
    ["127.0.0.1", "localhost", 80, true],
    ["127.0.0.1", "0.0.0.0", 80, true],
    ["127.0.0.1", "127.0.0.2", 80, false],
    ["0.0.0.0", "127.0.0.2", 80, true],
    ["::", "::1", 80, true],
    ["::", "192.168.7.7", 80, true],
    ["::", "192.168.7.8", 80, false],
    ["localhost", "::1", 80, true],
    ["amps.example.com", "amps.example.com", 80, true],
    ["amps.example.com", "127.0.0.1", 80, false],
  ];
  test.each(cases)("listening on %s:80, the target %s:%i is us: %s", (own, host, port, isUs) => {
    expect(isOwnListener({ host, port }, [{ host: own, port: 80 }], ["192.168.7.7"])).toBe(isUs);
  });
});
