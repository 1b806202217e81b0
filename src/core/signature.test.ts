import { createHmac, randomBytes } from "node:crypto";
import fc from "fast-check";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { describe, expect, test } from "vitest";
import { HmacKey } from "./hmac-key.ts";
import { formatSecret, parseSecret, signatureHeader } from "./signature.ts";

function keyOf(secret: string): Buffer {
  const parsed = parseSecret(secret);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.key;
}

const base64 = (bytes: number): string => Buffer.alloc(bytes, 0xa5).toString("base64");

describe("parseSecret (bad input 59)", () => {
  test.each([
    ["the shared vector", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 24],
    ["24 bytes", `whsec_${base64(24)}`, 24],
    ["25 bytes, padded", `whsec_${base64(25)}`, 25],
    ["26 bytes, padded", `whsec_${base64(26)}`, 26],
    ["26 bytes, padding left out", `whsec_${base64(26).replaceAll("=", "")}`, 26],
    ["64 bytes", `whsec_${base64(64)}`, 64],
    ["75 bytes", `whsec_${base64(75)}`, 75],
  ])("%s is a secret", (_, secret, bytes) => {
    expect(keyOf(secret)).toHaveLength(bytes);
  });

  test.each([
    ["23 bytes", `whsec_${base64(23)}`, "has 23 bytes"],
    ["76 bytes", `whsec_${base64(76)}`, "has 76 bytes"],
    ["1 byte", `whsec_${base64(1)}`, "has 1 bytes"],
    ["nothing after the prefix", "whsec_", "not base64"],
    ["no prefix", base64(24), "wrong prefix"],
    ["another prefix", `whsk_${base64(24)}`, "wrong prefix"],
    ["the prefix in capitals", `WHSEC_${base64(24)}`, "wrong prefix"],
    ["the empty string", "", "wrong prefix"],
    ["the URL alphabet", `whsec_${"-_".repeat(16)}`, "not base64"],
    ["a space inside", `whsec_${"A".repeat(16)} ${"A".repeat(15)}`, "not base64"],
    ["a newline at the end", `whsec_${base64(24)}\n`, "not base64"],
    ["padding inside", `whsec_${"A".repeat(16)}==${"A".repeat(14)}`, "not base64"],
    ["three paddings", `whsec_${"A".repeat(33)}===`, "not base64"],
    ["a stray character", `whsec_${"A".repeat(33)}`, "not whole base64"],
    ["bits beyond the last byte", `whsec_${"A".repeat(33)}B==`, "not whole base64"],
  ])("%s is refused", (_, secret, reason) => {
    const parsed = parseSecret(secret);
    expect(parsed.ok ? "" : parsed.message).toContain(reason);
    expect(parsed.ok ? "" : parsed.message).toContain("24 to 75 bytes");
  });

  test("what formatSecret makes is a secret of the same bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 75 }), (bytes) => {
        expect(keyOf(formatSecret(bytes))).toEqual(Buffer.from(bytes));
      }),
    );
  });
});

const VECTOR = {
  secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  messageId: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestampSeconds: 1_614_265_330,
  body: Buffer.from('{"test": 2432232314}'),
  signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};

describe("signatureHeader", () => {
  test("makes the vector all libraries share", () => {
    expect(signatureHeader([new HmacKey(keyOf(VECTOR.secret))], VECTOR)).toBe(VECTOR.signature);
  });

  test("with several keys has one entry each, in their order", () => {
    const other = new HmacKey(randomBytes(32));
    const header = signatureHeader([other, new HmacKey(keyOf(VECTOR.secret))], VECTOR);
    expect(header.split(" ")).toHaveLength(2);
    expect(header.split(" ")[0]).toBe(signatureHeader([other], VECTOR));
    expect(header.split(" ")[1]).toBe(VECTOR.signature);
  });

  test("signs bytes, not text: what is no UTF-8 keeps its own signature", () => {
    const key = randomBytes(24);
    const body = Buffer.from([0x7b, 0xff, 0xfe, 0xc3, 0x28, 0x00, 0x7d]);
    const content = { messageId: "msg_1", timestampSeconds: 1_800_000_000, body };
    const signed = Buffer.concat([Buffer.from("msg_1.1800000000."), body]);
    const expected = `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
    expect(signatureHeader([new HmacKey(key)], content)).toBe(expected);
    const asText = { ...content, body: Buffer.from(body.toString()) };
    expect(signatureHeader([new HmacKey(key)], asText)).not.toBe(expected);
  });

  test("an empty body has a signature of its own", () => {
    const key = randomBytes(24);
    const content = { messageId: "msg_1", timestampSeconds: 1, body: new Uint8Array() };
    expect(signatureHeader([new HmacKey(key)], content)).toBe(
      `v1,${createHmac("sha256", key).update("msg_1.1.").digest("base64")}`,
    );
  });
});

const content = fc.record({
  messageId: fc.stringMatching(/^msg_[0-9A-Za-z]{27}$/),
  body: fc.json(),
  key: fc.uint8Array({ minLength: 24, maxLength: 64 }),
  otherKey: fc.uint8Array({ minLength: 24, maxLength: 64 }),
});
const nowSeconds = Math.floor(Date.now() / 1000);

describe.each([
  ["svix", SvixWebhook, "svix"],
  ["standardwebhooks", StandardWebhook, "webhook"],
])("agrees with %s", (_, Webhook, prefix) => {
  test("which verifies what we sign, under a current and under a rotated secret", () => {
    fc.assert(
      fc.property(content, ({ messageId, body, key, otherKey }) => {
        const keys = [Buffer.from(otherKey), Buffer.from(key)];
        const signed = { messageId, timestampSeconds: nowSeconds, body: Buffer.from(body) };
        const headers = {
          [`${prefix}-id`]: messageId,
          [`${prefix}-timestamp`]: String(nowSeconds),
          [`${prefix}-signature`]: signatureHeader(
            keys.map((used) => new HmacKey(used)),
            signed,
          ),
        };
        for (const used of keys) {
          expect(() => new Webhook(formatSecret(used)).verify(body, headers)).not.toThrow();
        }
        const forged = { ...headers, [`${prefix}-id`]: `${messageId}x` };
        expect(() => new Webhook(formatSecret(key)).verify(body, forged)).toThrow();
      }),
    );
  });

  test("which signs to the same text", () => {
    fc.assert(
      fc.property(content, ({ messageId, body, key }) => {
        const signed = { messageId, timestampSeconds: nowSeconds, body: Buffer.from(body) };
        const theirs = new Webhook(formatSecret(key)).sign(
          messageId,
          new Date(nowSeconds * 1000),
          body,
        );
        expect(signatureHeader([new HmacKey(key)], signed)).toBe(theirs);
      }),
    );
  });
});
