/** Algorithm, secret and key of tokens: each pair that fits, and every one that does not. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadConfig } from "../config.ts";

const folder = mkdtempSync(path.join(tmpdir(), "amps-keys-"));
afterAll(() => rmSync(folder, { recursive: true }));

function pem(key: KeyObject): string {
  if (key.type === "private") return key.export({ type: "pkcs8", format: "pem" });
  return key.export({ type: "spki", format: "pem" });
}
const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const weak = generateKeyPairSync("rsa", { modulusLength: 1_024 });
const ed25519 = generateKeyPairSync("ed25519");
const file = path.join(folder, "key.pem");
writeFileSync(file, pem(ed25519.privateKey));
const secret = "s".repeat(32);

test.each([
  ["RS256", pem(rsa.privateKey), "private"],
  ["RS512", pem(rsa.publicKey), "public"],
  ["RS384", pem(rsa.publicKey).replaceAll("\n", String.raw`\n`), "public"],
  ["EdDSA", pem(ed25519.publicKey), "public"],
  ["EdDSA", file, "private"],
])("%s takes its key: %#", (algorithm, key, type) => {
  const loaded = loadConfig({ AMPS_JWT_ALGORITHM: algorithm, AMPS_JWT_KEY: key }, []);
  expect(loaded).toMatchObject({ config: { jwtAlgorithm: algorithm, jwtKey: { type } } });
});

test.each<[string, Record<string, string>, string]>([
  ["a pair without its key", { AMPS_JWT_ALGORITHM: "RS256" }, "AMPS_JWT_ALGORITHM: RS256 needs"],
  ["a key without its algorithm", { AMPS_JWT_KEY: file }, "AMPS_JWT_KEY: is for RS… and EdDSA"],
  [
    "a key of another kind",
    { AMPS_JWT_ALGORITHM: "RS256", AMPS_JWT_KEY: file },
    "AMPS_JWT_KEY: must be a key of the kind rsa for RS256",
  ],
  [
    "a secret beside a pair",
    { AMPS_JWT_ALGORITHM: "EdDSA", AMPS_JWT_KEY: file, AMPS_JWT_SECRET: secret },
    "AMPS_JWT_SECRET: is for HS…",
  ],
  [
    "a weak key",
    { AMPS_JWT_ALGORITHM: "RS256", AMPS_JWT_KEY: pem(weak.privateKey) },
    "AMPS_JWT_KEY: must be a PEM key",
  ],
  ["a public key as the secret", { AMPS_JWT_SECRET: pem(rsa.publicKey) }, "and is no PEM"],
  [
    "something else in PEM",
    { AMPS_JWT_ALGORITHM: "EdDSA", AMPS_JWT_KEY: "-----BEGIN NOTHING-----" },
    "AMPS_JWT_KEY: must be a PEM key",
  ],
])("%s is refused, and nothing of it is repeated", (_name, env, expected) => {
  const loaded = loadConfig(env, []);
  const problems = "problems" in loaded ? loaded.problems : [];
  expect(problems).toEqual([expect.stringContaining(expected)]);
  for (const name of ["AMPS_JWT_KEY", "AMPS_JWT_SECRET"]) {
    const given = env[name];
    if (given !== undefined) expect(problems.join("\n")).not.toContain(given.slice(0, 40));
  }
});
