import type { SecretType } from "../../src/core/signing-secret.ts";
import type { Benchmark, Context } from "../benchmark.ts";
import { type Throughput, againstFloor, countCpu } from "../harness/against-floor.ts";
import { startProduct, startReceiver, untilStored } from "../harness/cast.ts";
import type { Child } from "../harness/child.ts";
import { addBacklog, addEndpoint, type GroundEndpoint, prepareGround } from "../harness/ground.ts";
import type { Receiver } from "../processes/receiver.ts";

/** The floor has done as much before it is measured. */
const WARM_UP_SHARE = 0.05;

/** From the start of the product to the last stored result; and from the end of its warm-up on. */
export async function drainOnce(
  { database, sizes }: Context,
  receiver: Child<Receiver>,
  url: string,
  secretType: SecretType = "hmac256",
): Promise<Throughput> {
  const { deliveries } = sizes;
  const ground = await prepareGround(database);
  const endpoints: GroundEndpoint[] = [];
  for (let number = 0; number < sizes.endpoints; number += 1) {
    endpoints.push(await addEndpoint(ground, `${url}/hook/${number}`, { secretType }));
  }
  await addBacklog(ground, endpoints, deliveries);
  await receiver.call("reset", {});
  const warmUp = Math.ceil(deliveries * WARM_UP_SHARE);
  const warm = receiver.call("reached", { count: warmUp });
  const products = await Promise.all(
    Array.from({ length: sizes.nodes }, () => startProduct(ground, { AMPS_ROLES: "engine" })),
  );
  const spent = await countCpu(
    products.map((product) => product.process),
    database,
  );
  const endedAt = await untilStored(ground, receiver, deliveries);
  const startedAt = Math.min(...products.map((product) => product.startedAt));
  const perSecond = (deliveries / (endedAt - startedAt)) * 1000;
  const warmPerSecond = ((deliveries - warmUp) / (endedAt - (await warm))) * 1000;
  return { perSecond, warmPerSecond, ...(await spent(deliveries)) };
}

export const drain: Benchmark = {
  name: "drain",
  does: "a backlog of stored deliveries to stored results, from the start of the engine",
  goal: { field: "ratioToFloor", better: "higher", must: 0.5, aim: 0.8 },
  defaults: { runs: 3, deliveries: 100_000, endpoints: 20, nodes: 1 },
  async run(context) {
    const { sizes, progress } = context;
    const receiver = startReceiver();
    const [url = ""] = await receiver.call("open", { manner: "answer" });
    return againstFloor({
      label: "drain",
      runs: sizes.runs,
      requests: sizes.deliveries,
      receiverUrl: url,
      progress,
      measure: () => drainOnce(context, receiver, url),
    });
  },
};
