/** Waiting, for a while and in words, until the database can be written to: it may be starting, too. */
import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "../../core/types.ts";
import { NoPrimaryError } from "./errors.ts";
import { Primary } from "./primary.ts";
import type { Timelines } from "./timelines.ts";

const WAIT_MS_MAX = 60_000;
const PAUSE_MS = 500;
const TELL_FIRST_MS = 1_500;
const TELL_AGAIN_MS = 10_000;

export interface AwaitOptions {
  connectionUrl: string;
  timelines: Timelines;
  log: Log;
  /** One line of progress, for people. */
  tell: (line: string) => void;
  waitMsMax?: number;
}

/** @throws naming each host with its trouble, and what to do */
export async function awaitPrimary(options: AwaitOptions): Promise<void> {
  const { connectionUrl, log, timelines, tell, waitMsMax = WAIT_MS_MAX } = options;
  const primary = new Primary({ connectionUrl, log, timelines, connection: {} });
  const startedAt = performance.now();
  let tellAtMs = TELL_FIRST_MS;
  try {
    for (;;) {
      const failure = await failureOf(primary);
      const waitedMs = performance.now() - startedAt;
      if (failure === undefined) return;
      if (failure.permanent || waitedMs > waitMsMax) throw refusal(failure, waitedMs);
      if (waitedMs > tellAtMs) {
        tellAtMs = waitedMs + TELL_AGAIN_MS;
        const seconds = `${Math.round(waitedMs / 1_000)} s of ${Math.round(waitMsMax / 1_000)} s`;
        tell(`Waiting for the database (${seconds}): ${failure.reasons.join("; ")}`);
      }
      await delay(PAUSE_MS);
    }
  } finally {
    await primary.close();
  }
}

async function failureOf(primary: Primary): Promise<NoPrimaryError | undefined> {
  try {
    await primary.check();
    return undefined;
  } catch (error) {
    if (error instanceof NoPrimaryError) return error;
    throw error;
  }
}

function refusal({ reasons, permanent }: NoPrimaryError, waitedMs: number): Error {
  const waited = permanent ? "" : ` within ${Math.round(waitedMs / 1_000)} s`;
  const advice = permanent
    ? "Check user, password and database name in DATABASE_URL."
    : "Check that PostgreSQL runs, that DATABASE_URL names its host and port, and that one host is writable.";
  return new Error(
    [`The database cannot be used${waited}:`, ...reasons.map((line) => `  ${line}`), advice].join(
      "\n",
    ),
  );
}
