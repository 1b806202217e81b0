import { createHmac, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Claims, signToken, verifyToken } from "./jwt.ts";

const key = randomBytes(32);
const NOW = 1_800_000_000;
const claims = { sub: "org_1", exp: NOW + 60 };
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token with any header and body, rightly signed by any digest. */
function forge(header: unknown, body: unknown, hash = "sha256"): string {
  const signed = `${encode(header)}.${encode(body)}`;
  return `${signed}.${createHmac(hash, key).update(signed).digest("base64url")}`;
}

const verify = (text: string, keys = [key]): Claims | undefined => verifyToken(keys, text, NOW);

describe("a token", () => {
  test("of the example of RFC 7515, A.1, is verified", () => {
    const rfcKey = Buffer.from(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
      "base64url",
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
    expect(verify(text, [randomBytes(32), key])).toEqual(claims);
    expect(verify(text, [randomBytes(32)])).toBeUndefined();
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
