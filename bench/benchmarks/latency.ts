import type { Benchmark, Context, Outcome, Row } from "../benchmark.ts";
import {
  type RunningProduct,
  startPoster,
  startProduct,
  startPublisher,
  startReceiver,
} from "../harness/cast.ts";
import type { Child } from "../harness/child.ts";
import { PUSH_BODY, publishBody } from "../harness/event.ts";
import { addEndpoint, type Ground, prepareGround } from "../harness/ground.ts";
import { median, percentile } from "../harness/statistics.ts";
import type { Poster } from "../processes/poster.ts";
import type { Publisher, Published } from "../processes/publisher.ts";
import type { Receiver } from "../processes/receiver.ts";
import { BATTERY_SETTINGS, pushPaths } from "./actions.ts";
import { PUBLISH_PATH } from "./ingest.ts";

const PER_SECOND = 200;
const WARM_UP_SECONDS = 2;

interface Stage {
  ground: Ground;
  receiver: Child<Receiver>;
  receiverUrl: string;
  publisher: Child<Publisher>;
  poster: Child<Poster>;
  product: RunningProduct;
  paths: string[];
}

async function prepare({ database }: Context): Promise<Stage> {
  const receiver = startReceiver();
  const [receiverUrl = ""] = await receiver.call("open", { manner: "answer" });
  const ground = await prepareGround(database);
  await addEndpoint(ground, `${receiverUrl}/hook`);
  const product = await startProduct(ground, BATTERY_SETTINGS, true);
  const paths = await pushPaths(ground);
  const publisher = startPublisher();
  const poster = startPoster();
  return { ground, receiver, receiverUrl, publisher, poster, product, paths };
}

/** A bare signed post: from its begin to the receiver. */
async function measureBare(stage: Stage, seconds: number): Promise<number[]> {
  const { receiver, poster, receiverUrl: url } = stage;
  await receiver.call("reset", { keepArrivals: true });
  const begun = await poster.call("pace", { url, perSecond: PER_SECOND, seconds });
  await receiver.call("reached", { count: begun.size });
  const arrivals = await receiver.call("arrivals");
  return [...begun].map(([id, at]) => arrivalOf(id, arrivals) - at);
}

function arrivalOf(id: string, arrivals: Map<string, number>): number {
  const at = arrivals.get(id);
  if (at === undefined) throw new Error(`The message ${id} did not arrive.`);
  return at;
}

interface Waits {
  /** From the 202 as the publisher sees it; below 0 when the receiver was told before. */
  accepted: number[];
  /** From the begin of the publisher's request, its commit included. */
  requested: number[];
}

export function waitsOf(published: Published[], arrivals: Map<string, number>): Waits {
  const arrivedAt = ({ id }: Published): number => arrivalOf(id, arrivals);
  return {
    accepted: published.map((event) => arrivedAt(event) - event.acceptedAt),
    requested: published.map((event) => arrivedAt(event) - event.requestedAt),
  };
}

async function measureEvents(stage: Stage, seconds: number): Promise<Waits> {
  const { receiver, publisher, product, ground } = stage;
  await receiver.call("reset", { keepArrivals: true });
  const published = await publisher.call("pace", {
    url: product.url,
    apiKey: ground.apiKey,
    targets: [{ path: PUBLISH_PATH, body: publishBody() }],
    perSecond: PER_SECOND,
    seconds,
  });
  await receiver.call("reached", { count: published.length });
  return waitsOf(published, await receiver.call("arrivals"));
}

interface SettledWaits {
  /** From the commit of the action's settling, as the product learns of it. */
  settled: number[];
  /** From `completedAt`, which is told before the commit and cut to the millisecond. */
  completed: number[];
}

