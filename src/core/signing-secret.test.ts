import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { describe, expect, test } from "vitest";
import { formatSecret, signatureHeader, type SigningKey } from "./signature.ts";
import { formatPrivateKey, parseSigningSecret, verifyingKey } from "./signing-secret.ts";

/** The published vector (docs/delivery.md); its key pair is that of RFC 8032 §7.1, TEST 1. */
const VECTOR = {
  seed: Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex"),
  publicBytes: Buffer.from(
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "hex",
  ),
  secret:
    "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg==",
  publicKey: "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
  messageId: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestampSeconds: 1_614_265_330,
  body: Buffer.from('{"test": 2432232314}'),
  signature:
    "v1a,fldxM4gAKugP6nnt1hdz3sgGfZ6d99nzrMFnZOELIxbzEHoVmAb2ADpkJK7zgPePmPsle0zV9jSeGlHFG2NVAw==",
};

function keyOf(secret: string): SigningKey {
  const parsed = parseSigningSecret(secret);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.key;
}

/** What a receiver does: it has the public key, and `node:crypto`. */
function verifies(publicKey: string, entry: string, signed: Uint8Array): boolean {
  expect(publicKey).toMatch(/^whpk_/);
  const x = Buffer.from(publicKey.slice("whpk_".length), "base64").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return verify(null, signed, key, Buffer.from(entry.slice("v1a,".length), "base64"));
}

describe("the published vector", () => {
  test("has the key pair of RFC 8032", () => {
    expect(formatPrivateKey(VECTOR.seed)).toBe(VECTOR.secret);
    expect(verifyingKey(VECTOR.secret)).toEqual({ type: "ed25519", key: VECTOR.publicKey });
    const bytes = Buffer.from(VECTOR.publicKey.slice("whpk_".length), "base64");
    expect(bytes.equals(VECTOR.publicBytes)).toBe(true);
  });

  test("is what we sign, and what node:crypto verifies", () => {
    expect(signatureHeader([keyOf(VECTOR.secret)], VECTOR)).toBe(VECTOR.signature);
    const signed = Buffer.concat([Buffer.from(`${VECTOR.messageId}.1614265330.`), VECTOR.body]);
    expect(verifies(VECTOR.publicKey, VECTOR.signature, signed)).toBe(true);
    expect(verifies(VECTOR.publicKey, VECTOR.signature, signed.subarray(1))).toBe(false);
  });

  test("is the one in docs/delivery.md", () => {
    const page = readFileSync(new URL("../../docs/delivery.md", import.meta.url), "utf8");
    for (const value of [VECTOR.secret, VECTOR.publicKey, VECTOR.signature]) {
      expect(page).toContain(`\`${value}\``);
    }
  });

  test("comes of the seed alone as well", () => {
    const alone = `whsk_${VECTOR.seed.toString("base64")}`;
    expect(signatureHeader([keyOf(alone)], VECTOR)).toBe(VECTOR.signature);
    expect(verifyingKey(alone)).toEqual(verifyingKey(VECTOR.secret));
  });
});

describe("any key and body", () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });

  test("are verified by node:crypto with the public key that is shown, and by no other", () => {
    fc.assert(
      fc.property(bytes, bytes, fc.uint8Array({ maxLength: 500 }), (seed, other, body) => {
        fc.pre(!Buffer.from(seed).equals(other));
        const content = { messageId: "msg_1", timestampSeconds: 1_800_000_000, body };
        const entry = signatureHeader([keyOf(formatPrivateKey(seed))], content);
        const signed = Buffer.concat([Buffer.from("msg_1.1800000000."), body]);
        expect(verifies(verifyingKey(formatPrivateKey(seed)).key, entry, signed)).toBe(true);
        expect(verifies(verifyingKey(formatPrivateKey(other)).key, entry, signed)).toBe(false);
      }),
    );
  });

  test("a key pair that others made signs as theirs", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const seed = Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url");
    const shown = verifyingKey(formatPrivateKey(seed)).key;
    const x = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
    expect(shown).toBe(`whpk_${x.toString("base64")}`);
  });
});

describe.each([
  ["svix", SvixWebhook, "svix"],
  ["standardwebhooks", StandardWebhook, "webhook"],
])("%s, which knows HMAC only", (_, Webhook, prefix) => {
  const timestampSeconds = Math.floor(Date.now() / 1000);
  const body = '{"n": 1}';
  const shared = formatSecret(Buffer.alloc(24, 7));
  const keys = [keyOf(VECTOR.secret), keyOf(shared)];

  test.each([
    ["before", keys],
    ["behind", keys.toReversed()],
  ])("verifies its entry with an ed25519 one %s it", (_place, inOrder) => {
    const signed = { messageId: "msg_1", timestampSeconds, body: Buffer.from(body) };
    const headers = {
      [`${prefix}-id`]: "msg_1",
      [`${prefix}-timestamp`]: String(timestampSeconds),
      [`${prefix}-signature`]: signatureHeader(inOrder, signed),
    };
    expect(headers[`${prefix}-signature`]).toMatch(/^v1a?,\S+ v1a?,\S+$/);
    expect(() => new Webhook(shared).verify(body, headers)).not.toThrow();
    const alone = {
      ...headers,
      [`${prefix}-signature`]: signatureHeader(keys.slice(0, 1), signed),
    };
    expect(() => new Webhook(shared).verify(body, alone)).toThrow();
  });
});

describe("parseSigningSecret", () => {
  const base64 = (length: number): string => Buffer.alloc(length, 0xa5).toString("base64");

  test("takes shared secrets as ever", () => {
    expect(parseSigningSecret(`whsec_${base64(24)}`)).toMatchObject({ ok: true, type: "hmac256" });
    expect(verifyingKey(`whsec_${base64(24)}`)).toEqual({
      type: "hmac256",
      key: `whsec_${base64(24)}`,
    });
  });

  test.each([
    ["31 bytes", `whsk_${base64(31)}`, "has 31 bytes"],
    ["33 bytes", `whsk_${base64(33)}`, "has 33 bytes"],
    ["65 bytes", `whsk_${base64(65)}`, "has 65 bytes"],
    ["nothing after the prefix", "whsk_", "is not base64"],
    ["the URL alphabet", `whsk_${"-_".repeat(22)}`, "is not base64"],
    ["bits beyond the last byte", `whsk_${"A".repeat(42)}B=`, "is not whole base64"],
    ["another's public key behind the seed", `whsk_${base64(64)}`, "second half"],
    ["a public key", VECTOR.publicKey, "is a public key"],
    ["another prefix", `whsk1_${base64(32)}`, "wrong prefix"],
  ])("refuses %s", (_, secret, reason) => {
    const parsed = parseSigningSecret(secret);
    expect(parsed.ok ? "" : parsed.message).toContain(reason);
  });
});
