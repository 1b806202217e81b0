import type { Benchmark, Context } from "../benchmark.ts";
import { againstQuiet } from "../harness/against-quiet.ts";
import {
  type RunningProduct,
  startProduct,
  startPublisher,
  startReceiver,
  until,
} from "../harness/cast.ts";
import type { Child } from "../harness/child.ts";
import { publishBody } from "../harness/event.ts";
import { addApplication, addEndpoint, type Ground, prepareGround } from "../harness/ground.ts";
import type { Published, Target } from "../processes/publisher.ts";
import type { Receiver } from "../processes/receiver.ts";
import { waitsOf } from "./latency.ts";

const PER_SECOND = 500;
const ENDPOINTS_PER_APPLICATION = 20;
/** One of so many is healthy, in every application. */
const HEALTHY_EACH = 10;
/** Long enough to hold a slot, short enough to be met within the run. */
export const DELIVERY_TIMEOUT = "5s";

export interface Neighbours {
  targets: Target[];
  healthy: ReadonlySet<number>;
}

/** A receiver of its own for each endpoint, since a shared one would be shared by its own fault. */
export async function addNeighbours(
  ground: Ground,
  urls: { healthy: string[]; hanging: string[] },
  endpoints: number,
): Promise<Neighbours> {
  const targets: Target[] = [];
  const healthy = new Set<number>();
  let applicationId = "";
  for (let number = 0; number < endpoints; number += 1) {
    const uid = `app-${Math.floor(number / ENDPOINTS_PER_APPLICATION)}`;
    if (number % ENDPOINTS_PER_APPLICATION === 0) applicationId = await addApplication(ground, uid);
    const isHealthy = number % HEALTHY_EACH === 0;
    const url = (isHealthy ? urls.healthy : urls.hanging)[number] ?? "";
    const channel = `channel-${number % ENDPOINTS_PER_APPLICATION}`;
    await addEndpoint(ground, `${url}/hook`, { applicationId, channel });
    if (isHealthy) healthy.add(number);
    targets.push({ path: `/api/v1/app/${uid}/msg`, body: publishBody(channel) });
  }
  return { targets, healthy };
}

/** Publishes to all of them in turn. @returns what went to the healthy ones */
export async function publishToNeighbours(
  { targets, healthy }: Neighbours,
  product: RunningProduct,
  { apiKey, seconds }: { apiKey: string; seconds: number },
): Promise<Published[]> {
  const publisher = startPublisher();
  const { url } = product;
  const load = { url, apiKey, targets, perSecond: PER_SECOND };
  // Caches of keys, applications and endpoints fill in the first turn.
  await publisher.call("pace", {
    ...load,
    seconds: Math.min(seconds, targets.length / PER_SECOND),
  });
  const published = await publisher.call("pace", { ...load, seconds });
  return published.filter(({ target }) => healthy.has(target));
}

async function untilArrived(
  receiver: Child<Receiver>,
  published: Published[],
): Promise<Map<string, number>> {
  let arrivals = new Map<string, number>();
  await until(async () => {
    arrivals = await receiver.call("arrivals");
    return published.every(({ id }) => arrivals.has(id));
  }, "all events of healthy endpoints to arrive");
  return arrivals;
}

export const isolation: Benchmark = {
  name: "isolation",
  does: `${PER_SECOND} events/s over many endpoints of which 90 % accept and never answer: the others' wait`,
  goal: { field: "healthyP99Ratio", better: "lower", must: 3, aim: 1.5 },
  defaults: { runs: 3, endpoints: 1_000, seconds: 20 },
  async run({ database, sizes, progress }: Context) {
    const receiver = startReceiver();
    const count = sizes.endpoints;
    const answering = await receiver.call("open", { manner: "answer", count });
    const hanging = await receiver.call("open", { manner: "hang", count });
    return againstQuiet({
      field: "healthyP99Ratio",
      runs: sizes.runs,
      labels: { quiet: "none hangs", troubled: "90 % hang" },
      progress,
      measure: async (troubled) => {
        const ground = await prepareGround(database);
        const urls = { healthy: answering, hanging: troubled ? hanging : answering };
        const neighbours = await addNeighbours(ground, urls, count);
        const product = await startProduct(ground, { AMPS_DELIVERY_TIMEOUT: DELIVERY_TIMEOUT });
        await receiver.call("reset", { keepArrivals: true });
        const { apiKey } = ground;
        const { seconds } = sizes;
        const published = await publishToNeighbours(neighbours, product, { apiKey, seconds });
        return waitsOf(published, await untilArrived(receiver, published)).requested;
      },
    });
  },
};
