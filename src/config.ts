/**
 * The environment (and the same names as flags) turned into one frozen object. Every mistake is
 * reported, together, with its name and what would be accepted; secrets are never echoed. The only
 * file that reads the process's environment.
 */
import path from "node:path";
import { type AccessConfig, loadAccess } from "./config/access.ts";
import { flagOf, Values } from "./config/values.ts";
import { type CidrList, parseCidrList } from "./core/address.ts";
import { parseDatabaseUrl } from "./core/database-url.ts";
import {
  DEFAULT_RETRY_SCHEDULE_MS,
  RETRY_STEP_MS_MAX,
  RETRY_STEP_MS_MIN,
  RETRY_STEPS_MAX,
} from "./core/retry.ts";
import { OPTIONS } from "./options.ts";

export type Role = "api" | "engine" | "battery";
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export interface Config extends AccessConfig {
  host: string;
  /** 0 takes a free one. */
  port: number;
  database: { kind: "embedded" } | { kind: "external"; url: string };
  dataDir: string;
  presetKeys: { sandbox?: string; live?: string };
  adminPassword?: string;
  /** 32 bytes. Undefined: generated into the data directory. */
  masterKey?: Buffer;
  /** They open what they sealed, until it is sealed anew. */
  oldMasterKeys: Buffer[];
  /** Beyond the public internet, what deliveries may reach. */
  egressAllow: CidrList;
  retryScheduleMs: number[];
  deliveryTimeoutMs: number;
  sandboxSpeed: number;
  sandboxBatteries: number;
  roles: ReadonlySet<Role>;
  /** This one and further ones for deliveries. */
  processes: number;
  /** As it was given, flags included: for those further processes. Holds secrets. */
  environment: Readonly<Record<string, string>>;
  logLevel: LogLevel;
  /** How long messages and attempts are kept. */
  retentionDays: number;
  /** Opens `/metrics`, beside any API key. */
  metricsToken?: string;
  production: boolean;
}

const OPTION_NAMES = OPTIONS.map(({ name }) => name);
const SECRET_OPTIONS = new Set([
  "DATABASE_URL",
  "AMPS_SANDBOX_KEY",
  "AMPS_LIVE_KEY",
  "AMPS_ADMIN_PASSWORD",
  "AMPS_MASTER_KEY",
  "AMPS_MASTER_KEY_OLD",
  "AMPS_JWT_SECRET",
  "AMPS_JWT_KEY",
  "AMPS_METRICS_TOKEN",
]);
const ROLES: readonly Role[] = ["api", "engine", "battery"];
const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];
const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const LOOPBACK = "127.0.0.0/8,::1/128";
const MASTER_KEY_BYTES = 32;
const PROCESSES_MAX = 64;

export type Loaded = { config: Config } | { problems: string[] } | { help: true };

