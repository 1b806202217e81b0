import type { Benchmark } from "../benchmark.ts";
import type { Throughput } from "../harness/against-floor.ts";
import { startReceiver } from "../harness/cast.ts";
import { tidily } from "../harness/cleanup.ts";
import { median } from "../harness/statistics.ts";
import { drainOnce } from "./drain.ts";

/**
 * A process of Amps uses one core and the database and the receiver some of the other. So on two cores a
 * second process only pays where Amps itself has the most to do: here each delivery is signed by ed25519,
 * which costs 15 times an HMAC. The total of all CPU time is what both have in common.
 */
export const processes: Benchmark = {
  name: "processes",
  does: "a drain of ed25519-signed deliveries by two engine processes, against one",
  goal: { field: "ratioToOne", better: "higher", must: 1, aim: 1.3 },
  defaults: { runs: 3, deliveries: 50_000, endpoints: 20, nodes: 2 },
  async run(context) {
    const { sizes, progress } = context;
    const receiver = startReceiver();
    const [url = ""] = await receiver.call("open", { manner: "answer" });
    const drain = (nodes: number): Promise<Throughput> =>
      tidily(() => drainOnce({ ...context, sizes: { ...sizes, nodes } }, receiver, url, "ed25519"));
    const one: Throughput[] = [];
    const several: Throughput[] = [];
    for (let run = 1; run <= sizes.runs; run += 1) {
      progress(`run ${run} of ${sizes.runs}: one process`);
      one.push(await drain(1));
      progress(`run ${run} of ${sizes.runs}: ${sizes.nodes} processes`);
      several.push(await drain(sizes.nodes));
    }
    const rate = (runs: Throughput[]): number => median(runs.map(({ perSecond }) => perSecond));
    const cpuUs = (runs: Throughput[]): number => median(runs.map(({ nodeCpuUs }) => nodeCpuUs));
    return {
      rows: [
        { label: "one process", value: rate(one), unit: "/s" },
        { label: `${sizes.nodes} processes`, value: rate(several), unit: "/s" },
      ],
      fields: {
        ratioToOne: rate(several) / rate(one),
        ratioToOneRuns: several.map((run, index) => run.perSecond / (one[index]?.perSecond ?? 0)),
        perSecond: rate(several),
        onePerSecond: rate(one),
        nodeCpuUs: cpuUs(several),
        oneNodeCpuUs: cpuUs(one),
      },
    };
  },
};
