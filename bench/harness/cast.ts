/** Who takes part in a benchmark, started here and ended by the cleanup. */
import type { Poster } from "../processes/poster.ts";
import type { Publisher } from "../processes/publisher.ts";
import type { Receiver } from "../processes/receiver.ts";
import type { Server, Started } from "../processes/server.ts";
import { Child } from "./child.ts";
import { onCleanup } from "./cleanup.ts";
import { countStored, type Ground } from "./ground.ts";
import { monotonicMs } from "./time.ts";

export const CONNECTIONS = 64;
const POLL_MS = 5;

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
  const process = new Child<Server>("server.ts", profileArguments());
  onCleanup(() => process.end());
  onCleanup(() => process.call("stop"));
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

/** With BENCH_PROFILE=folder every product process leaves a CPU profile there. */
function profileArguments(): string[] {
  const folder = process.env["BENCH_PROFILE"];
  return folder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${folder}`];
}

/**
 * Resolves with the monotonic time at which nothing is owed any more, once the receiver has had
 * everything: asking the database earlier would only take its time.
 */
export async function untilStored(
  ground: Ground,
  receiver: Child<Receiver>,
  deliveries: number,
): Promise<number> {
  await receiver.call("reached", { count: deliveries });
  for (;;) {
    const [row] = await ground.storage.query<{ done: boolean }>(
      { name: "", text: "SELECT NOT EXISTS (SELECT FROM delivery) AS done" },
      [],
    );
    if (row?.done === true) break;
    await new Promise((resolve) => {
      setTimeout(resolve, POLL_MS);
    });
  }
  const endedAt = monotonicMs();
  const stored = await countStored(ground);
  if (stored.delivered !== deliveries || stored.failed > 0) {
    throw new Error(
      `Expected ${deliveries} stored deliveries, found ${stored.delivered} and ` +
        `${stored.failed} failed attempts: this run measured something else.`,
    );
  }
  return endedAt;
}
