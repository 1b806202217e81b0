import type { Benchmark, Context } from "../benchmark.ts";
import { CONNECTIONS, startPublisher, startReceiver, until } from "../harness/cast.ts";
import { Child, type Methods } from "../harness/child.ts";
import { onCleanup, tidily } from "../harness/cleanup.ts";
import { query } from "../harness/database.ts";
import { publishBody } from "../harness/event.ts";
import { redisVersion, startRedis } from "../harness/redis.ts";
import { RIVAL_SCHEMA } from "../harness/rival.ts";
import { median } from "../harness/statistics.ts";
import { monotonicMs } from "../harness/time.ts";
import type { BullmqService } from "../processes/bullmq-service.ts";
import type { PgBossService } from "../processes/pg-boss-service.ts";
import type { Receiver } from "../processes/receiver.ts";
import { ingestOnce } from "./ingest.ts";

const WARM_UP_SHARE = 0.05;
const BULLMQ_CONCURRENCY = 64;
const PG_BOSS_WORKERS = 8;
const PG_BOSS_BATCH = 32;

interface Stage {
  context: Context;
  receiver: Child<Receiver>;
  receiverUrl: string;
}

function startService<M extends Methods>(file: string): Child<M> {
  const service = new Child<M>(file);
  onCleanup(() => service.end());
  return service;
}

/** The same load and the same end as `ingest`: everything delivered, and its attempt stored. */
async function measureRival(stage: Stage, databaseUrl: string, url: string): Promise<number> {
  const { receiver, context } = stage;
  const { deliveries } = context.sizes;
  const warmUp = Math.ceil(deliveries * WARM_UP_SHARE);
  const publisher = startPublisher();
  const load = {
    url,
    apiKey: "none",
    paths: ["/msg"],
    body: publishBody(),
    connections: CONNECTIONS,
  };
  const untilStored = async (attempts: number): Promise<number> => {
    await receiver.call("reached", { count: attempts });
    await until(async () => {
      const [row] = await query<{ attempts: string }>(
        databaseUrl,
        "SELECT count(*) AS attempts FROM attempt WHERE response_status = 200",
      );
      return Number(row?.attempts) === attempts;
    }, "all attempts to be stored");
    return monotonicMs();
  };
  await publisher.call("saturate", { ...load, requests: warmUp });
  await untilStored(warmUp);
  const { startedAt } = await publisher.call("saturate", { ...load, requests: deliveries });
  const endedAt = await untilStored(warmUp + deliveries);
  return (deliveries / (endedAt - startedAt)) * 1000;
}

async function prepareRival({ context, receiver }: Stage): Promise<string> {
  const databaseUrl = await context.database.create();
  await query(databaseUrl, RIVAL_SCHEMA);
  await receiver.call("reset", {});
  return databaseUrl;
}

async function bullmq(stage: Stage): Promise<number> {
  const { receiverUrl } = stage;
  const databaseUrl = await prepareRival(stage);
  const { socket: redisSocket } = await startRedis();
  const worker = startService<BullmqService>("bullmq-service.ts");
  const concurrency = BULLMQ_CONCURRENCY;
  await worker.call("work", { redisSocket, databaseUrl, receiverUrl, concurrency });
  const api = startService<BullmqService>("bullmq-service.ts");
  return measureRival(stage, databaseUrl, await api.call("takeEvents", { redisSocket }));
}

async function pgBoss(stage: Stage): Promise<number> {
  const { receiverUrl } = stage;
  const databaseUrl = await prepareRival(stage);
  const worker = startService<PgBossService>("pg-boss-service.ts");
  const size = { concurrency: PG_BOSS_WORKERS, batchSize: PG_BOSS_BATCH };
  await worker.call("work", { databaseUrl, receiverUrl, ...size });
  const api = startService<PgBossService>("pg-boss-service.ts");
  return measureRival(stage, databaseUrl, await api.call("takeEvents", { databaseUrl }));
}

const SIDES: Record<"Amps" | "BullMQ" | "pg-boss", (stage: Stage) => Promise<number>> = {
  Amps: async ({ context, receiver, receiverUrl }) =>
    (await ingestOnce(context, receiver, receiverUrl)).perSecond,
  BullMQ: bullmq,
  "pg-boss": pgBoss,
};

export const baseline: Benchmark = {
  name: "baseline",
  does: "the work of ingest by what one would write instead: a BullMQ worker, a pg-boss worker",
  goal: { field: "timesFaster", better: "higher", must: 4, aim: 10 },
  defaults: { runs: 3, deliveries: 20_000 },
  async run(context) {
    const { sizes, progress } = context;
    const redis = redisVersion();
    const receiver = startReceiver();
    const [receiverUrl = ""] = await receiver.call("open", { manner: "answer" });
    const stage = { context, receiver, receiverUrl };
    const rates: Record<keyof typeof SIDES, number[]> = { Amps: [], BullMQ: [], "pg-boss": [] };
    for (let run = 1; run <= sizes.runs; run += 1) {
      for (const side of ["Amps", "BullMQ", "pg-boss"] as const) {
        progress(`run ${run} of ${sizes.runs}: ${side}`);
        rates[side].push(await tidily(() => SIDES[side](stage)));
      }
    }
    const times = (rival: keyof typeof SIDES): number =>
      median(rates.Amps.map((rate, run) => rate / (rates[rival][run] ?? Number.NaN)));
    return {
      rows: Object.entries(rates).map(([label, values]) => ({
        label,
        value: median(values),
        unit: "/s",
      })),
      fields: {
        // Against the faster of the two.
        timesFaster: Math.min(times("BullMQ"), times("pg-boss")),
        timesFasterThanBullmq: times("BullMQ"),
        timesFasterThanPgBoss: times("pg-boss"),
        perSecond: median(rates.Amps),
        bullmqPerSecond: median(rates.BullMQ),
        pgBossPerSecond: median(rates["pg-boss"]),
        redis: `Redis ${redis}, appendfsync everysec`,
      },
    };
  },
};
