/**
 * kill -9 of nodes under load, at random: in turn one of three nodes on a shared database, and the
 * whole all-in-one server with its embedded PostgreSQL. Both series run at the same time.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type Context, type Experiment, type Outcome, checkTime } from "./experiment.ts";
import { merge } from "./merge.ts";
import type { Cut } from "./oracle.ts";
import { conclude, describe, quantile } from "./rig/drain.ts";
import { startCluster } from "./rig/ground.ts";
import { Load } from "./rig/load.ts";
import type { ProvedNode } from "./rig/nodes.ts";
import { strikeServer } from "./rig/whole-server.ts";
import type { ServerProcess } from "../test/support/server-process.ts";

const NODES = 3;
const ENDPOINTS = 16;
const PER_SECOND = 150;
const LIFE_MS_MAX = 2_000;
const TAKEOVER_P99_MS_MAX = 5_000;
const TAKEOVER_MS_MAX = 20_000;
/** The control's bug commits 200 ms late: a few kills hit that window for certain. */
const CONTROL_ROUNDS = 3;

/** One of three nodes dies, its peers take over, another one is started while the next round runs. */
async function crashShared(context: Context, rounds: number, entry?: string): Promise<Outcome> {
  const { random } = context;
  const { ledger, nodes, eventTypes } = await startCluster(context, "shared", {
    nodes: NODES,
    endpoints: ENDPOINTS,
    ...(entry !== undefined && { entry }),
  });
  const load = new Load({ ledger, random, urls: nodes.urls, eventTypes, perSecond: PER_SECOND });
  load.start();
  const cuts: Cut[] = [];
  const takeovers: number[] = [];
  let replacement: Promise<unknown> = Promise.resolve();
  for (let round = 1; round <= rounds; round += 1) {
    await delay(random.next() * LIFE_MS_MAX);
    const victim = random.pick<ProvedNode>(nodes.live);
    const nodeId = await nodes.identify(victim);
    const from = Date.now();
    const killedAt = performance.now();
    await nodes.kill(victim);
    cuts.push({ from, to: Date.now() });
    takeovers.push(await nodes.takenOver(nodeId, killedAt));
    await replacement;
    replacement = nodes.start();
    context.progress(
      `shared ${round}/${rounds}: ${ledger.accepted.length} accepted, takeover ${describe(takeovers)}`,
    );
  }
  await replacement;
  await load.stop();
  const outcome = await conclude({ ledger, observer: nodes.observer, cuts });
  outcome.measures["takeover"] = describe(takeovers);
  const p99 = quantile(takeovers, 0.99);
  const worst = quantile(takeovers, 1);
  outcome.checks.push(
    checkTime("takeover p99 within 5 s", p99 <= TAKEOVER_P99_MS_MAX, `${Math.round(p99)} ms`),
    checkTime("no takeover over 20 s", worst <= TAKEOVER_MS_MAX, `${Math.round(worst)} ms`),
  );
  return outcome;
}

/** The whole server dies, its database with it, and starts again on what is left. */
function crashEmbedded(context: Context, rounds: number): Promise<Outcome> {
  const strike = (server: ServerProcess): Promise<void> => server.kill();
  return strikeServer(context, "embedded", { rounds, endpoints: ENDPOINTS, strike });
}

export const crash: Experiment = {
  claim: "kill -9 of a node at a random moment under load loses nothing and is taken over",
  rounds: 20,
  async run(context) {
    // A round of the embedded one takes longer: its database has to recover.
    const shared = Math.ceil((context.rounds * 3) / 4);
    const embedded = context.rounds - shared;
    const series: Record<string, Promise<Outcome>> = { shared: crashShared(context, shared) };
    if (embedded > 0) series["embedded"] = crashEmbedded(context, embedded);
    return merge(series);
  },
  controlClaim: "a server that answers 202 before it commits",
  controlBreaks: "no accepted event is lost",
  control: (context) => crashShared(context, CONTROL_ROUNDS, "prove/compositions/hasty-node.ts"),
};
