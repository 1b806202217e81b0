import { createHmac, createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JWT_ALGORITHMS, type JwtAlgorithm, jwtKeyKind } from "../../core/jwt-algorithm.ts";
import file from "../../../test/support/jwt-vectors.json" with { type: "json" };
import { type Claims, signToken, verifyToken } from "./jwt.ts";
import { pairKey, secretKey, type TokenKey } from "./token-key.ts";

const secret = randomBytes(32);
const key = secretKey("HS256", secret);
const otherKey = (): TokenKey => secretKey("HS256", randomBytes(32));
const NOW = 1_800_000_000;
const claims = { sub: "org_1", exp: NOW + 60 };
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token with any header and body, rightly signed by any digest. */
function forge(header: unknown, body: unknown, hash = "sha256"): string {
  const signed = `${encode(header)}.${encode(body)}`;
  return `${signed}.${createHmac(hash, secret).update(signed).digest("base64url")}`;
}

const verify = (text: string, keys = [key]): Claims | undefined => verifyToken(keys, text, NOW);

describe("a token", () => {
  test("of the example of RFC 7515, A.1, is verified", () => {
    const rfcKey = secretKey(
      "HS256",
      Buffer.from(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
        "base64url",
      ),
    );
    const text =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0d" +
      "HA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    expect(verifyToken([rfcKey], text, 1_300_819_379)).toMatchObject({ iss: "joe" });
    expect(verifyToken([rfcKey], text, 1_300_819_380)).toBeUndefined();
  });

  test("is read back by the key that signed it, also when that is an older one", () => {
    const text = signToken(key, claims);
    expect(verify(text)).toEqual(claims);
    expect(verify(text, [otherKey(), key])).toEqual(claims);
    expect(verify(text, [otherKey()])).toBeUndefined();
    expect(verify(text, [])).toBeUndefined();
  });

  test.each<[string, string]>([
    ["another algorithm", forge({ alg: "HS512" }, claims)],
    ["another algorithm and its digest", forge({ alg: "HS512" }, claims, "sha512")],
    ["no algorithm", forge({ alg: "none" }, claims)],
    ["no algorithm and no signature", `${encode({ alg: "none" })}.${encode(claims)}.`],
    ["an algorithm of another case", forge({ alg: "hs256" }, claims)],
    ["something critical", forge({ alg: "HS256", crit: ["x"] }, claims)],
    ["a header that is no object", forge("HS256", claims)],
    ["a body that is no object", forge({ alg: "HS256" }, [claims])],
    ["no exp", forge({ alg: "HS256" }, { sub: "org_1" })],
    ["an exp in words", forge({ alg: "HS256" }, { ...claims, exp: "tomorrow" })],
    ["an exp that is over", forge({ alg: "HS256" }, { ...claims, exp: NOW })],
    ["an nbf ahead", forge({ alg: "HS256" }, { ...claims, nbf: NOW + 31 })],
    ["four parts", `${signToken(key, claims)}.x`],
    ["too many characters", forge({ alg: "HS256" }, { ...claims, x: "x".repeat(9_000) })],
  ])("with %s is refused", (_name, text) => {
    expect(verify(text)).toBeUndefined();
  });

  test("of a clock a little ahead is accepted", () => {
    expect(verify(forge({ alg: "HS256" }, { ...claims, nbf: NOW + 30 }))).toBeDefined();
  });

  test("changed in any character is refused", () => {
    const text = signToken(key, claims);
    for (let index = 0; index < text.length; index += 1) {
      const other = text[index] === "A" ? "B" : "A";
      const changed = text.slice(0, index) + other + text.slice(index + 1);
      // The last character of 32 bytes has two spare bits; a reading that ignores them is no forgery.
      if (index === text.length - 1) continue;
      expect(verify(changed), `character ${index}`).toBeUndefined();
    }
  });

  test("of any text never throws", () => {
    fc.assert(fc.property(fc.string(), (text) => verify(text) === undefined));
  });
});

describe("every algorithm", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const ed25519 = generateKeyPairSync("ed25519");
  const pairs = { rsa, ed25519 };

  /** The key that signs, and the one that a server with only the public half has. */
  function keysOf(algorithm: JwtAlgorithm): { signing: TokenKey; verifying: TokenKey } {
    const kind = jwtKeyKind(algorithm);
    if (kind === "secret") {
      const both = secretKey(algorithm, secret);
      return { signing: both, verifying: both };
    }
    const { privateKey, publicKey } = pairs[kind];
    return { signing: pairKey(algorithm, privateKey), verifying: pairKey(algorithm, publicKey) };
  }

  test.each(file.vectors)(
    "$algorithm reads the token that another library signed",
    ({ algorithm, key: text, token }) => {
      const known = JWT_ALGORITHMS.find((name) => name === algorithm) ?? "HS256";
      const given =
        jwtKeyKind(known) === "secret"
          ? secretKey(known, Buffer.from(text))
          : pairKey(known, createPublicKey(text));
      expect(verifyToken([given], token, NOW)).toEqual(file.claims);
      expect(verifyToken([given], `${token.slice(0, -10)}AAAAAAAAAA`, NOW)).toBeUndefined();
    },
  );

  test.each(JWT_ALGORITHMS)("%s signs what its public half verifies", (algorithm) => {
    const { signing, verifying } = keysOf(algorithm);
    const text = signToken(signing, claims);
    expect(verifyToken([verifying], text, NOW)).toEqual(claims);
    const [header, body = "", signature] = text.split(".");
    const other = body.replace(/^./, (letter) => (letter === "e" ? "f" : "e"));
    expect(verifyToken([verifying], `${header}.${other}.${signature}`, NOW)).toBeUndefined();
  });

  test.each(JWT_ALGORITHMS)("%s is taken for no other", (algorithm) => {
    const text = signToken(keysOf(algorithm).signing, claims);
    for (const other of JWT_ALGORITHMS) {
      const { verifying } = keysOf(other);
      const read = verifyToken([verifying], text, NOW);
      expect(read, other).toEqual(other === algorithm ? claims : undefined);
    }
  });

  test.each(["RS256", "EdDSA"] as const)(
    "a public key of %s is no secret: tokens that it signed as one are refused",
    (algorithm) => {
      const { verifying } = keysOf(algorithm);
      const kind = jwtKeyKind(algorithm) === "rsa" ? "rsa" : "ed25519";
      const { publicKey } = pairs[kind];
      const pem = Buffer.from(publicKey.export({ type: "spki", format: "pem" }));
      const der = publicKey.export({ type: "spki", format: "der" });
      for (const stolen of [pem, Buffer.from(pem.toString().trim()), der]) {
        for (const alg of ["HS256", algorithm, "none"]) {
          const signed = `${encode({ alg, typ: "JWT" })}.${encode(claims)}`;
          const mac = createHmac("sha256", stolen).update(signed).digest("base64url");
          expect(verifyToken([verifying], `${signed}.${mac}`, NOW)).toBeUndefined();
        }
      }
    },
  );

  test("a public key signs nothing", () => {
    expect(() => signToken(keysOf("EdDSA").verifying, claims)).toThrow("public key");
  });
});
