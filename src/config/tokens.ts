/** Options about bearer tokens: with what they are signed. */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { JWT_ALGORITHMS, type JwtAlgorithm, jwtKeyKind } from "../core/jwt-algorithm.ts";
import type { Values } from "./values.ts";

export interface TokenConfig {
  jwtAlgorithm: JwtAlgorithm;
  /** Signs tokens of HS…; undefined: derived from the master key. */
  jwtSecret?: string;
  /** Of RS… and EdDSA: a private key, or a public one that only verifies. */
  jwtKey?: KeyObject;
}

const SECRET_LENGTH_MIN = 32;
const RSA_BITS_MIN = 2_048;
const PEM = /^-----BEGIN /;

/** @param text PEM, in which `\n` may stand for a line's end, or the path of a file with it */
function readKey(text: string): KeyObject | undefined {
  try {
    const pem = PEM.test(text) ? text.replaceAll(String.raw`\n`, "\n") : readFileSync(text, "utf8");
    return pem.includes("PRIVATE KEY-----") ? createPrivateKey(pem) : createPublicKey(pem);
  } catch {
    return undefined;
  }
}

function isStrong(key: KeyObject): boolean {
  const { modulusLength } = key.asymmetricKeyDetails ?? {};
  return key.asymmetricKeyType !== "rsa" || (modulusLength ?? 0) >= RSA_BITS_MIN;
}

/** What is wrong with algorithm, key and secret together; each alone is right. */
function mismatch({ jwtAlgorithm, jwtSecret, jwtKey }: TokenConfig): [string, string] | undefined {
  const kind = jwtKeyKind(jwtAlgorithm);
  if (kind === "secret") {
    return jwtKey === undefined
      ? undefined
      : ["AMPS_JWT_KEY", `is for RS… and EdDSA; set AMPS_JWT_ALGORITHM (it is ${jwtAlgorithm})`];
  }
  if (jwtSecret !== undefined) {
    return ["AMPS_JWT_SECRET", `is for HS…, but AMPS_JWT_ALGORITHM is ${jwtAlgorithm}`];
  }
  if (jwtKey === undefined) {
    return ["AMPS_JWT_ALGORITHM", `${jwtAlgorithm} needs AMPS_JWT_KEY, a key as PEM or its file`];
  }
  return jwtKey.asymmetricKeyType === kind
    ? undefined
    : ["AMPS_JWT_KEY", `must be a key of the kind ${kind} for ${jwtAlgorithm}`];
}

export function loadTokens(values: Values): TokenConfig {
  const before = values.problems.length;
  const jwtAlgorithm = values.parse<JwtAlgorithm>("AMPS_JWT_ALGORITHM", "HS256", {
    parse: (text) => JWT_ALGORITHMS.find((known) => known === text),
    expected: `must be one of ${JWT_ALGORITHMS.join(", ")}`,
  });
  const jwtSecret = values.parse<string | undefined>("AMPS_JWT_SECRET", undefined, {
    parse: (text) => (text.length < SECRET_LENGTH_MIN || PEM.test(text) ? undefined : text),
    expected:
      `must have ${SECRET_LENGTH_MIN} characters or more (openssl rand -base64 32), ` +
      "and is no PEM: that is AMPS_JWT_KEY",
  });
  const jwtKey = values.parse<KeyObject | undefined>("AMPS_JWT_KEY", undefined, {
    parse: (text) => {
      const key = readKey(text);
      return key !== undefined && isStrong(key) ? key : undefined;
    },
    expected: `must be a PEM key, or a file that can be read and has one; RSA of ${RSA_BITS_MIN} bits or more`,
  });
  const config = {
    jwtAlgorithm,
    ...(jwtSecret !== undefined && { jwtSecret }),
    ...(jwtKey !== undefined && { jwtKey }),
  };
  const wrong = values.problems.length > before ? undefined : mismatch(config);
  if (wrong !== undefined) values.refuse(...wrong);
  return config;
}
