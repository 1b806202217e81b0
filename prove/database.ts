/**
 * The database fails under its nodes: stopped the immediate way and started again, a backend killed
 * with -9 (PostgreSQL then restarts all of them), or connections terminated one by one. No node is
 * restarted; all come back by themselves.
 */
import { setTimeout as delay } from "node:timers/promises";
import { check, type Context, type Experiment, type Outcome } from "./experiment.ts";
import type { Cut } from "./oracle.ts";
import type { Settings } from "../src/storage/embedded/server-process.ts";
import { conclude, describe } from "./rig/drain.ts";
import { FORGETFUL } from "./rig/forgetful.ts";
import { type Cluster, startCluster } from "./rig/ground.ts";
import { Load } from "./rig/load.ts";
import { until } from "./rig/observer.ts";

const NODES = 2;
const ENDPOINTS = 8;
const PER_SECOND = 150;
const CALM_MS_MAX = 2_000;
const CONTROL_ROUNDS = 3;
const FAULTS = ["immediate stop", "killed backend", "terminated connection"] as const;
type Fault = (typeof FAULTS)[number];

async function pickBackend({ postgres }: Cluster, context: Context): Promise<number> {
  const rows = await postgres.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'amps%' ORDER BY pid",
  );
  return context.random.pick(rows).pid;
}

async function strike(fault: Fault, cluster: Cluster, context: Context): Promise<void> {
  const { postgres } = cluster;
  if (fault === "immediate stop") {
    await postgres.stopImmediately();
    await delay(context.random.next() * 500);
    await postgres.start();
  } else if (fault === "killed backend") {
    process.kill(await pickBackend(cluster, context), "SIGKILL");
  } else {
    await postgres.query(`SELECT pg_terminate_backend(${await pickBackend(cluster, context)})`);
  }
}

/** Every node answers, and every bucket has an owner: from here on nothing is excused. */
async function healed(cluster: Cluster, load: Load, sinceAt: number): Promise<void> {
  await until(
    "events are accepted again and every bucket has an owner",
    async () => load.lastAcceptedAt > sinceAt && (await cluster.nodes.observer.orphans("")) === 0,
  );
}

async function shake(context: Context, rounds: number, settings?: Settings): Promise<Outcome> {
  const { random } = context;
  const cluster = await startCluster(context, "database", {
    nodes: NODES,
    endpoints: ENDPOINTS,
    // Half of the events fail at first, so that there is always something that only the database knows.
    receiver: (ledger) => ({
      status: (messageId) => (!ledger.hasArrived(messageId) && random.next() < 0.5 ? 503 : 200),
    }),
    ...(settings !== undefined && { settings }),
  });
  const { ledger, nodes, eventTypes } = cluster;
  // What the rounds stand on is on disk, however forgetful the database is from here on.
  await cluster.postgres.query("CHECKPOINT");
  const load = new Load({ ledger, random, urls: nodes.urls, eventTypes, perSecond: PER_SECOND });
  load.start();
  const cuts: Cut[] = [];
  const gaps: number[] = [];
  const struck = new Map<Fault, number>();
  for (let round = 1; round <= rounds; round += 1) {
    await delay(random.next() * CALM_MS_MAX);
    const fault = FAULTS[(round - 1) % FAULTS.length] ?? FAULTS[0];
    struck.set(fault, (struck.get(fault) ?? 0) + 1);
    const cut = { from: Date.now(), to: Infinity };
    cuts.push(cut);
    await strike(fault, cluster, context);
    const backAt = Date.now();
    await healed(cluster, load, backAt);
    cut.to = Date.now();
    gaps.push(cut.to - backAt);
    context.progress(`${round}/${rounds}: ${ledger.accepted.length} accepted, last ${fault}`);
  }
  await load.stop();
  const outcome = await conclude({ ledger, observer: nodes.observer, cuts });
  const dead = nodes.live.filter(({ process }) => process.child.exitCode !== null).length;
  outcome.checks.push(
    check("no node had to be restarted", dead === 0, `${dead} of ${NODES} ended`),
  );
  outcome.measures["faults"] = [...struck].map(([fault, n]) => `${n} × ${fault}`).join(", ");
  outcome.measures["healed after the database was back"] = describe(gaps);
  return outcome;
}

export const database: Experiment = {
  claim: "a database that stops at once, or loses backends, loses no accepted event",
  rounds: 12,
  run: (context) => shake(context, context.rounds),
  controlClaim: "PostgreSQL with synchronous_commit=off",
  controlBreaks: "no accepted event is lost",
  control: (context) => shake(context, CONTROL_ROUNDS, FORGETFUL),
};
