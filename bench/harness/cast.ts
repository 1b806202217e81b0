/** Who takes part in a benchmark, started here and ended by the cleanup. */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Poster } from "../processes/poster.ts";
import type { Publisher } from "../processes/publisher.ts";
import type { Receiver } from "../processes/receiver.ts";
import type { Server, Started } from "../processes/server.ts";
import { Child } from "./child.ts";
import { onCleanup } from "./cleanup.ts";
import { countStored, type Ground, type Stored } from "./ground.ts";
import { monotonicMs } from "./time.ts";

export const CONNECTIONS = 64;
const POLL_MS = 5;
/** A retry would come after some seconds; what takes longer is no result. */
const PATIENCE_MS = 60_000;

/** As `npm start` runs it. */
const SERVER_FLAGS = JSON.parse(
  readFileSync(new URL("../../scripts/server-flags.json", import.meta.url), "utf8"),
) as string[];

/** Where the product's CPU profiles go; undefined: none are made. */
let profiles: string | undefined;

export function profileInto(folder: string): void {
  profiles = folder;
}

export function startReceiver(): Child<Receiver> {
  const receiver = new Child<Receiver>("receiver.ts");
  onCleanup(() => receiver.end());
  return receiver;
}

export function startPublisher(): Child<Publisher> {
  const publisher = new Child<Publisher>("publisher.ts");
  onCleanup(() => publisher.end());
  return publisher;
}

export function startPoster(): Child<Poster> {
  const poster = new Child<Poster>("poster.ts");
  onCleanup(() => poster.end());
  return poster;
}

/** Posts `requests` by the bare client. @returns per second, and CPU of the client per request */
export async function measureFloor(
  url: string,
  requests: number,
): Promise<{ perSecond: number; cpuUs: number }> {
  const poster = new Child<Poster>("poster.ts");
  try {
    const posted = await poster.call("saturate", { url, requests, connections: CONNECTIONS });
    return {
      perSecond: (posted.requests / posted.tookMs) * 1000,
      cpuUs: posted.cpuUs / posted.requests,
    };
  } finally {
    await poster.end();
  }
}

export interface RunningProduct extends Started {
  process: Child<Server>;
}

/** The product as `npm start` composes it, on this ground; other settings by their names. */
export async function startProduct(
  ground: Ground,
  settings: Record<string, string> = {},
  watch = false,
): Promise<RunningProduct> {
  const profiling = profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}`];
  const process = new Child<Server>("server.ts", [...SERVER_FLAGS, ...profiling]);
  // Not stopped in order: that waits for receivers that hang, and its database is dropped anyway.
  onCleanup(() => process.end());
  const env = {
    AMPS_PORT: "0",
    DATABASE_URL: ground.url,
    AMPS_MASTER_KEY: ground.masterKey,
    AMPS_SANDBOX_KEY: ground.apiKey,
    AMPS_EGRESS_ALLOW: "127.0.0.0/8",
    AMPS_SANDBOX_BATTERIES: "0",
    NODE_ENV: "production",
    ...settings,
  };
  return { process, ...(await process.call("start", { env, watch })) };
}

/**
 * Resolves when nothing is owed any more, once the receiver has had everything: asking the database earlier
 * would only take its time.
 */
export async function untilNothingIsOwed(
  ground: Ground,
  receiver: Child<Receiver>,
  deliveries: number,
): Promise<void> {
  await receiver.call("reached", { count: deliveries });
  await until(async () => {
    const [row] = await ground.storage.query<{ done: boolean }>(
      { name: "", text: "SELECT NOT EXISTS (SELECT FROM delivery) AS done" },
      [],
    );
    return row?.done === true;
  }, "all results to be stored");
}

export function checkStored({ delivered, failed }: Stored, expected: number): void {
  if (delivered === expected && failed === 0) return;
  throw new Error(
    `Expected ${expected} stored deliveries, found ${delivered} and ${failed} failed attempts: ` +
      "this run measured something else.",
  );
}

/** @returns the monotonic time at which everything was stored */
export async function untilStored(
  ground: Ground,
  receiver: Child<Receiver>,
  deliveries: number,
): Promise<number> {
  await untilNothingIsOwed(ground, receiver, deliveries);
  const endedAt = monotonicMs();
  checkStored(await countStored(ground), deliveries);
  return endedAt;
}

/** Asks again and again, for a minute. */
export async function until(isDone: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = monotonicMs() + PATIENCE_MS;
  while (!(await isDone())) {
    if (monotonicMs() > deadline) throw new Error(`Waited a minute for ${what}, in vain.`);
    await delay(POLL_MS);
  }
}
