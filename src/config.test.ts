import path from "node:path";
import { describe, expect, test } from "vitest";
import { type Config, formatHelp, loadConfig, parseDuration } from "./config.ts";
import { OPTIONS } from "./options.ts";

type Env = Record<string, string>;

function accepted(env: Env, argv: string[] = []): Config {
  const loaded = loadConfig(env, argv);
  if (!("config" in loaded)) throw new Error(JSON.stringify(loaded));
  return loaded.config;
}

function problems(env: Env, argv: string[] = []): string[] {
  const loaded = loadConfig(env, argv);
  return "problems" in loaded ? loaded.problems : [];
}

const key = Buffer.alloc(32, 0xfb);
const cidrs = (config: Config): string[] => config.egressAllow.map(({ text }) => text);

describe("defaults", () => {
  test("are those of the contract", () => {
    const config = accepted({});
    expect(config).toMatchObject({
      host: "127.0.0.1",
      port: 8071,
      database: { kind: "embedded" },
      dataDir: path.resolve(".amps"),
      presetKeys: {},
      retryScheduleMs: [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000].map((s) => s * 1_000),
      deliveryTimeoutMs: 30_000,
      sandboxSpeed: 1,
      sandboxBatteries: 3,
      roles: new Set(["api", "engine", "battery"]),
      logLevel: "warn",
      production: false,
    });
    expect(cidrs(config)).toEqual(["127.0.0.0/8", "::1/128"]);
    expect(Object.isFrozen(config) && Object.isFrozen(config.retryScheduleMs)).toBe(true);
  });

  test("of production reach nothing private and log more", () => {
    const config = accepted({ NODE_ENV: "production" });
    expect(cidrs(config)).toEqual([]);
    expect(config).toMatchObject({ production: true, logLevel: "info" });
  });

  test("hold for what is set to nothing; an empty egress list allows nothing", () => {
    const names = OPTIONS.map(({ name }) => name).filter((name) => name !== "AMPS_EGRESS_ALLOW");
    const blank = accepted(Object.fromEntries(names.map((name) => [name, " "])));
    expect({ ...blank, environment: {} }).toEqual(accepted({}));
    expect(cidrs(accepted({ AMPS_EGRESS_ALLOW: "" }))).toEqual([]);
  });
});

test.each<[string, string, Partial<Config>]>([
  ["AMPS_HOST", "0.0.0.0", { host: "0.0.0.0" }],
  ["AMPS_HOST", "::1", { host: "::1" }],
  ["AMPS_PORT", "0", { port: 0 }],
  [
    "AMPS_MASTER_KEY_OLD",
    `${key.toString("hex")}, ${key.toString("base64")}`,
    {
      oldMasterKeys: [key, key],
    },
  ],
  ["AMPS_JWT_SECRET", "j".repeat(32), { jwtSecret: "j".repeat(32) }],
  ["AMPS_JWT_ALGORITHM", "HS512", { jwtAlgorithm: "HS512" }],
  ["AMPS_RATE_LIMIT", "off", { rateLimit: null }],
  ["AMPS_RATE_LIMIT", "600/m", { rateLimit: { count: 600, perMs: 60_000 } }],
  ["AMPS_PUBLIC_URL", "https://amps.example.com/", { publicUrl: "https://amps.example.com" }],
  ["AMPS_PUBLIC_URL", "http://a.test:9/base/", { publicUrl: "http://a.test:9/base" }],
  [
    "AMPS_PORTAL_EMBED",
    "https://shop.example/, http://localhost:3000",
    { portalEmbed: ["https://shop.example", "http://localhost:3000"] },
  ],
  ["AMPS_PORT", "65535", { port: 65_535 }],
  ["AMPS_DATA_DIR", "/var/lib/amps", { dataDir: path.resolve("/var/lib/amps") }],
  ["AMPS_SANDBOX_KEY", "sk_test_ab-1", { presetKeys: { sandbox: "sk_test_ab-1" } }],
  ["AMPS_LIVE_KEY", "sk_live_ab_1", { presetKeys: { live: "sk_live_ab_1" } }],
  ["AMPS_ADMIN_PASSWORD", " correct horse ", { adminPassword: " correct horse " }],
  ["AMPS_MASTER_KEY", key.toString("base64"), { masterKey: key }],
  ["AMPS_MASTER_KEY", key.toString("base64url"), { masterKey: key }],
  ["AMPS_MASTER_KEY", key.toString("hex").toUpperCase(), { masterKey: key }],
  ["AMPS_RETRY_SCHEDULE", "1s, 2m,1.5h,7d", { retryScheduleMs: [1e3, 12e4, 54e5, 6048e5] }],
  ["AMPS_DELIVERY_TIMEOUT", "1500ms", { deliveryTimeoutMs: 1_500 }],
  ["AMPS_DELIVERY_TIMEOUT", "2m", { deliveryTimeoutMs: 120_000 }],
  ["AMPS_SANDBOX_SPEED", "0.25", { sandboxSpeed: 0.25 }],
  ["AMPS_SANDBOX_SPEED", "10000", { sandboxSpeed: 10_000 }],
  ["AMPS_SANDBOX_BATTERIES", "0", { sandboxBatteries: 0 }],
  ["AMPS_ROLES", "engine, api", { roles: new Set(["api", "engine"]) }],
  ["AMPS_PROCESSES", "4", { processes: 4 }],
  ["AMPS_LOG_LEVEL", "silent", { logLevel: "silent" }],
  ["AMPS_RETENTION_DAYS", "14", { retentionDays: 14 }],
  ["AMPS_METRICS_TOKEN", "0123456789abcdef", { metricsToken: "0123456789abcdef" }],
])("%s=%s is read", (name, value, expected) => {
  expect(accepted({ [name]: value })).toMatchObject(expected);
});

