import type { Benchmark, Context } from "../benchmark.ts";
import { againstQuiet } from "../harness/against-quiet.ts";
import { CONNECTIONS, startProduct, startPublisher, startReceiver } from "../harness/cast.ts";
import type { Child } from "../harness/child.ts";
import { publishBody } from "../harness/event.ts";
import { addApplication, addEndpoint, type Ground, prepareGround } from "../harness/ground.ts";
import type { Target } from "../processes/publisher.ts";
import type { Receiver } from "../processes/receiver.ts";
import { waitsOf } from "./latency.ts";

const OTHERS = 4;
const PER_SECOND_EACH = 50;
const WARM_UP_SECONDS = 2;
/** Of the burst, before either side is measured: cold code would be a third of what is above the p99. */
const WARM_UP_SHARE = 0.05;

interface Stage {
  ground: Ground;
  receiver: Child<Receiver>;
  sizes: Context["sizes"];
  others: Target[];
  bursting: Target;
}

async function addTenant(ground: Ground, uid: string, url: string): Promise<Target> {
  const applicationId = await addApplication(ground, uid);
  await addEndpoint(ground, `${url}/hook`, { applicationId });
  return { path: `/api/v1/app/${uid}/msg`, body: publishBody() };
}

/** The others publish at their rate, for as long as the burst takes to be accepted and delivered. */
async function measure(stage: Stage, burst: boolean): Promise<number[]> {
  const { ground, receiver, sizes, others, bursting } = stage;
  const { url } = await startProduct(ground);
  const { apiKey } = ground;
  const publisher = startPublisher();
  const burster = startPublisher();
  const sendBurst = async (requests: number): Promise<void> => {
    const { path, body } = bursting;
    await burster.call("saturate", {
      url,
      apiKey,
      paths: [path],
      body,
      requests,
      connections: CONNECTIONS,
    });
    await receiver.call("reached", { count: requests });
  };
  const steady = { url, apiKey, targets: others, perSecond: PER_SECOND_EACH * OTHERS };
  await receiver.call("reset", {});
  await sendBurst(Math.ceil(sizes.deliveries * WARM_UP_SHARE));
  await receiver.call("reset", {});
  const seconds = Math.min(WARM_UP_SECONDS, sizes.seconds);
  const warm = await publisher.call("pace", { ...steady, seconds });
  await receiver.call("reached", { count: warm.length });
  await receiver.call("reset", { keepArrivals: true });
  if (!burst) {
    const published = await publisher.call("pace", { ...steady, seconds: sizes.seconds });
    await receiver.call("reached", { count: published.length });
    return waitsOf(published, await receiver.call("arrivals")).requested;
  }
  const paced = publisher.call("pace", steady);
  await sendBurst(sizes.deliveries);
  await publisher.call("stopPace");
  const published = await paced;
  await receiver.call("reached", { count: sizes.deliveries + published.length });
  return waitsOf(published, await receiver.call("arrivals")).requested;
}

export const tenants: Benchmark = {
  name: "tenants",
  does: `one tenant bursts; ${OTHERS} others, ${PER_SECOND_EACH} events/s each, wait meanwhile`,
  goal: { field: "othersP99Ratio", better: "lower", must: 3, aim: 1.5 },
  defaults: { runs: 3, deliveries: 100_000, seconds: 20 },
  async run({ database, sizes, progress }) {
    const receiver = startReceiver();
    const urls = await receiver.call("open", { manner: "answer", count: OTHERS + 1 });
    return againstQuiet({
      field: "othersP99Ratio",
      runs: sizes.runs,
      labels: { quiet: "no burst", troubled: "during the burst" },
      progress,
      measure: async (burst) => {
        const ground = await prepareGround(database);
        const bursting = await addTenant(ground, "bursting", urls[OTHERS] ?? "");
        const others: Target[] = [];
        for (let number = 0; number < OTHERS; number += 1) {
          others.push(await addTenant(ground, `other-${number}`, urls[number] ?? ""));
        }
        return measure({ ground, receiver, sizes, others, bursting }, burst);
      },
    });
  },
};