async function measureActions(stage: Stage, seconds: number): Promise<SettledWaits> {
  const { receiver, publisher, product, ground, paths } = stage;
  await receiver.call("reset", { keepArrivals: true, keepSinceCompleted: true });
  await product.process.call("settled");
  const pushed = await publisher.call("pace", {
    url: product.url,
    apiKey: ground.apiKey,
    targets: paths.map((path) => ({ path, body: PUSH_BODY })),
    perSecond: PER_SECOND,
    seconds,
  });
  await receiver.call("reached", { count: pushed.length });
  const arrivals = await receiver.call("arrivals");
  const settled = await product.process.call("settled");
  return {
    settled: [...settled].map(([id, at]) => arrivalOf(id, arrivals) - at),
    completed: await receiver.call("sinceCompleted"),
  };
}

/** Per run. */
type Figures = Record<"bare" | "accepted" | "requested" | "settled" | "completed", number[]>;

function emptyFigures(): Figures {
  return { bare: [], accepted: [], requested: [], settled: [], completed: [] };
}

export const latency: Benchmark = {
  name: "latency",
  does: `${PER_SECOND} events/s: from the 202, and from the action's settling, to the receiver`,
  goal: { field: "ratioToBareHttp", better: "lower", must: 5, aim: 2 },
  defaults: { runs: 3, seconds: 10 },
  async run(context) {
    const { sizes, progress } = context;
    const stage = await prepare(context);
    progress("warm-up");
    for (const measure of [measureBare, measureEvents, measureActions]) {
      await measure(stage, Math.min(WARM_UP_SECONDS, sizes.seconds));
    }
    const p50s = emptyFigures();
    const p99s = emptyFigures();
    const early: number[] = [];
    const note = (name: keyof Figures, waits: number[]): void => {
      p50s[name].push(percentile(waits, 0.5));
      p99s[name].push(percentile(waits, 0.99));
    };
    for (let run = 1; run <= sizes.runs; run += 1) {
      progress(`run ${run} of ${sizes.runs}: bare posts`);
      note("bare", await measureBare(stage, sizes.seconds));
      progress(`run ${run} of ${sizes.runs}: events`);
      const { accepted, requested } = await measureEvents(stage, sizes.seconds);
      note("accepted", accepted);
      note("requested", requested);
      early.push(accepted.filter((ms) => ms < 0).length / accepted.length);
      progress(`run ${run} of ${sizes.runs}: actions`);
      const { settled, completed } = await measureActions(stage, sizes.seconds);
      note("settled", settled);
      note("completed", completed);
    }
    return summarise(p50s, p99s, median(early));
  },
};

function summarise(p50s: Figures, p99s: Figures, early: number): Outcome {
  const p50 = (name: keyof Figures): number => median(p50s[name]);
  const p99 = (name: keyof Figures): number => median(p99s[name]);
  const accepted = p99("accepted") / p99("bare");
  const settled = p99("settled") / p99("bare");
  const row = (label: string, value: number): Row => ({ label, value, unit: "ms" });
  return {
    rows: [
      row("bare post p50", p50("bare")),
      row("bare post p99", p99("bare")),
      row("event after its 202 p50", Math.max(0, p50("accepted"))),
      row("event after its 202 p99", Math.max(0, p99("accepted"))),
      row("event after its request p50", p50("requested")),
      row("event after its request p99", p99("requested")),
      row("event after settling p50", p50("settled")),
      row("event after settling p99", p99("settled")),
      row("event after completedAt p50", p50("completed")),
      row("event after completedAt p99", p99("completed")),
    ],
    fields: {
      // Of the two the worse.
      ratioToBareHttp: Math.max(accepted, settled),
      acceptedRatioToBareHttp: accepted,
      settledRatioToBareHttp: settled,
      p50Ms: p50("accepted"),
      p99Ms: p99("accepted"),
      settledP50Ms: p50("settled"),
      settledP99Ms: p99("settled"),
      completedP50Ms: p50("completed"),
      completedP99Ms: p99("completed"),
      requestedP50Ms: p50("requested"),
      requestedP99Ms: p99("requested"),
      bareP50Ms: p50("bare"),
      bareP99Ms: p99("bare"),
      toldBeforeThe202: early,
    },
  };
}
