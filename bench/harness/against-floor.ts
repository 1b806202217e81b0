/**
 * Throughput against the send floor: a floor before and after each run, and the run against their
 * mean, so that the machine's mood hits both. The CPU time beside it depends on that mood less.
 */
import type { Database } from "./database.ts";
import type { Child } from "./child.ts";
import type { Fields, Outcome, Row } from "../benchmark.ts";
import type { Server } from "../processes/server.ts";
import { measureFloor } from "./cast.ts";
import { tidily } from "./cleanup.ts";
import { postgresCpuUs } from "./processor-time.ts";
import { median } from "./statistics.ts";

export interface Throughput {
  perSecond: number;
  /** Without what the product did before it was as warm as the floor, where `perSecond` has it. */
  warmPerSecond?: number;
  /** CPU per delivery of the product's process, and of the database. */
  nodeCpuUs: number;
  postgresCpuUs?: number;
  extra?: Record<string, number>;
}

export interface AgainstFloor {
  label: string;
  runs: number;
  requests: number;
  receiverUrl: string;
  progress: (what: string) => void;
  measure: () => Promise<Throughput>;
}

export async function againstFloor(options: AgainstFloor): Promise<Outcome> {
  const { label, runs, progress, receiverUrl, requests } = options;
  progress("floor");
  const floors = [await measureFloor(receiverUrl, requests)];
  const measured: Throughput[] = [];
  for (let run = 1; run <= runs; run += 1) {
    progress(`run ${run} of ${runs}: ${label}`);
    measured.push(await tidily(options.measure));
    progress(`run ${run} of ${runs}: floor`);
    floors.push(await measureFloor(receiverUrl, requests));
  }
  const floorRates = floors.map(({ perSecond }) => perSecond);
  const rates = measured.map(({ perSecond }) => perSecond);
  const ratiosOf = (each: number[]): number[] =>
    each.map((rate, index) => rate / mean(floorRates.slice(index, index + 2)));
  const ratios = ratiosOf(rates);
  const warmRates = measured.flatMap(({ warmPerSecond }) => warmPerSecond ?? []);
  const row = (name: string, value: number): Row => ({ label: name, value, unit: "/s" });
  const floorCpuUs = median(floors.map(({ cpuUs }) => cpuUs));
  const nodeCpuUs = median(measured.map((run) => run.nodeCpuUs));
  const fields: Fields = {
    ratioToFloor: median(ratios),
    ratioToFloorRuns: ratios,
    ...(warmRates.length > 0 && { warmRatioToFloor: median(ratiosOf(warmRates)) }),
    perSecond: median(rates),
    floorPerSecond: median(floorRates),
    // The client's CPU per request as a part of the product's per delivery.
    cpuRatioToFloor: floorCpuUs / nodeCpuUs,
    floorCpuUs,
    nodeCpuUs,
    ...extraFields(measured),
  };
  return { rows: [row("floor", median(floorRates)), row(label, median(rates))], fields };
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function extraFields(measured: Throughput[]): Fields {
  const extras = measured.map(({ extra, postgresCpuUs: cpuUs }) => ({
    ...(cpuUs !== undefined && { postgresCpuUs: cpuUs }),
    ...extra,
  }));
  const names = Object.keys(extras[0] ?? {});
  const values = (name: string): number[] =>
    extras.flatMap((extra: Record<string, number>) => extra[name] ?? []);
  return Object.fromEntries(names.map((name) => [name, median(values(name))]));
}

/** Begins to count. @returns what the product and the database have spent since, per delivery */
export async function countCpu(
  products: Child<Server>[],
  database: Database,
): Promise<(deliveries: number) => Promise<Pick<Throughput, "nodeCpuUs"> & Partial<Throughput>>> {
  const readNodes = async (): Promise<number> => {
    const each = await Promise.all(products.map((product) => product.call("cpuUs")));
    return each.reduce((sum, cpuUs) => sum + cpuUs, 0);
  };
  const nodeBefore = await readNodes();
  const postgresBefore = postgresCpuUs(database.pid);
  return async (deliveries) => {
    const node = (await readNodes()) - nodeBefore;
    const postgres = postgresCpuUs(database.pid);
    return {
      nodeCpuUs: node / deliveries,
      ...(postgres !== undefined &&
        postgresBefore !== undefined && {
          postgresCpuUs: (postgres - postgresBefore) / deliveries,
        }),
    };
  };
}
