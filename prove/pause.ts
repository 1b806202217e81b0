/**
 * SIGSTOP of nodes in the middle of their work, past their lease, then SIGCONT: peers have meanwhile
 * taken over, and what the paused ones still hold must change nothing.
 */
import { setTimeout as delay } from "node:timers/promises";
import { check, type Context, type Experiment, type Outcome } from "./experiment.ts";
import type { Cut } from "./oracle.ts";
import { conclude, describe } from "./rig/drain.ts";
import { type Cluster, startCluster } from "./rig/ground.ts";
import { Load } from "./rig/load.ts";
import type { ProvedNode } from "./rig/nodes.ts";
import { until } from "./rig/observer.ts";

const NODES = 4;
/** Paused at the same time; the last one takes everything over. */
const PAUSED = 3;
const ENDPOINTS = 24;
const PER_SECOND = 120;
const ANSWER_MS = 400;
/** A paused node's own requests are answered late, and count then. */
const PATIENCE_MS = 60_000;

/** Attempts that were begun before `at`, as they stand now. */
async function countBegunBefore({ nodes }: Cluster, at: number): Promise<number> {
  return (await nodes.observer.attempts()).filter(({ attemptedAt }) => attemptedAt <= at).length;
}

interface Pause {
  cut: Cut;
  takeoverMs: number;
  lateWrites: number;
}

async function pauseSome(cluster: Cluster, victims: readonly ProvedNode[]): Promise<Pause> {
  const { nodes } = cluster;
  const ids = await Promise.all(victims.map((victim) => nodes.identify(victim)));
  const cut = { from: Date.now(), to: Infinity };
  const pausedAt = performance.now();
  for (const victim of victims) {
    nodes.retire(victim);
    victim.process.child.kill("SIGSTOP");
  }
  const stoppedAt = Date.now();
  for (const nodeId of ids) await nodes.takenOver(nodeId, pausedAt);
  const takeoverMs = performance.now() - pausedAt;
  const before = await countBegunBefore(cluster, stoppedAt);
  for (const victim of victims) victim.process.child.kill("SIGCONT");
  for (const [index, victim] of victims.entries()) {
    await until("the paused node joined again", async () => {
      const nodeId = await nodes.observer.nodeIdOf(victim.role);
      return nodeId !== undefined && nodeId !== ids[index];
    });
  }
  // What they held was judged by the database before they joined again, or is within moments.
  await until("the woken nodes own buckets", async () => (await nodes.observer.owners()) === NODES);
  cut.to = Date.now();
  const lateWrites = (await countBegunBefore(cluster, stoppedAt)) - before;
  for (const victim of victims) nodes.restore(victim);
  return { cut, takeoverMs, lateWrites };
}

async function freeze(context: Context, rounds: number, entry?: string): Promise<Outcome> {
  const { random } = context;
  const cluster = await startCluster(context, "pause", {
    nodes: NODES,
    endpoints: ENDPOINTS,
    receiver: () => ({ delayMs: () => Math.round(random.next() * ANSWER_MS) }),
    ...(entry !== undefined && { entry }),
  });
  const { ledger, nodes, eventTypes } = cluster;
  const load = new Load({
    ledger,
    random,
    urls: nodes.urls,
    eventTypes,
    perSecond: PER_SECOND,
    workers: 32,
    timeoutMs: PATIENCE_MS,
  });
  load.start();
  const pauses: Pause[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    await delay(500 + random.next() * 1_000);
    const victims = nodes.live.toSorted(() => random.next() - 0.5).slice(0, PAUSED);
    pauses.push(await pauseSome(cluster, victims));
    context.progress(`${round}/${rounds}: ${ledger.accepted.length} accepted`);
  }
  await load.stop();
  const cuts = pauses.map(({ cut }) => cut);
  const outcome = await conclude({ ledger, observer: nodes.observer, cuts });
  const late = pauses.reduce((sum, { lateWrites }) => sum + lateWrites, 0);
  const held = outcome.counts["cut requests"] ?? 0;
  outcome.counts["pauses"] = rounds * PAUSED;
  outcome.counts["late writes"] = late;
  outcome.measures["takeover"] = describe(pauses.map(({ takeoverMs }) => takeoverMs));
  outcome.checks.push(
    check("late writes change nothing", late === 0, `${late} attempts were stored late`),
    check("the pauses held results back", held + late > 0, `${held} results`),
  );
  return outcome;
}

export const pause: Experiment = {
  claim: "nodes paused past their lease change nothing late when they go on",
  rounds: 5,
  run: (context) => freeze(context, context.rounds),
  controlClaim: "nodes whose results are stored whatever their epoch",
  controlBreaks: "late writes change nothing",
  control: (context) => freeze(context, 1, "prove/compositions/unfenced-node.ts"),
};
