import type { Benchmark } from "../benchmark.ts";
import { measureFloor, startReceiver } from "../harness/cast.ts";
import { median } from "../harness/statistics.ts";

export const floor: Benchmark = {
  name: "floor",
  does: "the HTTP client alone, signing and posting, nothing stored",
  defaults: { runs: 3, deliveries: 100_000 },
  async run({ sizes, progress }) {
    const receiver = startReceiver();
    const [url = ""] = await receiver.call("open", { manner: "answer" });
    const rates: number[] = [];
    const costs: number[] = [];
    for (let run = 1; run <= sizes.runs; run += 1) {
      progress(`run ${run} of ${sizes.runs}`);
      const posted = await measureFloor(url, sizes.deliveries);
      rates.push(posted.perSecond);
      costs.push(posted.cpuUs);
    }
    return {
      rows: rates.map((value, index) => ({ label: `run ${index + 1}`, value, unit: "/s" })),
      fields: {
        perSecond: median(rates),
        perSecondRuns: rates,
        cpuUsPerRequest: median(costs),
      },
    };
  },
};