test.each([
  ["AMPS_HOST", "http://here"],
  ["AMPS_PORT", "65536"],
  ["AMPS_PORT", "-1"],
  ["AMPS_PORT", "80.5"],
  ["DATABASE_URL", "mysql://host/database"],
  ["AMPS_SANDBOX_KEY", "sk_live_abcd"],
  ["AMPS_SANDBOX_KEY", "sk_test_abc"],
  ["AMPS_SANDBOX_KEY", `sk_test_${"a".repeat(201)}`],
  ["AMPS_LIVE_KEY", "sk_live_ab cd"],
  ["AMPS_MASTER_KEY", Buffer.alloc(31).toString("base64")],
  ["AMPS_MASTER_KEY", `${key.toString("base64").slice(0, 20)}!${key.toString("base64").slice(20)}`],
  ["AMPS_MASTER_KEY", "abcd"],
  ["AMPS_JWT_SECRET", "j".repeat(31)],
  ["AMPS_JWT_ALGORITHM", "none"],
  ["AMPS_JWT_ALGORITHM", "hs256"],
  ["AMPS_JWT_KEY", "/nowhere/key.pem"],
  ["AMPS_MASTER_KEY_OLD", `${key.toString("hex")},abcd`],
  ["AMPS_RATE_LIMIT", "1000"],
  ["AMPS_RATE_LIMIT", "0/s"],
  ["AMPS_RATE_LIMIT", "5/d"],
  ["AMPS_PUBLIC_URL", "amps.example.com"],
  ["AMPS_PUBLIC_URL", "https://user@amps.example.com"],
  ["AMPS_PUBLIC_URL", "https://amps.example.com/?a=b"],
  ["AMPS_PORTAL_EMBED", "*"],
  ["AMPS_PORTAL_EMBED", "https://*.example.com"],
  ["AMPS_PORTAL_EMBED", "https://a.example/path"],
  ["AMPS_PORTAL_EMBED", "https://a.example; script-src *"],
  ["AMPS_EGRESS_ALLOW", "10.0.0.0/33"],
  ["AMPS_EGRESS_ALLOW", "localhost"],
  ["AMPS_RETRY_SCHEDULE", "5"],
  ["AMPS_RETRY_SCHEDULE", "5s,,5m"],
  ["AMPS_RETRY_SCHEDULE", "999ms"],
  ["AMPS_RETRY_SCHEDULE", "8d"],
  ["AMPS_RETRY_SCHEDULE", "-5s"],
  ["AMPS_RETRY_SCHEDULE", Array(21).fill("1s").join()],
  ["AMPS_DELIVERY_TIMEOUT", "30"],
  ["AMPS_DELIVERY_TIMEOUT", "121s"],
  ["AMPS_DELIVERY_TIMEOUT", "999ms"],
  ["AMPS_SANDBOX_SPEED", "0"],
  ["AMPS_SANDBOX_SPEED", "10001"],
  ["AMPS_SANDBOX_SPEED", "1e3"],
  ["AMPS_SANDBOX_BATTERIES", "1001"],
  ["AMPS_SANDBOX_BATTERIES", "2.5"],
  ["AMPS_ROLES", "api,cook"],
  ["AMPS_ROLES", ","],
  ["AMPS_PROCESSES", "0"],
  ["AMPS_PROCESSES", "65"],
  ["AMPS_RETENTION_DAYS", "0"],
  ["AMPS_RETENTION_DAYS", "3651"],
  ["AMPS_METRICS_TOKEN", "0123456789abcde"],
  ["AMPS_METRICS_TOKEN", "0123456789 abcdef"],
  ["AMPS_LOG_LEVEL", "loud"],
])("%s=%s is refused by name", (name, value) => {
  const env = {
    [name]: value,
    ...(name === "DATABASE_URL" && { AMPS_MASTER_KEY: "ab".repeat(32) }),
  };
  const [problem, ...others] = problems(env);
  expect(others).toEqual([]);
  expect(problem?.startsWith(`${name}: must `)).toBe(true);
});

