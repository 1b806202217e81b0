/** `npm start`: reads the configuration, starts the server, tells people how to use it, stops it cleanly. */
import { readFileSync } from "node:fs";
import { type Logger, pino } from "pino";
import { formatBanner } from "./banner.ts";
import { formatHelp, type LogLevel, readConfig } from "./config.ts";
import { buildDashboard } from "./dashboard-build.ts";
import { type RunningServer, startServer } from "./server.ts";
import { createLogDestination, type LogDestination } from "./telemetry/log-destination.ts";

/** SIGTERM drains and exits within this time (`contract.md` §3). */
const STOP_MS_MAX = 28_000;
/** The last lines get so long to be written; a reader that has stopped holds nobody up. */
const LAST_LOGS_MS = 500;
/** Ctrl-C reaches the whole process group and is forwarded as well: one wish, not two. */
const SAME_WISH_MS = 1_000;

// The package's own manifest: always there, always with a version.
const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { version: string };

/**
 * JSON lines on standard error. Of an error only what was written for people: drivers hang whole
 * connections on theirs, keys and all.
 */
function makeLog(level: LogLevel, destination: LogDestination): Logger {
  const describe = (error: unknown): object => {
    if (!(error instanceof Error)) return { message: String(error) };
    const { name, message, stack, cause } = error;
    const code = "code" in error ? error.code : undefined;
    return { name, message, code, stack, ...(cause !== undefined && { cause: describe(cause) }) };
  };
  const options = { level, base: { pid: process.pid }, serializers: { err: describe } };
  return pino(options, destination);
}

/** Printing for people must not end the server when they have left. */
process.stdout.on("error", () => undefined);

/** Beside the start of the rest. Without its dashboard the server still does its work. */
async function buildStaleDashboard(signal: AbortSignal): Promise<void> {
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  const built = await buildDashboard({
    signal,
    onBuild: () => tell("Building the dashboard (after a change of it, about 2 s) …"),
  });
  if (built.state !== "failed" || signal.aborted) return;
  const left = built.stale ? "An older one is shown" : "The APIs work without it";
  tell(`The dashboard could not be built. ${left}; \`npm run dashboard\` tells why.`);
}

function refuse(problems: string[]): never {
  process.stderr.write(`Amps cannot start:\n\n${problems.map((line) => `  ${line}`).join("\n")}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  const startedAt = performance.now();
  const loaded = readConfig();
  if ("help" in loaded) {
    process.stdout.write(formatHelp());
    return;
  }
  if ("problems" in loaded) refuse(loaded.problems);
  const { config } = loaded;
  const destination = createLogDestination(process.stderr);
  const log = makeLog(config.logLevel, destination);
  const stopping = new AbortController();
  let running: RunningServer | undefined;
  const stop = stopOnce(async () => {
    stopping.abort();
    await running?.stop();
    await destination.flush(LAST_LOGS_MS);
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  // The launcher's end of the channel closed: it was killed, and nobody could stop us any more.
  process.on("disconnect", stop);
  try {
    const tell = (line: string): void => void process.stderr.write(`${line}\n`);
    running = await startServer(config, {
      log,
      version,
      tell,
      logsDropped: () => destination.dropped,
      dashboardBuilt: config.roles.has("api")
        ? buildStaleDashboard(stopping.signal)
        : Promise.resolve(),
    });
  } catch (error) {
    refuse(explain(error));
  }
  if (stopping.signal.aborted) {
    await running.stop();
    return;
  }
  void running.failed.then((error) => {
    process.exitCode = 1;
    log.fatal({ err: error }, "The database is gone; the server stops.");
    return stop();
  });
  process.stdout.write(formatBanner(config, running.facts, performance.now() - startedAt));
}

/** Stops once; a second wish, a second later, ends the process at once. */
function stopOnce(stop: () => Promise<void>): () => void {
  let firstAt: number | undefined;
  return () => {
    if (firstAt !== undefined) {
      if (performance.now() - firstAt > SAME_WISH_MS) process.exit(1);
      return;
    }
    firstAt = performance.now();
    process.stdout.write("\nStopping: finishing what is under way …\n");
    setTimeout(() => process.exit(1), STOP_MS_MAX).unref();
    void stop().then(
      () => process.exit(process.exitCode ?? 0),
      (error: unknown) => {
        process.stderr.write(`Stopping failed: ${explain(error).join("\n")}\n`);
        process.exit(1);
      },
    );
  };
}

/** The error and its causes, one line each; stack traces are for bugs. */
function explain(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  const lines = error.message.split("\n");
  return error.cause === undefined ? lines : [...lines, ...explain(error.cause)];
}

await main();
