/**
 * No fault at all: all nodes are replaced under load, again and again, as by deployments. Three new ones
 * join together, three old ones leave together; in every second round before the shares have settled. As
 * nothing is cut, no event may be sent twice and no client see an error.
 */
import { setTimeout as delay } from "node:timers/promises";
import { BUCKET_COUNT } from "../src/core/bucket.ts";
import { check, type Context, type Experiment, type Outcome } from "./experiment.ts";
import { conclude, describe } from "./rig/drain.ts";
import { startCluster } from "./rig/ground.ts";
import { Load } from "./rig/load.ts";
import type { Nodes, ProvedNode } from "./rig/nodes.ts";
import { until } from "./rig/observer.ts";

const NODES = 3;
const ENDPOINTS = 24;
const PER_SECOND = 150;
const LIFE_MS_MAX = 500;
/** So that attempts are under way while their buckets change hands. */
const ANSWER_MS_MAX = 100;
/** As behind a load balancer: what was sent to a node before it was taken out is answered by then. */
const LAST_REQUESTS_MS = 200;
/** Nodes that look at the same moment are not rare in so many. */
const CONTROL_ROUNDS = 4;

async function haveSettled(nodes: Nodes): Promise<boolean> {
  const shares = await nodes.observer.shares();
  const most = Math.ceil(BUCKET_COUNT / nodes.live.length);
  const total = shares.reduce((sum, buckets) => sum + buckets, 0);
  return total === BUCKET_COUNT && shares.every((buckets) => buckets <= most);
}

interface Departure {
  exitCodes: (number | null)[];
  /** From the last one's end until every bucket has a living owner. */
  ownerlessMs: number;
}

async function leave(nodes: Nodes, leaving: readonly ProvedNode[]): Promise<Departure> {
  for (const node of leaving) nodes.retire(node);
  await delay(LAST_REQUESTS_MS);
  const exitCodes = await Promise.all(leaving.map(({ process }) => process.stop()));
  const leftAt = performance.now();
  await until("every bucket has an owner", async () => (await nodes.observer.orphans("")) === 0);
  return { exitCodes, ownerlessMs: performance.now() - leftAt };
}

async function replaceAll(context: Context, rounds: number, entry?: string): Promise<Outcome> {
  const { random } = context;
  const { ledger, nodes, eventTypes } = await startCluster(context, "rolling", {
    nodes: NODES,
    endpoints: ENDPOINTS,
    receiver: () => ({ delayMs: () => Math.round(random.next() * ANSWER_MS_MAX) }),
    ...(entry !== undefined && { entry }),
  });
  const load = new Load({ ledger, random, urls: nodes.urls, eventTypes, perSecond: PER_SECOND });
  load.start();
  const departures: Departure[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    await delay(random.next() * LIFE_MS_MAX);
    const leaving = [...nodes.live];
    await Promise.all(leaving.map(() => nodes.start()));
    if (round % 2 === 0) await until("the shares have settled", () => haveSettled(nodes));
    departures.push(await leave(nodes, leaving));
    context.progress(`${round}/${rounds}: ${ledger.accepted.length} accepted`);
  }
  await load.stop();
  const outcome = await conclude({ ledger, observer: nodes.observer, cuts: [] });
  const codes = departures.flatMap(({ exitCodes }) => exitCodes);
  outcome.counts["replaced"] = codes.length;
  outcome.counts["refused"] = load.refusals;
  outcome.measures["without an owner"] = describe(departures.map(({ ownerlessMs }) => ownerlessMs));
  outcome.checks.push(
    check("every publish is accepted", load.refusals === 0, `${load.refusals} were not`),
    check(
      "every node leaves in good order",
      codes.every((code) => code === 0),
      `exit codes ${[...new Set(codes)].join(", ")}`,
    ),
  );
  return outcome;
}

export const rolling: Experiment = {
  claim: "nodes that join and leave under load send nothing twice and refuse no client",
  rounds: 20,
  run: (context) => replaceAll(context, context.rounds),
  controlClaim: "nodes that take a bucket from its new owner when both look at the same moment",
  controlBreaks: "an event is sent again only after a failure or a fault",
  control: (context) => replaceAll(context, CONTROL_ROUNDS, "prove/compositions/grabbing-node.ts"),
};
