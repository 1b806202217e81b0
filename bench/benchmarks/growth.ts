import type { Benchmark, Context } from "../benchmark.ts";
import { countCpu } from "../harness/against-floor.ts";
import {
  checkStored,
  CONNECTIONS,
  startProduct,
  startPublisher,
  startReceiver,
  untilNothingIsOwed,
} from "../harness/cast.ts";
import type { Child } from "../harness/child.ts";
import { tidily } from "../harness/cleanup.ts";
import { publishBody } from "../harness/event.ts";
import {
  addEndpoint,
  addHistory,
  countStored,
  type Ground,
  prepareGround,
} from "../harness/ground.ts";
import { median } from "../harness/statistics.ts";
import type { Receiver } from "../processes/receiver.ts";
import { PUBLISH_PATH } from "./ingest.ts";

const WARM_UP_SHARE = 0.1;

interface Cost {
  node: number;
  postgres: number;
}

/** CPU per event, from its publication to its stored result; the load generator's is not counted. */
async function costOf(
  { database, sizes }: Context,
  ground: Ground,
  receiver: Child<Receiver>,
): Promise<Cost> {
  const { deliveries } = sizes;
  const product = await startProduct(ground);
  const publisher = startPublisher();
  const publish = async (requests: number): Promise<void> => {
    await receiver.call("reset", {});
    await publisher.call("saturate", {
      url: product.url,
      apiKey: ground.apiKey,
      paths: [PUBLISH_PATH],
      body: publishBody(),
      requests,
      connections: CONNECTIONS,
    });
    await untilNothingIsOwed(ground, receiver, requests);
  };
  const before = await countStored(ground);
  const warmUp = Math.ceil(deliveries * WARM_UP_SHARE);
  await publish(warmUp);
  const spent = await countCpu([product.process], database);
  await publish(deliveries);
  const { nodeCpuUs, postgresCpuUs = 0 } = await spent(deliveries);
  // Not before: to count a million takes PostgreSQL as long as a thousand deliveries.
  checkStored(await countStored(ground), before.delivered + warmUp + deliveries);
  // The next one on this ground finds nothing to take over.
  await product.process.call("stop");
  return { node: nodeCpuUs, postgres: postgresCpuUs };
}

export const growth: Benchmark = {
  name: "growth",
  does: "CPU per delivery, of node and database, with more and more messages of history",
  goal: { field: "spread", better: "lower", must: 0.15, aim: 0.05 },
  defaults: { runs: 3, deliveries: 20_000, history: [10_000, 100_000, 1_000_000] },
  async run(context) {
    const { sizes, progress, database } = context;
    const receiver = startReceiver();
    const [url = ""] = await receiver.call("open", { manner: "answer" });
    const stages = [];
    for (const history of sizes.history) {
      progress(`preparing ${history} messages of history`);
      const ground = await prepareGround(database);
      const endpoint = await addEndpoint(ground, `${url}/hook`);
      await addHistory(ground, endpoint, history);
      stages.push({ history, ground, costs: [] as Cost[] });
    }
    for (let run = 1; run <= sizes.runs; run += 1) {
      // Autovacuum comes every ten seconds, which three stages take: in one order the same one always paid for it.
      const first = (run - 1) % stages.length;
      for (const { history, ground, costs } of [
        ...stages.slice(first),
        ...stages.slice(0, first),
      ]) {
        progress(`run ${run} of ${sizes.runs}: ${history} messages of history`);
        costs.push(await tidily(() => costOf(context, ground, receiver)));
      }
    }
    const node = stages.map(({ costs }) => median(costs.map((cost) => cost.node)));
    const postgres = stages.map(({ costs }) => median(costs.map((cost) => cost.postgres)));
    const total = stages.map(({ costs }) => median(costs.map((c) => c.node + c.postgres)));
    const [least = Number.NaN] = total;
    return {
      rows: stages.map(({ history }, index) => ({
        label: `${history.toLocaleString("en-US")} messages`,
        value: total[index] ?? Number.NaN,
        unit: "µs",
        note: `node ${node[index]?.toFixed(0)}, database ${postgres[index]?.toFixed(0)}`,
      })),
      fields: {
        // How far the farthest is from the smallest history, either way.
        spread: Math.max(...total.map((cost) => Math.abs(cost / least - 1))),
        cpuUsPerDelivery: total,
        nodeCpuUs: node,
        postgresCpuUs: postgres,
        history: stages.map(({ history }) => history),
      },
    };
  },
};
