import type { Benchmark, Context } from "../benchmark.ts";
import { startProduct } from "../harness/cast.ts";
import { prepareGround } from "../harness/ground.ts";
import { HttpConnection } from "../harness/http-connection.ts";
import { addLog, type LoggedGround, RARE } from "../harness/logged-ground.ts";
import { median, percentile } from "../harness/statistics.ts";
import { monotonicMs } from "../harness/time.ts";

/** A percentile of fewer is none. */
const REQUESTS_MIN = 5;
const WARM_UP_REQUESTS = 3;
const SHARE = 0.99;

interface Stage extends LoggedGround {
  history: number;
  url: string;
  apiKey: string;
}

/** What is listed and searched, by name; on each ground with its own ids. */
function queriesOf({
  endpointId,
  middleId,
  middleAt,
  newestId,
}: LoggedGround): Map<string, string> {
  const app = "/api/v1/app/default";
  const log = { deliveries: `${app}/delivery`, attempts: `${app}/attempt` };
  const queries = new Map([
    ["messages", `${app}/msg`],
    ["messages, from the middle", `${app}/msg?iterator=${middleId}`],
    ["messages of a type", `${app}/msg?event_types=push.completed`],
    ["endpoints", `${app}/endpoint`],
    ["attempts of an endpoint", `${app}/attempt/endpoint/${endpointId}`],
    ["attempts of a message", `${app}/attempt/msg/${newestId}`],
    ["messages of an endpoint", `${app}/endpoint/${endpointId}/msg`],
    ["endpoints of a message", `${app}/msg/${newestId}/endpoint`],
    ["statistics of an endpoint", `${app}/endpoint/${endpointId}/statistics`],
    ["statistics of an endpoint, 28 days", `${app}/endpoint/${endpointId}/statistics?bucket=day`],
    ["statistics of all endpoints", `${app}/statistics`],
    ["issues", `${app}/issue`],
    ["open issues", `${app}/issue?state=open`],
    ["deliveries that back off", `${log.deliveries}?status=backing_off`],
    ["deliveries exhausted", `${log.deliveries}?status=exhausted`],
    ["failed attempts", `${log.attempts}?status=2`],
  ]);
  for (const [name, path] of Object.entries(log)) {
    queries.set(name, path);
    queries.set(`${name}, from the middle`, `${path}?before=${middleAt}`);
    queries.set(`${name} of an endpoint`, `${path}?endpoint_id=${endpointId}`);
    queries.set(`${name} of a type`, `${path}?event_types=push.completed`);
    queries.set(`${name} of a rare type`, `${path}?event_types=${RARE}`);
    queries.set(`${name} with a rare tag`, `${path}?tag=${RARE}`);
    queries.set(`${name} on a rare channel`, `${path}?channel=${RARE}`);
    queries.set(`${name} with a rare text`, `${path}?text=${RARE}`);
    queries.set(`${name} that got 5xx`, `${path}?outcome=5xx`);
    queries.set(`${name} that never happened`, `${path}?error_code=dns`);
    queries.set(`${name} slower than any`, `${path}?slower_than_ms=100000`);
  }
  return queries;
}

async function prepare({ database, sizes, progress }: Context, history: number): Promise<Stage> {
  progress(`preparing ${history} messages with three attempts each`);
  const ground = await prepareGround(database);
  const logged = await addLog(ground, { messages: history, endpoints: sizes.endpoints });
  const product = await startProduct(ground);
  progress(`counting the attempts of ${history} messages`);
  await logged.untilCounted();
  return { ...logged, history, url: product.url, apiKey: ground.apiKey };
}

/** On a connection of its own: servers close what was idle while the others were measured. */
async function measure({ url, apiKey }: Stage, path: string, forMs: number): Promise<number[]> {
  const connection = new HttpConnection(url, apiKey);
  const times: number[] = [];
  const endsAt = monotonicMs() + forMs;
  for (let sent = 0; sent < REQUESTS_MIN + WARM_UP_REQUESTS || monotonicMs() < endsAt; sent += 1) {
    const startedAt = monotonicMs();
    const { status, body } = await connection.get(path);
    const tookMs = monotonicMs() - startedAt;
    if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${body}`);
    if (sent >= WARM_UP_REQUESTS) times.push(tookMs);
  }
  connection.close();
  return times;
}

export const lists: Benchmark = {
  name: "lists",
  does: "every list, search and statistic over a long history, against the same over a short one",
  goal: { field: "worstRatio", better: "lower", must: 3, aim: 1.5 },
  defaults: { runs: 3, seconds: 30, endpoints: 20, history: [1_000, 1_000_000] },
  async run(context) {
    const { sizes, progress } = context;
    const stages: Stage[] = [];
    for (const history of sizes.history) stages.push(await prepare(context, history));
    const [small, large] = stages;
    if (small === undefined || large === undefined || stages.length > 2) {
      throw new Error("--history: name two numbers of messages, the smaller first.");
    }
    const names = [...queriesOf(small).keys()];
    const forMs = (sizes.seconds * 1000) / names.length;
    const p99s = new Map(stages.map((stage) => [stage, names.map((): number[] => [])]));
    for (let run = 1; run <= sizes.runs; run += 1) {
      progress(`run ${run} of ${sizes.runs}`);
      for (const [index, name] of names.entries()) {
        for (const stage of stages) {
          const path = queriesOf(stage).get(name) ?? "";
          const times = await measure(stage, path, forMs);
          p99s.get(stage)?.[index]?.push(percentile(times, SHARE));
        }
      }
    }
    const of = (stage: Stage): number[] => (p99s.get(stage) ?? []).map((values) => median(values));
    const smallP99Ms = of(small);
    const largeP99Ms = of(large);
    const ratios = largeP99Ms.map((value, index) => value / (smallP99Ms[index] ?? Number.NaN));
    const worst = Math.max(...ratios);
    return {
      rows: names.map((label, index) => ({
        label,
        value: largeP99Ms[index] ?? Number.NaN,
        unit: "ms",
        note: `× ${ratios[index]?.toFixed(2)} of ${small.history} messages`,
      })),
      fields: {
        worstRatio: worst,
        worst: names[ratios.indexOf(worst)] ?? "",
        queries: names,
        ratios,
        largeP99Ms,
        smallP99Ms,
        history: [...sizes.history],
      },
    };
  },
};
