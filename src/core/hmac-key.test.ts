import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { HmacKey } from "./hmac-key.ts";

function expected(key: Uint8Array, lead: string, body: Uint8Array): string {
  return createHmac("sha256", key).update(lead).update(body).digest("base64");
}

test("signs as RFC 4231 has it", () => {
  // Test case 2, and 6 with a key that is longer than a block.
  const short = new HmacKey(Buffer.from("Jefe")).sign(
    "what do ya ",
    Buffer.from("want for nothing?"),
  );
  expect(Buffer.from(short, "base64").toString("hex")).toBe(
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
  const text = "Test Using Larger Than Block-Size Key - Hash Key First";
  const long = new HmacKey(Buffer.alloc(131, 0xaa)).sign("", Buffer.from(text));
  expect(Buffer.from(long, "base64").toString("hex")).toBe(
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
  );
});

test("signs as Node does, whatever was signed before", () => {
  const one = fc.record({
    key: fc.uint8Array({ minLength: 1, maxLength: 80 }),
    lead: fc.stringMatching(/^[ -~]{0,60}$/),
    body: fc.uint8Array({ maxLength: 2_000 }),
  });
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 5 }), (all) => {
      const keys = all.map(({ key }) => new HmacKey(key));
      for (const [index, { key, lead, body }] of all.entries()) {
        expect(keys[index]?.sign(lead, body)).toBe(expected(key, lead, body));
      }
    }),
  );
});

test.each([0, 55, 56, 63, 64, 32_768 - 64 - 4, 32_768 - 64 - 3, 32_768, 1_000_000])(
  "signs %i bytes",
  (bytes) => {
    const body = Buffer.alloc(bytes, 0xe9);
    const bytesOfKey = Buffer.alloc(24, 7);
    expect(new HmacKey(bytesOfKey).sign("lead", body)).toBe(expected(bytesOfKey, "lead", body));
  },
);

test("keeps a key of its own", () => {
  const bytes = Buffer.alloc(24, 7);
  const key = new HmacKey(bytes);
  const before = key.sign("a", Buffer.alloc(0));
  const large = Buffer.alloc(100_000);
  const largeBefore = key.sign("a", large);
  bytes.fill(0);
  expect([key.sign("a", Buffer.alloc(0)), key.sign("a", large)]).toEqual([before, largeBefore]);
});
