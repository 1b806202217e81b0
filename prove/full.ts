/**
 * The disk of the database fills up under load, and is freed again. Nothing is acknowledged that is not
 * stored, and as space returns everything goes on by itself. PostgreSQL gives up when it cannot write
 * its log; it is started again as any service manager would.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { check, type Context, type Experiment, type Outcome } from "./experiment.ts";
import type { Cut } from "./oracle.ts";
import { conclude, describe } from "./rig/drain.ts";
import { startCluster } from "./rig/ground.ts";
import { Load } from "./rig/load.ts";
import { until } from "./rig/observer.ts";
import type { PostgresServer } from "./rig/postgres.ts";

const DISK_MIB = 224;
const ENDPOINTS = 4;
const PER_SECOND = 200;
const PADDING = 4_000;
const CALM_MS = 500;
const FULL_MS = 2_000;
/** Left to the database when the rest is taken. */
const LEFT_BYTES_MAX = 2 * 1024 * 1024;
const LOG_SEGMENTS_MAX = 20;
const WATCH_MS = 100;
/** What a caller may be told meanwhile; 0 is a connection that ended without an answer. */
const HONEST = new Set([0, 500, 503, 507]);
const SETTINGS = { max_wal_size: "64MB", min_wal_size: "32MB", shared_buffers: "32MB" };

function mount(folder: string): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_MIB}m,mode=0755`, "tmpfs", folder]);
}

function impediment(): string | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), "amps-prove-mount-"));
  try {
    mount(folder);
    execFileSync("umount", [folder]);
    return undefined;
  } catch {
    return "it mounts a small file system, which takes root and the right to mount.";
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Takes all space but `leave` bytes. */
async function fill(disk: string, leave: number): Promise<string> {
  const ballast = path.join(disk, "ballast");
  const { bavail, bsize } = await statfs(disk);
  const bytes = Buffer.alloc(Math.max(0, bavail * bsize - leave));
  await writeFile(ballast, bytes).catch((error: unknown) => {
    // The database has meanwhile taken what was to be left to it: the disk is full all the more.
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  });
  return ballast;
}

/** Has new log files begun until there is no room for one: PostgreSQL gives up then. */
async function exhaustLog(postgres: PostgresServer): Promise<void> {
  for (let segment = 0; segment < LOG_SEGMENTS_MAX; segment += 1) {
    const begun = await postgres
      .query("SELECT pg_logical_emit_message(false, 'prove', 'filler'), pg_switch_wal()")
      .catch(() => undefined);
    if (begun === undefined) return;
  }
}

/** Starts PostgreSQL again whenever it has ended. @returns how to end that, with the number of starts */
function keepRunning(postgres: PostgresServer): () => Promise<number> {
  let starts = 0;
  const ending = new AbortController();
  const watching = (async () => {
    while (!ending.signal.aborted) {
      await delay(WATCH_MS);
      if (postgres.running || ending.signal.aborted) continue;
      starts += 1;
      // Without space it may not come up: the next start will.
      await postgres.start().catch(() => undefined);
    }
  })();
  return async () => {
    ending.abort();
    await watching;
    return starts;
  };
}

async function fillUp(context: Context, rounds: number, entry?: string): Promise<Outcome> {
  const { random } = context;
  const disk = path.join(context.folder, "disk");
  await mkdir(disk, { recursive: true });
  mount(disk);
  context.onEnd(async () => {
    execFileSync("umount", ["--lazy", disk]);
  });
  const { ledger, nodes, eventTypes, postgres } = await startCluster(context, "full", {
    nodes: 2,
    endpoints: ENDPOINTS,
    databaseFolder: path.join(disk, "postgres"),
    settings: SETTINGS,
    ...(entry !== undefined && { entry }),
  });
  const stopWatching = keepRunning(postgres);
  context.onEnd(stopWatching);
  const load = new Load({
    ledger,
    random,
    urls: nodes.urls,
    eventTypes,
    perSecond: PER_SECOND,
    paddingLength: PADDING,
  });
  load.start();
  const cuts: Cut[] = [];
  const recoveries: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    await delay(CALM_MS);
    const before = load.refusals;
    const cut = { from: Date.now(), to: Infinity };
    cuts.push(cut);
    const ballast = await fill(disk, Math.round(random.next() * LEFT_BYTES_MAX));
    if (entry === undefined) {
      await until("an event is refused because the disk is full", () => load.refusals > before);
    }
    if (round % 2 === 0) await exhaustLog(postgres);
    await delay(FULL_MS);
    const freedAt = Date.now();
    await rm(ballast);
    await until(
      "events are accepted again and every bucket has an owner",
      async () => load.lastAcceptedAt > freedAt && (await nodes.observer.orphans("")) === 0,
    );
    cut.to = Date.now();
    recoveries.push(cut.to - freedAt);
    context.progress(
      `${round}/${rounds}: ${ledger.accepted.length} accepted, ${load.refusals} refused`,
    );
  }
  await load.stop();
  const outcome = await conclude({ ledger, observer: nodes.observer, cuts });
  const starts = await stopWatching();
  outcome.counts["refused"] = load.refusals;
  outcome.measures["answers meanwhile"] = [...load.refused]
    .map(([status, n]) => `${n} × ${status === 0 ? "no answer" : status}`)
    .join(", ");
  outcome.measures["accepting again after space returned"] = describe(recoveries);
  outcome.measures["PostgreSQL started again"] = `${starts} times`;
  const dishonest = [...load.refused.keys()].filter((status) => !HONEST.has(status));
  const dead = nodes.live.filter(({ process }) => process.child.exitCode !== null).length;
  outcome.checks.push(
    check(
      "callers are told 500, 503 or 507",
      dishonest.length === 0,
      dishonest.join(", ") || "yes",
    ),
    check("no node had to be restarted", dead === 0, `${dead} ended`),
  );
  return outcome;
}

export const full: Experiment = {
  claim:
    "a full disk acknowledges nothing that is not stored, and freed again all goes on by itself",
  rounds: 3,
  impediment,
  run: (context) => fillUp(context, context.rounds),
  controlClaim: "a server that answers 202 before it commits",
  controlBreaks: "no accepted event is lost",
  control: (context) => fillUp(context, 1, "prove/compositions/hasty-node.ts"),
};
