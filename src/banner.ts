/** What `npm start` prints: where it listens, how to log in, and three lines to paste. */
import { styleText } from "node:util";
import type { Config } from "./config.ts";

export interface ServerFacts {
  version: string;
  /** Undefined without the role `api`. */
  url: string | undefined;
  /** Logs in to the dashboard once; undefined with a password of the operator's. */
  loginLink: string | undefined;
  database: string;
  /** Keys as far as they are known in clear: made at this start, or preset. */
  sandboxKey: string | undefined;
  liveKey: string | undefined;
  /** What people can recognise a key by, when it is not known. */
  sandboxKeyHint: string;
  firstDeviceId: string | undefined;
  roles: string[];
  /** This one and those it started. */
  processes: number;
}

const NAME_COLUMNS = 14;

function row(name: string, value: string): string {
  return `  ${styleText("dim", name.padEnd(NAME_COLUMNS))}${value}\n`;
}

function keyRows(config: Config, facts: ServerFacts): string {
  const { presetKeys } = config;
  const shownOnce = styleText("dim", "  shown this once; only its hash is kept");
  const sandbox =
    presetKeys.sandbox !== undefined
      ? "as set in AMPS_SANDBOX_KEY"
      : facts.sandboxKey === undefined
        ? `${facts.sandboxKeyHint}  (lost it? set one with AMPS_SANDBOX_KEY=sk_test_…)`
        : `${facts.sandboxKey}${shownOnce}`;
  const live = facts.liveKey === undefined ? "" : row("Live key", `${facts.liveKey}${shownOnce}`);
  return row("Sandbox key", sandbox) + live;
}

function dashboardRow(config: Config, facts: ServerFacts): string {
  if (facts.url === undefined) return "";
  const { loginLink } = facts;
  if (loginLink === undefined) {
    const page = `${config.publicUrl ?? facts.url}/dashboard/`;
    return row("Dashboard", `${page}  log in with AMPS_ADMIN_PASSWORD`);
  }
  const once = styleText(
    "dim",
    "  logs in once, within the hour; npm run login-link makes another",
  );
  return row("Dashboard", `${loginLink}${once}`);
}

function quickstart(facts: ServerFacts): string {
  if (facts.url === undefined || facts.firstDeviceId === undefined) return "";
  const key = facts.sandboxKey ?? "sk_test_…";
  const elsewhere = facts.url === "http://127.0.0.1:8071" ? "" : ` AMPS_URL=${facts.url}`;
  return [
    "",
    "  The first event, in a second terminal in this folder:",
    "",
    `  export AMPS_KEY=${key}${elsewhere}`,
    "  npm run receiver &",
    `  curl -sX POST ${facts.url}/battery/${facts.firstDeviceId} -H "x-api-key: $AMPS_KEY" ` +
      `-H 'content-type: application/json' -d '{"action":{"command":"charge"}}'`,
    "",
  ].join("\n");
}

/** @param startMs how long the start took */
export function formatBanner(config: Config, facts: ServerFacts, startMs: number): string {
  const title = `${styleText("bold", `Amps ${facts.version}`)} is ready (${(startMs / 1000).toFixed(1)} s)`;
  return (
    `\n  ${title}\n\n` +
    (facts.url === undefined ? "" : row("Address", facts.url)) +
    dashboardRow(config, facts) +
    keyRows(config, facts) +
    row("Database", facts.database) +
    row("Roles", facts.roles.join(", ")) +
    (facts.processes === 1
      ? ""
      : row("Processes", `${facts.processes} that share the deliveries`)) +
    quickstart(facts) +
    `\n  ${styleText("dim", "Ctrl-C stops it and finishes what is under way.")}\n\n`
  );
}
