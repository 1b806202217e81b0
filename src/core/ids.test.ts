import { randomFillSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeId, ENTROPY_BYTES, firstIdAt, type IdPrefix, IdSource, timeOfId } from "./ids.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const PREFIXES: IdPrefix[] = ["org_", "app_", "ep_", "msg_", "atmpt_", "dev_", "act_", "node_"];

/** What the id must be, computed the slow and plain way. */
function expectedId(prefix: string, at: number, entropy: Uint8Array): string {
  const seconds = BigInt(Math.floor(at / 1000) - 1_400_000_000);
  let number = (seconds << 8n) + BigInt(Math.floor((at % 1000) / 4));
  for (const byte of entropy) number = (number << 8n) + BigInt(byte);
  let text = "";
  for (let digit = 0; digit < 27; digit += 1) {
    text = (ALPHABET[Number(number % 62n)] ?? "") + text;
    number /= 62n;
  }
  return prefix + text;
}

const times = fc.integer({ min: 1_400_000_000_000, max: 1_400_000_000_000 + 2 ** 32 * 1000 - 1 });
const entropies = fc.uint8Array({ minLength: ENTROPY_BYTES, maxLength: ENTROPY_BYTES });

describe("encodeId", () => {
  test.each([
    ["app_", 31],
    ["ep_", 30],
    ["msg_", 31],
    ["atmpt_", 33],
    ["org_", 31],
  ] as const)("%s ids have %i characters", (prefix, length) => {
    const id = encodeId(prefix, 1_800_000_000_000, new Uint8Array(ENTROPY_BYTES).fill(255));
    expect(id).toMatch(new RegExp(`^${prefix}[0-9A-Za-z]{27}$`));
    expect(id).toHaveLength(length);
  });

  test("never changes: ids are stored", () => {
    const entropy = Uint8Array.from({ length: ENTROPY_BYTES }, (_, index) => index * 17);
    expect(encodeId("msg_", 1_764_000_000_123, entropy)).toBe("msg_35voeLjXgQj3x2fjX6iNmo4Cqzu");
  });

  test("is the base-62 number of time and entropy", () => {
    fc.assert(
      fc.property(fc.constantFrom(...PREFIXES), times, entropies, (prefix, at, entropy) => {
        expect(encodeId(prefix, at, entropy)).toBe(expectedId(prefix, at, entropy));
      }),
      { numRuns: 2_000 },
    );
  });

  test("reads its entropy from the offset on", () => {
    const entropy = Uint8Array.from({ length: ENTROPY_BYTES * 2 }, (_, index) => index);
    const second = entropy.subarray(ENTROPY_BYTES);
    expect(encodeId("ep_", 1_764_000_000_000, entropy, ENTROPY_BYTES)).toBe(
      encodeId("ep_", 1_764_000_000_000, second),
    );
  });

  test("sorts by time as a string, in steps of 4 ms", () => {
    fc.assert(
      fc.property(times, times, entropies, entropies, (one, other, left, right) => {
        fc.pre(Math.floor(one / 4) < Math.floor(other / 4));
        expect(encodeId("msg_", one, left) < encodeId("msg_", other, right)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test("firstIdAt is a lower bound for every id of its time", () => {
    fc.assert(
      fc.property(times, entropies, (at, entropy) => {
        fc.pre(at >= 1_400_000_000_004);
        expect(firstIdAt("msg_", at) <= encodeId("msg_", at, entropy)).toBe(true);
        expect(encodeId("msg_", at - 4, entropy) < firstIdAt("msg_", at)).toBe(true);
      }),
    );
  });
});

describe("timeOfId", () => {
  test("gives the time back, to 4 ms", () => {
    fc.assert(
      fc.property(fc.constantFrom(...PREFIXES), times, entropies, (prefix, at, entropy) => {
        expect(timeOfId(encodeId(prefix, at, entropy))).toBe(at - (at % 4));
      }),
    );
  });

  test.each(["", "msg_", "msg_short", `msg_${"!".repeat(27)}`, `msg_${"0".repeat(28)}`])(
    "%j is not an id",
    (text) => expect(timeOfId(text)).toBeUndefined(),
  );

  test("a number of more than 160 bits is not an id", () => {
    expect(timeOfId("aWgEPTl1tmebfsQzFP4bxwgy80V")).toBe(
      1_400_000_000_000 + (2 ** 32 - 1) * 1000 + 1020,
    );
    expect(timeOfId("aWgEPTl1tmebfsQzFP4bxwgy80W")).toBeUndefined();
    expect(timeOfId("z".repeat(27))).toBeUndefined();
  });
});

describe("IdSource", () => {
  test("asks for randomness in blocks and uses every byte once", () => {
    let fills = 0;
    let next = 0;
    const ids = new IdSource(
      () => 1_764_000_000_000,
      (bytes) => {
        fills += 1;
        for (let index = 0; index < bytes.length; index += 1) bytes[index] = (next++ * 151) & 255;
      },
    );
    const made = new Set(Array.from({ length: 300 }, () => ids.make("msg_")));
    expect(made.size).toBeGreaterThan(250);
    expect(fills).toBe(2);
  });

  test("100,000 ids of one moment are different", () => {
    const ids = new IdSource(
      () => 1_764_000_000_000,
      (bytes) => void randomFillSync(bytes),
    );
    const made = new Set(Array.from({ length: 100_000 }, () => ids.make("msg_")));
    expect(made.size).toBe(100_000);
  });
});
