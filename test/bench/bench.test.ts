/**
 * Every benchmark at its smallest, as `npm run bench -- NAME --json` runs it: that it measures what
 * it names, in the shape that programs read. How fast anything is, is not judged here.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { findBrowser } from "../support/browser/find-browser.ts";
import { enablingCommand, thisMachine } from "../support/browser/provide-browser.ts";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../..");
const MAIN = path.join(ROOT, "bench/main.ts");
const TINY = "--runs 1 --deliveries 60 --seconds 0.5 --endpoints 20 --waiting 200 --history 50,100";

/** The benchmarks start some forty processes; with their code compiled once it takes half as long. */
let compileCache: string;

beforeAll(async () => {
  compileCache = await mkdtemp(path.join(tmpdir(), "amps-bench-code-"));
});

afterAll(() => rm(compileCache, { recursive: true, force: true }));

interface Run {
  code: number | null;
  output: string;
  errors: string;
}

/** On the database of the test run: starting one each time would take longer than the benchmark. */
async function bench(...args: string[]): Promise<Run> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: ROOT,
    env: {
      ...process.env,
      DATABASE_URL: inject("databaseUrl"),
      NODE_COMPILE_CACHE: compileCache,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = await once(child, "close");
  return { code: Number(code), output, errors };
}

/** The fields that the name promises, all of them positive numbers. */
const FIELDS: Record<string, string[]> = {
  floor: ["perSecond", "cpuUsPerRequest"],
  drain: [
    "ratioToFloor",
    "warmRatioToFloor",
    "perSecond",
    "floorPerSecond",
    "floorCpuUs",
    "nodeCpuUs",
  ],
  ingest: ["ratioToFloor", "perSecond", "floorPerSecond", "acceptedPerSecond", "nodeCpuUs"],
  actions: ["ratioToFloor", "perSecond", "floorPerSecond", "nodeCpuUs"],
  latency: ["ratioToBareHttp", "settledP50Ms", "settledP99Ms", "requestedP99Ms", "bareP99Ms"],
  backlog: ["ratioToEmpty", "claimP99Ms", "emptyClaimP99Ms", "perSecond", "emptyPerSecond"],
  isolation: ["healthyP99Ratio", "quietP99Ms", "troubledP99Ms", "quietEvents", "troubledEvents"],
  tenants: ["othersP99Ratio", "quietP99Ms", "troubledP99Ms", "quietEvents", "troubledEvents"],
  processes: ["ratioToOne", "perSecond", "onePerSecond", "nodeCpuUs", "oneNodeCpuUs"],
  growth: ["nodeCpuUs", "cpuUsPerDelivery", "history"],
  lists: ["worstRatio", "ratios", "largeP99Ms", "smallP99Ms", "history"],
  memory: ["peakMiB", "drainMiB", "isolationMiB", "endlessMiB"],
  baseline: ["timesFaster", "timesFasterThanBullmq", "timesFasterThanPgBoss", "bullmqPerSecond"],
  dashboard: ["interactiveMs", "shownMs", "scriptKb"],
};
const machine = thisMachine(() => undefined);
/** What benchmarks need that is no package of npm's, and what is said where it is not. */
const helpers: Record<string, { there: boolean; advice: string }> = {
  baseline: {
    there: spawnSync("redis-server", ["--version"]).status === 0,
    advice: "apt-get install redis-server",
  },
  dashboard: {
    there: (await findBrowser(machine)) !== undefined,
    advice: enablingCommand(machine),
  },
};
const hasAll = Object.values(helpers).every(({ there }) => there);

test("the list names every benchmark with what it must reach", async () => {
  const { code, output } = await bench();
  expect(code).toBe(0);
  for (const name of Object.keys(FIELDS)) expect(output).toMatch(new RegExp(`^ {2}${name} `, "m"));
  expect(output).toContain("must reach ratioToFloor ≥ 0.5, aim ≥ 0.8");
});

test("all of them run, and each prints what it promises", { timeout: 600_000 }, async () => {
  const { code, output, errors } = await bench("all", "--json", ...TINY.split(" "));
  expect(output.trim().split("\n"), errors).toHaveLength(1);
  expect(code, errors).toBe(hasAll ? 0 : 1);
  const { results } = JSON.parse(output) as { results: Record<string, unknown>[] };
  expect(results.map(({ name }) => name)).toEqual(Object.keys(FIELDS));
  for (const result of results) {
    const name = String(result["name"]);
    if (name in helpers && !helpers[name]?.there) {
      expect(result["notRun"]).toContain(helpers[name]?.advice);
      continue;
    }
    for (const field of FIELDS[name] ?? []) {
      const values = [result[field]].flat();
      expect(values.length, `${name} ${field}`).toBeGreaterThan(0);
      for (const value of values) expect(value, `${name} ${field}`).toBeGreaterThan(0);
    }
    expect(result).toMatchObject({
      machine: expect.stringContaining("×"),
      node: process.version,
      database: expect.stringMatching(/^PostgreSQL \d+.* from DATABASE_URL, fsync (on|off)/),
      commit: expect.stringMatching(/^([0-9a-f]{7,}|unknown)/),
    });
    if (name === "floor") continue;
    expect(typeof result["must"]).toBe("number");
    expect(typeof result["reachesMust"]).toBe("boolean");
    expect(typeof result["reachesAim"]).toBe("boolean");
  }
  const byName = new Map(results.map((result) => [result["name"], result]));
  expect(byName.get("growth")).toMatchObject({ history: [50, 100] });
  // 200 events/s to four others, for half a second, all of them measured.
  expect(byName.get("tenants")).toMatchObject({ quietEvents: 100 });
  // One of ten is healthy; each is published to in turn.
  expect(byName.get("isolation")).toMatchObject({ quietEvents: 25, troubledEvents: 25 });
  // No Node process is smaller than this, nor larger after so little.
  expect(byName.get("memory")?.["peakMiB"]).toBeGreaterThan(40);
  expect(byName.get("memory")?.["peakMiB"]).toBeLessThan(1_000);
});

test("for people there is a table with bars, and a word on what is reached", async () => {
  const { code, output, errors } = await bench("drain", "--runs", "1", "--deliveries", "60");
  expect(code, errors).toBe(0);
  expect(output).toMatch(/^machine {3}\d+ × /m);
  expect(output).toMatch(/^ {2}drain +[\d,.]+\/s {2}[▏▎▍▌▋▊▉█]+$/m);
  expect(output).toMatch(/^ratioToFloor [\d.]+: must be ≥ 0\.5, (NOT )?reached; aim ≥ 0\.8, /m);
});

test("what it does not know, it refuses", async () => {
  expect(await bench("drian")).toMatchObject({
    code: 1,
    errors: expect.stringContaining("drain,"),
  });
  expect(await bench("floor", "--seconds", "3")).toMatchObject({
    code: 1,
    errors: expect.stringContaining("it has --runs --deliveries"),
  });
  expect(await bench("drain", "--runs", "none")).toMatchObject({
    code: 1,
    errors: expect.stringContaining('--runs: must be a whole number above 0 (got "none")'),
  });
});
