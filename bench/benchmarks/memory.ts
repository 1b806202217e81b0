import type { Benchmark, Context, Sizes } from "../benchmark.ts";
import {
  CONNECTIONS,
  type RunningProduct,
  startProduct,
  startPublisher,
  startReceiver,
  untilStored,
} from "../harness/cast.ts";
import type { Child } from "../harness/child.ts";
import { tidily } from "../harness/cleanup.ts";
import { publishBody } from "../harness/event.ts";
import { addBacklog, addEndpoint, prepareGround } from "../harness/ground.ts";
import { median } from "../harness/statistics.ts";
import type { Receiver } from "../processes/receiver.ts";
import { PUBLISH_PATH } from "./ingest.ts";
import { addNeighbours, DELIVERY_TIMEOUT, publishToNeighbours } from "./isolation.ts";

const MIB = 1024 * 1024;
const DRAIN_ENDPOINTS = 20;
const ENDLESS_ENDPOINTS = 20;
/** Each is answered with a body that never ends. */
const ENDLESS_SHARE = 0.02;

interface Receivers {
  receiver: Child<Receiver>;
  answering: string[];
  hanging: string[];
  endless: string;
}

type Scenario = (context: Context, receivers: Receivers) => Promise<RunningProduct>;

async function drain({ database, sizes }: Context, receivers: Receivers): Promise<RunningProduct> {
  const ground = await prepareGround(database);
  const endpoints = [];
  for (let number = 0; number < DRAIN_ENDPOINTS; number += 1) {
    endpoints.push(await addEndpoint(ground, `${receivers.answering[0]}/hook/${number}`));
  }
  await addBacklog(ground, endpoints, sizes.deliveries);
  const product = await startProduct(ground);
  await untilStored(ground, receivers.receiver, sizes.deliveries);
  return product;
}

async function hang({ database, sizes }: Context, receivers: Receivers): Promise<RunningProduct> {
  const ground = await prepareGround(database);
  const { answering: healthy, hanging } = receivers;
  const neighbours = await addNeighbours(ground, { healthy, hanging }, sizes.endpoints);
  const product = await startProduct(ground, { AMPS_DELIVERY_TIMEOUT: DELIVERY_TIMEOUT });
  const { apiKey } = ground;
  await publishToNeighbours(neighbours, product, { apiKey, seconds: sizes.seconds });
  return product;
}

async function pour({ database, sizes }: Context, receivers: Receivers): Promise<RunningProduct> {
  const ground = await prepareGround(database);
  for (let number = 0; number < ENDLESS_ENDPOINTS; number += 1) {
    await addEndpoint(ground, `${receivers.endless}/hook/${number}`);
  }
  const product = await startProduct(ground);
  const requests = Math.ceil((sizes.deliveries * ENDLESS_SHARE) / ENDLESS_ENDPOINTS);
  await startPublisher().call("saturate", {
    url: product.url,
    apiKey: ground.apiKey,
    paths: [PUBLISH_PATH],
    body: publishBody(),
    requests,
    connections: CONNECTIONS,
  });
  await untilStored(ground, receivers.receiver, requests * ENDLESS_ENDPOINTS);
  return product;
}

const SCENARIOS: Record<"drain" | "isolation" | "endless bodies", Scenario> = {
  drain,
  isolation: hang,
  "endless bodies": pour,
};

async function openReceivers({ endpoints }: Sizes): Promise<Receivers> {
  const receiver = startReceiver();
  const answering = await receiver.call("open", { manner: "answer", count: endpoints });
  const hanging = await receiver.call("open", { manner: "hang", count: endpoints });
  const [endless = ""] = await receiver.call("open", { manner: "endless" });
  return { receiver, answering, hanging, endless };
}

export const memory: Benchmark = {
  name: "memory",
  does: "peak resident memory of a node over a drain, hanging receivers and endless bodies",
  goal: { field: "peakMiB", better: "lower", must: 256, aim: 200 },
  defaults: { runs: 3, deliveries: 100_000, endpoints: 1_000, seconds: 20 },
  async run(context) {
    const { sizes, progress } = context;
    const receivers = await openReceivers(sizes);
    const peaks = new Map<string, number[]>();
    for (let run = 1; run <= sizes.runs; run += 1) {
      for (const [name, scenario] of Object.entries(SCENARIOS)) {
        progress(`run ${run} of ${sizes.runs}: ${name}`);
        const bytes = await tidily(async () => {
          await receivers.receiver.call("reset", {});
          const product = await scenario(context, receivers);
          return product.process.call("peakBytes");
        });
        peaks.set(name, [...(peaks.get(name) ?? []), bytes / MIB]);
      }
    }
    const rows = [...peaks].map(([label, values]) => ({
      label,
      value: median(values),
      unit: "MiB",
    }));
    return {
      rows,
      fields: {
        peakMiB: Math.max(...rows.map(({ value }) => value)),
        drainMiB: median(peaks.get("drain") ?? []),
        isolationMiB: median(peaks.get("isolation") ?? []),
        endlessMiB: median(peaks.get("endless bodies") ?? []),
      },
    };
  },
};