/** Milliseconds of `500ms`, `5s`, `5m`, `2h`, `1d`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  if (match === null) return undefined;
  return Math.round(Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? Number.NaN));
}

function wholeNumber(text: string, min: number, max: number): number | undefined {
  if (!/^\d{1,9}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

function parseMasterKey(text: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  // Node skips what is not base64; a mistyped key must not become another one.
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined;
  const key = Buffer.from(text, "base64");
  return key.length === MASTER_KEY_BYTES ? key : undefined;
}

function parseMasterKeys(text: string): Buffer[] | undefined {
  const keys = text.split(",").map((key) => parseMasterKey(key.trim()));
  const valid = keys.filter((key) => key !== undefined);
  return valid.length === keys.length ? valid : undefined;
}

function parseSchedule(text: string): number[] | undefined {
  const steps = text.split(",").map((step) => parseDuration(step));
  if (steps.length > RETRY_STEPS_MAX) return undefined;
  const valid = steps.filter(
    (ms) => ms !== undefined && ms >= RETRY_STEP_MS_MIN && ms <= RETRY_STEP_MS_MAX,
  );
  return valid.length === steps.length ? valid.map(Number) : undefined;
}

function parseEgress(text: string): CidrList | undefined {
  const parsed = parseCidrList(text);
  return parsed.ok ? parsed.list : undefined;
}

function parseRoles(text: string): ReadonlySet<Role> | undefined {
  const names = text.split(",").map((name) => name.trim());
  const roles = ROLES.filter((role) => names.includes(role));
  return roles.length > 0 && names.every((name) => ROLES.some((role) => role === name))
    ? new Set(roles)
    : undefined;
}

function keyRule(
  prefix: string,
  production: boolean,
): { parse: (text: string) => string | undefined; expected: string } {
  const length = production ? 32 : 4;
  const form = new RegExp(`^${prefix}[A-Za-z0-9_-]{${length},200}$`);
  return {
    parse: (text) => (form.test(text) ? text : undefined),
    expected: `must be ${prefix} and ${length} to 200 letters, digits, "-" or "_"`,
  };
}

function loadDatabase(values: Values): Config["database"] {
  const url = values.get("DATABASE_URL");
  if (url === undefined) return { kind: "embedded" };
  const parsed = parseDatabaseUrl(url);
  if (!parsed.ok) values.refuse("DATABASE_URL", parsed.problem);
  if (values.get("AMPS_MASTER_KEY") === undefined) {
    values.problems.push(
      "AMPS_MASTER_KEY: is required with DATABASE_URL, so that every node opens the same secrets; " +
        "make one with: openssl rand -base64 32",
    );
  }
  return { kind: "external", url };
}

/** Everything about who may do what, and the keys. */
function loadSecrets(
  values: Values,
  production: boolean,
): Pick<Config, "presetKeys" | "adminPassword" | "masterKey" | "oldMasterKeys"> {
  const sandbox = values.parse<string | undefined>(
    "AMPS_SANDBOX_KEY",
    undefined,
    keyRule("sk_test_", production),
  );
  const live = values.parse<string | undefined>(
    "AMPS_LIVE_KEY",
    undefined,
    keyRule("sk_live_", production),
  );
  const adminPassword = values.parse<string | undefined>("AMPS_ADMIN_PASSWORD", undefined, {
    parse: (text) => (production && text.length < 12 ? undefined : text),
    expected: "must have 12 characters or more",
  });
  const masterKey = values.parse<Buffer | undefined>("AMPS_MASTER_KEY", undefined, {
    parse: parseMasterKey,
    expected: "must be 32 bytes as base64 or as 64 hex digits (openssl rand -base64 32)",
  });
  const oldMasterKeys = values.parse<Buffer[]>("AMPS_MASTER_KEY_OLD", [], {
    parse: parseMasterKeys,
    expected: "must be keys like AMPS_MASTER_KEY, separated by commas",
  });
  return {
    oldMasterKeys,
    presetKeys: { ...(sandbox !== undefined && { sandbox }), ...(live !== undefined && { live }) },
    ...(adminPassword !== undefined && { adminPassword }),
    ...(masterKey !== undefined && { masterKey }),
  };
}

function loadDelivery(
  values: Values,
  production: boolean,
): Pick<Config, "egressAllow" | "retryScheduleMs" | "deliveryTimeoutMs"> {
  return {
    egressAllow: values.parse<CidrList>(
      "AMPS_EGRESS_ALLOW",
      parseEgress(production ? "" : LOOPBACK) ?? [],
      {
        parse: parseEgress,
        expected: "must be CIDRs separated by commas, such as 127.0.0.0/8,10.1.0.0/16",
      },
    ),
    retryScheduleMs: values.parse("AMPS_RETRY_SCHEDULE", [...DEFAULT_RETRY_SCHEDULE_MS], {
      parse: parseSchedule,
      expected: `must be 1 to ${RETRY_STEPS_MAX} delays of 1s to 7d separated by commas, such as 5s,5m,2h`,
    }),
    deliveryTimeoutMs: values.parse("AMPS_DELIVERY_TIMEOUT", 30_000, {
      parse: (text) => {
        const ms = parseDuration(text);
        return ms !== undefined && ms >= 1_000 && ms <= 120_000 ? ms : undefined;
      },
      expected: "must be a time from 1s to 120s, such as 30s",
    }),
  };
}

