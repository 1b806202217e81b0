/** The algorithms that bearer tokens may be signed with: those of Svix's server (`svix-api.md` §2). */
export const JWT_ALGORITHMS = [
  "HS256",
  "HS384",
  "HS512",
  "RS256",
  "RS384",
  "RS512",
  "EdDSA",
] as const;
export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number];

/** What a key of the algorithm is: a secret that both sides know, or one half of a pair. */
export type JwtKeyKind = "secret" | "rsa" | "ed25519";

export function jwtKeyKind(algorithm: JwtAlgorithm): JwtKeyKind {
  if (algorithm === "EdDSA") return "ed25519";
  return algorithm.startsWith("HS") ? "secret" : "rsa";
}

/** The digest it signs; Ed25519 brings its own. */
export function jwtDigest(algorithm: JwtAlgorithm): string | undefined {
  return algorithm === "EdDSA" ? undefined : `sha${algorithm.slice(2)}`;
}