test("all mistakes come together, with what was given, never with a secret", () => {
  const secret = "hunter2";
  const found = problems({
    NODE_ENV: "production",
    AMPS_PORT: "high",
    AMPS_RETRY_SCHEDULE: "soon",
    AMPS_SANDBOX_KEY: secret,
    AMPS_LIVE_KEY: secret,
    AMPS_ADMIN_PASSWORD: secret,
    AMPS_MASTER_KEY: secret,
    AMPS_MASTER_KEY_OLD: secret,
    AMPS_JWT_SECRET: secret,
    DATABASE_URL: `http://amps:${secret}@host/amps`,
  });
  expect(found).toHaveLength(9);
  expect(found).toContain('AMPS_PORT: must be a port, 0 to 65535 (0: a free one) (got "high")');
  expect(found.join("\n")).toContain('separated by commas, such as 5s,5m,2h (got "soon")');
  expect(found.join("\n")).not.toContain(secret);
});

test("production asks for long keys", () => {
  const env = { NODE_ENV: "production", AMPS_SANDBOX_KEY: `sk_test_${"a".repeat(31)}` };
  expect(problems(env)).toEqual([
    'AMPS_SANDBOX_KEY: must be sk_test_ and 32 to 200 letters, digits, "-" or "_"',
  ]);
  const { presetKeys } = accepted({ ...env, AMPS_SANDBOX_KEY: `sk_test_${"a".repeat(32)}` });
  expect(presetKeys.sandbox).toHaveLength(40);
});

test("an own database needs the master key, since every node must open the same secrets", () => {
  const DATABASE_URL = "postgres://amps@one,two/amps";
  for (const env of [{ DATABASE_URL }, { DATABASE_URL, AMPS_MASTER_KEY: "" }]) {
    expect(problems(env)).toEqual([
      expect.stringMatching(/^AMPS_MASTER_KEY: is required with DATABASE_URL/),
    ]);
  }
  const { database } = accepted({ DATABASE_URL, AMPS_MASTER_KEY: "ab".repeat(32) });
  expect(database).toEqual({ kind: "external", url: DATABASE_URL });
});

describe("flags", () => {
  test("have the variables' names, in both forms, and win over the environment", () => {
    const argv = ["--port", "9000", "--amps-host=::1", "--database-url=postgres://h/d?a=b"];
    const env = { AMPS_PORT: "1", AMPS_MASTER_KEY: "ab".repeat(32) };
    expect(accepted(env, argv)).toMatchObject({
      port: 9_000,
      host: "::1",
      database: { kind: "external", url: "postgres://h/d?a=b" },
    });
  });

  test("that are unknown or lack their value are named; no stray value is repeated", () => {
    const argv = ["--admin-passwrd", "hunter2", "--port", "--host", "::1", "hunter3"];
    const found = problems({}, argv);
    expect(found).toHaveLength(3);
    expect(found[0]).toMatch(/^--admin-passwrd: unknown option; known are --host --port /);
    expect(found[1]).toBe("--port: needs a value");
    expect(found.join("\n")).not.toMatch(/hunter/);
  });

  test("--help shows every option with its flag and default", () => {
    expect(loadConfig({ AMPS_PORT: "high" }, ["--help"])).toEqual({ help: true });
    const help = formatHelp();
    for (const { name, fallback, meaning } of OPTIONS) {
      expect(help).toMatch(new RegExp(`--[a-z-]+ +${name} `));
      expect(help).toContain(`${meaning} [${fallback}]`);
    }
  });
});

test("a duration needs its unit", () => {
  const texts = ["500ms", "5s", "5m", "2h", "1d", "5", "s", "5 s", "-5s", "5S", "", "1e3s"];
  expect(texts.map((text) => parseDuration(text))).toEqual([
    500,
    5_000,
    300_000,
    7_200_000,
    86_400_000,
    ...Array.from({ length: 7 }, () => undefined),
  ]);
});

test("several database hosts are accepted; what is wrong with them is said without the password", () => {
  const masterKey = { AMPS_MASTER_KEY: "ab".repeat(32) };
  const url = "postgres://amps:hunter2@db-a:5432,db-b:5432/amps";
  expect(accepted({ ...masterKey, DATABASE_URL: url }).database).toEqual({ kind: "external", url });
  expect(problems({ ...masterKey, DATABASE_URL: url.replace("db-b", "") })).toEqual([
    "DATABASE_URL: has an empty name among its hosts",
  ]);
});

test("further processes need the role that they share, and inherit flags like variables", () => {
  expect(problems({ AMPS_PROCESSES: "2", AMPS_ROLES: "api" })).toEqual([
    'AMPS_PROCESSES: needs the role engine in AMPS_ROLES, of which they take a share (got "2")',
  ]);
  const { environment } = accepted({ PATH: "/bin", AMPS_PORT: "1" }, ["--port", "2"]);
  expect(environment).toEqual({ PATH: "/bin", AMPS_PORT: "2" });
});