function loadSandbox(values: Values): Pick<Config, "sandboxSpeed" | "sandboxBatteries"> {
  return {
    sandboxSpeed: values.parse("AMPS_SANDBOX_SPEED", 1, {
      parse: (text) => {
        const speed = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
        return speed > 0 && speed <= 10_000 ? speed : undefined;
      },
      expected: "must be a number above 0, at most 10000",
    }),
    sandboxBatteries: values.parse("AMPS_SANDBOX_BATTERIES", 3, {
      parse: (text) => wholeNumber(text, 0, 1_000),
      expected: "must be a whole number from 0 to 1000",
    }),
  };
}

function definedOf(env: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function loadWork(values: Values): Pick<Config, "roles" | "processes"> {
  const roles = values.parse<ReadonlySet<Role>>("AMPS_ROLES", new Set(ROLES), {
    parse: parseRoles,
    expected: `must be some of ${ROLES.join(",")}`,
  });
  const processes = values.parse("AMPS_PROCESSES", 1, {
    parse: (text) => wholeNumber(text, 1, PROCESSES_MAX),
    expected: `must be a whole number from 1 to ${PROCESSES_MAX}`,
  });
  if (processes > 1 && !roles.has("engine")) {
    values.refuse(
      "AMPS_PROCESSES",
      "needs the role engine in AMPS_ROLES, of which they take a share",
    );
  }
  return { roles, processes };
}

function loadOperating(values: Values): Pick<Config, "retentionDays" | "metricsToken"> {
  const metricsToken = values.parse<string | undefined>("AMPS_METRICS_TOKEN", undefined, {
    parse: (text) => (/^[\x21-\x7e]{16,200}$/.test(text) ? text : undefined),
    expected: "must be 16 to 200 characters without spaces",
  });
  return {
    retentionDays: values.parse("AMPS_RETENTION_DAYS", 90, {
      parse: (text) => wholeNumber(text, 1, 3_650),
      expected: "must be a whole number of days, 1 to 3650",
    }),
    ...(metricsToken !== undefined && { metricsToken }),
  };
}

/** With its lists and parts; `Set` and `Buffer` have no frozen form. */
function freeze(config: Config): Config {
  const { database, presetKeys, retryScheduleMs, environment } = config;
  for (const part of [database, presetKeys, retryScheduleMs, environment]) Object.freeze(part);
  for (const list of [config.egressAllow, config.portalEmbed]) Object.freeze(list);
  return Object.freeze(config);
}

/** Pure over its inputs. @returns the frozen configuration, or every mistake */
export function loadConfig(
  env: Record<string, string | undefined>,
  argv: readonly string[],
): Loaded {
  if (argv.includes("--help") || argv.includes("-h")) return { help: true };
  const production = env["NODE_ENV"] === "production";
  const values = new Values({ names: OPTION_NAMES, secret: SECRET_OPTIONS }, env, argv);
  const config: Config = {
    host: values.parse("AMPS_HOST", "127.0.0.1", {
      parse: (text) => (/^[\w.:%-]+$/.test(text) ? text : undefined),
      expected: "must be a host name or an IP address, such as 0.0.0.0",
    }),
    port: values.parse("AMPS_PORT", 8071, {
      parse: (text) => wholeNumber(text, 0, 65_535),
      expected: "must be a port, 0 to 65535 (0: a free one)",
    }),
    database: loadDatabase(values),
    dataDir: path.resolve(values.get("AMPS_DATA_DIR") ?? ".amps"),
    ...loadSecrets(values, production),
    ...loadAccess(values),
    ...loadDelivery(values, production),
    ...loadSandbox(values),
    ...loadWork(values),
    environment: { ...definedOf(env), ...values.given },
    ...loadOperating(values),
    logLevel: values.parse<LogLevel>("AMPS_LOG_LEVEL", production ? "info" : "warn", {
      parse: (text) => LOG_LEVELS.find((level) => level === text),
      expected: `must be one of ${LOG_LEVELS.join(", ")}`,
    }),
    production,
  };
  return values.problems.length > 0 ? { problems: values.problems } : { config: freeze(config) };
}

/** From this process's environment and command line. */
export function readConfig(): Loaded {
  return loadConfig(process.env, process.argv.slice(2));
}

export function formatHelp(): string {
  const rows = OPTIONS.map(
    ({ name, fallback, meaning }) =>
      `  ${flagOf(name).padEnd(20)} ${name.padEnd(24)} ${meaning} [${fallback}]`,
  );
  return `npm start -- [options]\n\n${rows.join("\n")}\n`;
}
