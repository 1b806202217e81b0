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
import { PUSH_BODY } from "../harness/event.ts";
import { addEndpoint, type Ground, prepareGround } from "../harness/ground.ts";
import type { Receiver } from "../processes/receiver.ts";

/** As many as a sandbox may have: a battery takes one action at a time. */
const BATTERIES = 1_000;
const WARM_UP_SHARE = 0.05;

export const BATTERY_SETTINGS = {
  AMPS_SANDBOX_BATTERIES: String(BATTERIES),
  AMPS_SANDBOX_SPEED: "10000",
};

export async function pushPaths(ground: Ground): Promise<string[]> {
  const rows = await ground.storage.query<{ device_id: string }>(
    { name: "", text: "SELECT device_id FROM device ORDER BY device_id" },
    [],
  );
  return rows.map(({ device_id: deviceId }) => `/battery/${deviceId}`);
}

/** From the first push to the last stored result of a `push.completed`. */
async function actOnce(
  { database, sizes }: Context,
  receiver: Child<Receiver>,
  receiverUrl: string,
): Promise<Throughput> {
  const { deliveries } = sizes;
  const ground = await prepareGround(database);
  await addEndpoint(ground, `${receiverUrl}/hook`);
  const product = await startProduct(ground, BATTERY_SETTINGS);
  const publisher = startPublisher();
  const warmUp = Math.ceil(deliveries * WARM_UP_SHARE);
  const load = {
    url: product.url,
    apiKey: ground.apiKey,
    paths: await pushPaths(ground),
    body: PUSH_BODY,
    connections: CONNECTIONS,
  };
  await receiver.call("reset", {});
  await publisher.call("saturate", { ...load, requests: warmUp });
  await untilStored(ground, receiver, warmUp);
  const spent = await countCpu([product.process], database);
  const pushed = await publisher.call("saturate", { ...load, requests: deliveries });
  const endedAt = await untilStored(ground, receiver, warmUp + deliveries);
  return {
    perSecond: (deliveries / (endedAt - pushed.startedAt)) * 1000,
    ...(await spent(deliveries)),
    extra: { refusedShare: pushed.refused / (pushed.refused + deliveries) },
  };
}

export const actions: Benchmark = {
  name: "actions",
  does: "pushes to sandbox batteries that complete at once, to push.completed delivered and stored",
  goal: { field: "ratioToFloor", better: "higher", must: 0.1, aim: 0.3 },
  defaults: { runs: 3, deliveries: 20_000 },
  async run(context) {
    const { sizes, progress } = context;
    const receiver = startReceiver();
    const [url = ""] = await receiver.call("open", { manner: "answer" });
    return againstFloor({
      label: "actions",
      runs: sizes.runs,
      requests: sizes.deliveries,
      receiverUrl: url,
      progress,
      measure: () => actOnce(context, receiver, url),
    });
  },
};
