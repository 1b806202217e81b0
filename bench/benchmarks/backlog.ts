import type { Benchmark, Context } from "../benchmark.ts";
import { startProduct, startReceiver } from "../harness/cast.ts";
import type { Child } from "../harness/child.ts";
import { tidily } from "../harness/cleanup.ts";
import { addApplication, addBacklog, addEndpoint, prepareGround } from "../harness/ground.ts";
import { freshenMemory } from "../harness/memory.ts";
import { median, percentile } from "../harness/statistics.ts";
import type { Receiver } from "../processes/receiver.ts";

const ENDPOINTS_PER_APPLICATION = 100;
/** One endpoint of so many is dead. */
const DEAD_EACH = 100;
/** The rate is taken up to this part of the deliveries, while there still are plenty. */
const COUNTED_SHARE = 0.95;
/** Amps and the database take some 300 MiB from the machine in a run of 100,000; some more for whoever else takes. */
const MEMORY_BYTES_EACH = 8192;
/** Takes no connection: what listens there is nobody's. */
const REFUSING_URL = "http://127.0.0.1:1";

interface Urls {
  answering: string;
  failing: string;
}

interface Drained {
  perSecond: number;
  claimMs: number[];
}

async function drainOnce(
  { database, sizes }: Context,
  { receiver, urls }: { receiver: Child<Receiver>; urls: Urls },
  { waiting, dead }: { waiting: number; dead: boolean },
): Promise<Drained> {
  const ground = await prepareGround(database);
  const endpoints = [];
  let applicationId = "";
  for (let number = 0; number < sizes.endpoints; number += 1) {
    if (number % ENDPOINTS_PER_APPLICATION === 0) {
      applicationId = await addApplication(ground, `app-${number}`);
    }
    const isDead = dead && number % DEAD_EACH === DEAD_EACH / 2;
    // Half of the dead refuse connections, half of them answer 500.
    const deadUrl = (number / DEAD_EACH) % 2 < 1 ? REFUSING_URL : urls.failing;
    const url = isDead ? deadUrl : urls.answering;
    endpoints.push(await addEndpoint(ground, `${url}/hook/${number}`, { applicationId }));
  }
  await addBacklog(ground, endpoints, waiting);
  await receiver.call("reset", { count: "answer" });
  await freshenMemory(sizes.deliveries * MEMORY_BYTES_EACH);
  const product = await startProduct(ground, { AMPS_ROLES: "engine" }, true);
  const count = Math.floor(sizes.deliveries * COUNTED_SHARE);
  const endedAt = await receiver.call("reached", { count });
  const claimMs = await product.process.call("statementMs", { prefix: "claim-due" });
  return { perSecond: (count / (endedAt - product.startedAt)) * 1000, claimMs };
}

export const backlog: Benchmark = {
  name: "backlog",
  does: "drain rate with very many waiting and 1 % of the endpoints dead, against an empty start",
  goal: { field: "ratioToEmpty", better: "higher", must: 0.9, aim: 1 },
  defaults: { runs: 3, deliveries: 100_000, endpoints: 1_000, waiting: 1_000_000 },
  async run(context) {
    const { sizes, progress } = context;
    const receiver = startReceiver();
    const [answering = ""] = await receiver.call("open", { manner: "answer" });
    const [failing = ""] = await receiver.call("open", { manner: "fail" });
    const stage = { receiver, urls: { answering, failing } };
    const sides = {
      empty: { waiting: sizes.deliveries, dead: false },
      full: { waiting: sizes.waiting, dead: true },
    };
    const drained = { empty: [] as Drained[], full: [] as Drained[] };
    for (let run = 1; run <= sizes.runs; run += 1) {
      for (const side of ["empty", "full"] as const) {
        progress(`run ${run} of ${sizes.runs}: ${sides[side].waiting} waiting`);
        drained[side].push(await tidily(() => drainOnce(context, stage, sides[side])));
      }
    }
    const rate = (side: keyof typeof drained): number =>
      median(drained[side].map(({ perSecond }) => perSecond));
    const claimP99 = (side: keyof typeof drained): number =>
      percentile(
        drained[side].flatMap(({ claimMs }) => claimMs),
        0.99,
      );
    const ratios = drained.full.map(
      ({ perSecond }, run) => perSecond / (drained.empty[run]?.perSecond ?? Number.NaN),
    );
    return {
      rows: [
        { label: "empty start", value: rate("empty"), unit: "/s" },
        { label: "many waiting", value: rate("full"), unit: "/s" },
        { label: "claim p99, empty start", value: claimP99("empty"), unit: "ms" },
        { label: "claim p99, many waiting", value: claimP99("full"), unit: "ms" },
      ],
      fields: {
        ratioToEmpty: median(ratios),
        ratioToEmptyRuns: ratios,
        claimP99Ms: claimP99("full"),
        emptyClaimP99Ms: claimP99("empty"),
        perSecond: rate("full"),
        emptyPerSecond: rate("empty"),
      },
    };
  },
};
