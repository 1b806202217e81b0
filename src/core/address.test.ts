import { readFileSync } from "node:fs";
import path from "node:path";
import * as fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, test } from "vitest";

import { ALLOWED, DENIED, METADATA } from "../../test/support/address-table.ts";
import { fuzzRuns } from "../../test/support/fuzz-runs.ts";
import {
  AZURE_WIRE_SERVER,
  IPV4_MULTICAST,
  IPV4_SPECIAL,
  IPV6_GLOBAL_UNICAST,
  IPV6_SPECIAL,
  MAPPED,
} from "../../test/support/special-purpose-addresses.ts";
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

describe("the SSRF address table", () => {
  test("has all of its rows: 48 here, names and our own addresses in endpoint-url and sender", () => {
    const rows = new Set([...DENIED, ...ALLOWED].map(([row]) => row));
    expect([...rows].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 48 }, (_, n) => n + 1),
    );
    const tested = (file: string): string =>
      readFileSync(path.join(import.meta.dirname, file), "utf8");
    expect(tested("endpoint-url.test.ts")).toContain("address row 49");
    expect(tested("../sender/egress-guard.test.ts")).toContain("address row 49");
    expect(tested("../sender/egress-guard.test.ts")).toContain("address row 50");
  });

  test.each(DENIED)("row %i: %s is denied", (_row, address) => {
    expect(judgeAddress(address, NOTHING)).toEqual({ ok: false, reason: expect.any(String) });
  });
  test.each(ALLOWED)("row %i: %s is allowed", (_row, address) => {
    expect(judgeAddress(address, NOTHING)).toEqual({ ok: true });
  });
});

function toNumber(bytes: readonly number[]): bigint {
  return bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

function toBytes(number: bigint, width: number): number[] {
  return Array.from({ length: width }, (_, at) =>
    Number((number >> BigInt((width - 1 - at) * 8)) & 255n),
  );
}

/** First and last address of a block, as numbers. */
function bounds(cidr: string): [bigint, bigint] {
  const [address, bits] = ipaddr.parseCIDR(cidr);
  const bytes = address.toByteArray();
  const size = 1n << BigInt(bytes.length * 8 - bits);
  return [toNumber(bytes), toNumber(bytes) + size - 1n];
}

const ipv4Bounds = [...IPV4_SPECIAL, ...IPV4_MULTICAST, AZURE_WIRE_SERVER].map(([cidr]) =>
  bounds(cidr),
);
const ipv6Bounds = IPV6_SPECIAL.filter(([cidr]) => cidr !== MAPPED).map(([cidr]) => bounds(cidr));
const [globalFirst, globalLast] = bounds(IPV6_GLOBAL_UNICAST);
const [mappedFirst, mappedLast] = bounds(MAPPED);

/** The house rule read off the registries: special-purpose is denied, globally reachable or not. */
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

const BLOCKS = [
  ...[...IPV4_SPECIAL, ...IPV4_MULTICAST, AZURE_WIRE_SERVER, ...IPV6_SPECIAL].map(([cidr]) => cidr),
  IPV6_GLOBAL_UNICAST,
];

/** Random, and close to the edges of every block: where a wrong mask would show. */
const anyAddress: fc.Arbitrary<number[]> = fc.oneof(
  randomBytes(4),
  randomBytes(16),
  randomBytes(15).map((bytes) => [0x20, ...bytes]),
  randomBytes(4).map((bytes) => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...bytes]),
  fc
    .tuple(fc.constantFrom(...BLOCKS), fc.boolean(), fc.integer({ min: -2, max: 2 }))
    .map(([cidr, isFirst, offset]) => {
      const [first, last] = bounds(cidr);
      const width = cidr.includes(":") ? 16 : 4;
      return toBytes(BigInt.asUintN(width * 8, (isFirst ? first : last) + BigInt(offset)), width);
    }),
);

describe("against independent readings", () => {
  test.each(
    [...IPV4_SPECIAL, ...IPV6_SPECIAL].filter(
      ([cidr, , reachable]) => !reachable && cidr !== MAPPED,
    ),
  )("%s (%s) is not globally reachable: its first and last address are denied", (cidr) => {
    const width = cidr.includes(":") ? 16 : 4;
    for (const value of bounds(cidr)) {
      expect(judgeAddress(format(toBytes(value, width)), NOTHING).ok).toBe(false);
    }
  });

  test("every address is judged as the registries say", () => {
    fc.assert(
      fc.property(anyAddress, (bytes) => {
        expect(judgeAddress(format(bytes), NOTHING).ok).toBe(oracle(bytes));
      }),
      { numRuns: fuzzRuns(20_000) },
    );
  });

  test("what ipaddr.js does not call unicast is denied", () => {
    fc.assert(
      fc.property(anyAddress, (bytes) => {
        const address = ipaddr.process(format(bytes));
        if (address.range() === "unicast") return;
        expect(judgeAddress(address.toString(), NOTHING).ok).toBe(false);
      }),
      { numRuns: fuzzRuns(20_000) },
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
