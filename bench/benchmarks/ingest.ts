import type { Benchmark, Context } from "../benchmark.ts";
import { type Throughput, againstFloor, countCpu } from "../harness/against-floor.ts";
import {
  CONNECTIONS,
  startProduct,
  startPublisher,
  startReceiver,
  untilStored,
} from "../harness/cast.ts";
import type { Child } from "../harness/child.ts";
import { publishBody } from "../harness/event.ts";
import { addEndpoint, prepareGround } from "../harness/ground.ts";
import type { Receiver } from "../processes/receiver.ts";

export const PUBLISH_PATH = "/api/v1/app/default/msg";
const WARM_UP_SHARE = 0.05;

/** From the first post to the last stored result. */
export async function ingestOnce(
  { database, sizes }: Context,
  receiver: Child<Receiver>,
  receiverUrl: string,
): Promise<Throughput> {
  const { deliveries } = sizes;
  const ground = await prepareGround(database);
  await addEndpoint(ground, `${receiverUrl}/hook`);
  const product = await startProduct(ground);
  const publisher = startPublisher();
  const warmUp = Math.ceil(deliveries * WARM_UP_SHARE);
  const load = {
    url: product.url,
    apiKey: ground.apiKey,
    paths: [PUBLISH_PATH],
    body: publishBody(),
    connections: CONNECTIONS,
  };
  await receiver.call("reset", {});
  await publisher.call("saturate", { ...load, requests: warmUp });
  await untilStored(ground, receiver, warmUp);
  const spent = await countCpu([product.process], database);
  const published = await publisher.call("saturate", { ...load, requests: deliveries });
  const endedAt = await untilStored(ground, receiver, warmUp + deliveries);
  const { startedAt } = published;
  return {
    perSecond: (deliveries / (endedAt - startedAt)) * 1000,
    ...(await spent(deliveries)),
    extra: { acceptedPerSecond: (deliveries / (published.endedAt - startedAt)) * 1000 },
  };
}

export const ingest: Benchmark = {
  name: "ingest",
  does: "HTTP publish at saturation to delivered and stored, load generator included",
  goal: { field: "ratioToFloor", better: "higher", must: 0.25, aim: 0.45 },
  defaults: { runs: 3, deliveries: 50_000 },
  async run(context) {
    const { sizes, progress } = context;
    const receiver = startReceiver();
    const [url = ""] = await receiver.call("open", { manner: "answer" });
    return againstFloor({
      label: "ingest",
      runs: sizes.runs,
      requests: sizes.deliveries,
      receiverUrl: url,
      progress,
      measure: () => ingestOnce(context, receiver, url),
    });
  },
};
