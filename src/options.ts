/** What can be configured, as people read it: the table of the README and of `--help`. */
export interface Option {
  name: string;
  /** As people read it. */
  fallback: string;
  meaning: string;
}

/** The table of the README and of `--help`. */
export const OPTIONS: readonly Option[] = [
  { name: "AMPS_HOST", fallback: "127.0.0.1", meaning: "address where API and dashboard listen" },
  { name: "AMPS_PORT", fallback: "8071", meaning: "port where they listen; 0 takes a free one" },
  {
    name: "DATABASE_URL",
    fallback: "unset",
    meaning:
      "an existing PostgreSQL 15+, one host or several (the writable one is used); unset: the embedded one",
  },
  { name: "AMPS_DATA_DIR", fallback: "./.amps", meaning: "embedded database, generated secrets" },
  {
    name: "AMPS_SANDBOX_KEY",
    fallback: "generated, printed once",
    meaning: "preset sandbox API key, sk_test_…",
  },
  {
    name: "AMPS_LIVE_KEY",
    fallback: "generated, printed once",
    meaning: "preset live API key, sk_live_…",
  },
  {
    name: "AMPS_ADMIN_PASSWORD",
    fallback: "unset: a login link is printed",
    meaning: "password of the dashboard; with NODE_ENV=production 12 characters or more",
  },
  {
    name: "AMPS_MASTER_KEY",
    fallback: "generated into the data directory",
    meaning: "32 bytes (base64 or hex) that seal secrets; required with DATABASE_URL",
  },
  {
    name: "AMPS_MASTER_KEY_OLD",
    fallback: "none",
    meaning: "master keys being replaced, separated by commas: they still open what they sealed",
  },
  {
    name: "AMPS_JWT_SECRET",
    fallback: "derived from the master key",
    meaning: "secret that signs bearer tokens (HS256, …), 32 characters or more",
  },
  {
    name: "AMPS_JWT_ALGORITHM",
    fallback: "HS256",
    meaning: "HS256, HS384, HS512, RS256, RS384, RS512 or EdDSA",
  },
  {
    name: "AMPS_JWT_KEY",
    fallback: "unset",
    meaning: "key of RS… and EdDSA: PEM, or its file; a public key verifies but makes no tokens",
  },
  {
    name: "AMPS_PUBLIC_URL",
    fallback: "where the API listens",
    meaning: "what links for people start with, such as https://amps.example.com",
  },
  {
    name: "AMPS_PORTAL_EMBED",
    fallback: "none",
    meaning: "origins whose pages may show the portal in a frame, separated by commas",
  },
  {
    name: "AMPS_RATE_LIMIT",
    fallback: "off",
    meaning: "requests of one API key that a process answers, such as 1000/s; more are 429",
  },
  {
    name: "AMPS_EGRESS_ALLOW",
    fallback: "loopback; with NODE_ENV=production nothing",
    meaning: "CIDRs beyond the public internet that deliveries may reach",
  },
  {
    name: "AMPS_RETRY_SCHEDULE",
    fallback: "5s,5m,30m,2h,5h,10h,10h",
    meaning: "delays after each failed attempt",
  },
  { name: "AMPS_DELIVERY_TIMEOUT", fallback: "30s", meaning: "total deadline of one attempt" },
  { name: "AMPS_SANDBOX_SPEED", fallback: "1", meaning: "rate of simulated time" },
  {
    name: "AMPS_SANDBOX_BATTERIES",
    fallback: "3",
    meaning: "simulated batteries of a new sandbox",
  },
  { name: "AMPS_ROLES", fallback: "api,engine,battery", meaning: "what this process does" },
  {
    name: "AMPS_PROCESSES",
    fallback: "1",
    meaning: "processes on this machine that deliver: this one and further ones it starts",
  },
  {
    name: "AMPS_RETENTION_DAYS",
    fallback: "90",
    meaning: "how long messages and attempts are kept, in whole weeks of partitions",
  },
  {
    name: "AMPS_METRICS_TOKEN",
    fallback: "unset",
    meaning: "bearer token for /metrics, 16 characters or more; an API key opens it too",
  },
  {
    name: "AMPS_LOG_LEVEL",
    fallback: "warn; with NODE_ENV=production info",
    meaning: "debug, info, warn, error or silent",
  },
];
