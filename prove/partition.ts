/**
 * A node is cut off from the database, but not from its receivers, with plenty to send in its memory.
 * Its peer takes over when the lease ends, and by then the node must have stopped sending. In every
 * second round only the way from the database to the node is cut.
 */
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { check, checkTime, type Context, type Experiment, type Outcome } from "./experiment.ts";
import type { Cut, Receipt } from "./oracle.ts";
import { conclude, describe, quantile } from "./rig/drain.ts";
import { prepareGround } from "./rig/ground.ts";
import { Load } from "./rig/load.ts";
import { Network, networkImpediment, type Place } from "./rig/network.ts";
import { Nodes, type ProvedNode } from "./rig/nodes.ts";
import { until } from "./rig/observer.ts";
import { PostgresServer } from "./rig/postgres.ts";
import { makeEndpoints } from "./rig/tenant.ts";

const NODES = 2;
const ENDPOINTS = 4;
const PER_SECOND = 200;
/** While a node is isolated: its peer then has not much more than the backlog to do. */
const CALM_PER_SECOND = 40;
/** Slow answers keep the memory of a node full for longer than its lease lasts. */
const SLOW_MS = 5_000;
const BACKLOG = 1_000;
const REJOIN_MS_MAX = 30_000;
const TAKEOVER_MS_MAX = 20_000;

interface Scene {
  network: Network;
  nodes: Nodes;
  load: Load;
  places: Map<ProvedNode, Place>;
  receipts: readonly Receipt[];
  accepted: () => number;
  slow: { ms: number };
}

interface Partition {
  cut: Cut;
  takeoverMs: number;
  /** Requests that the isolated node sent after its peer had taken over. */
  tooLate: number;
  /** Requests it sent while it was cut off and still allowed to. */
  meanwhile: number;
  joinedAgain: boolean;
}

async function partitionOnce(
  scene: Scene,
  victim: ProvedNode,
  oneWay: boolean,
): Promise<Partition> {
  const { network, nodes, load, places, receipts, slow } = scene;
  const place = places.get(victim);
  if (place === undefined) throw new Error("This node has no place.");
  slow.ms = SLOW_MS;
  load.perSecond = PER_SECOND;
  const goal = scene.accepted() + BACKLOG;
  await until("a backlog is accepted", () => scene.accepted() >= goal);
  const nodeId = await nodes.identify(victim);
  const cut = { from: Date.now(), to: Infinity };
  const cutAt = performance.now();
  nodes.retire(victim);
  network.cut(place, { oneWay });
  load.perSecond = CALM_PER_SECOND;
  const takeoverMs = await nodes.takenOver(nodeId, cutAt);
  const takenAt = Date.now();
  // Whoever went on sending would do so within the time of one answer.
  await delay(SLOW_MS + 1_000);
  const sent = receipts.filter(({ from }) => from === place.address);
  const tooLate = sent.filter(({ at }) => at > takenAt).length;
  const meanwhile = sent.filter(({ at }) => at > cut.from && at <= takenAt).length;
  network.heal(place);
  slow.ms = 0;
  // A broken node may never come to itself; the judge then says what came of it.
  const joinedAgain = await until(
    "it joined again and owns its share",
    async () => {
      const now = await nodes.observer.nodeIdOf(victim.role);
      return now !== undefined && now !== nodeId && (await nodes.observer.owners()) === NODES;
    },
    { timeoutMs: REJOIN_MS_MAX },
  ).then(
    () => true,
    () => false,
  );
  nodes.restore(victim);
  cut.to = Date.now();
  return { cut, takeoverMs, tooLate, meanwhile, joinedAgain };
}

async function isolate(context: Context, rounds: number, entry?: string): Promise<Outcome> {
  const { random } = context;
  const network = new Network();
  context.onEnd(async () => network.close());
  const slow = { ms: 0 };
  const { folder, ledger, receiver, secret } = await prepareGround(context, "partition", () => ({
    host: network.worldAddress,
    delayMs: () => slow.ms,
  }));
  const postgres = await PostgresServer.create(path.join(folder, "postgres"), {
    host: network.databaseAddress,
    clients: "10.0.0.0/8",
  });
  context.onEnd(() => postgres.stopImmediately());
  const nodes = new Nodes({
    databaseUrl: postgres.url(),
    folder,
    env: { AMPS_HOST: "0.0.0.0", AMPS_EGRESS_ALLOW: `${network.worldAddress}/32` },
    ...(entry !== undefined && { entry }),
  });
  context.onEnd(() => nodes.killAll());
  const places = new Map<ProvedNode, Place>();
  while (nodes.live.length < NODES) {
    const place = network.addPlace();
    const node = await nodes.start({ within: place.within });
    node.url = node.url.replace("127.0.0.1", place.address);
    places.set(node, place);
  }
  const [first] = nodes.urls();
  const target = { receiverUrl: receiver.url, secret, count: ENDPOINTS };
  const eventTypes = await makeEndpoints(first ?? "", target);
  const load = new Load({ ledger, random, urls: nodes.urls, eventTypes, perSecond: PER_SECOND });
  load.start();
  const accepted = (): number => ledger.accepted.length;
  const scene = { network, nodes, load, places, receipts: ledger.receipts, accepted, slow };
  const partitions: Partition[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const victim = random.pick<ProvedNode>(nodes.live);
    partitions.push(await partitionOnce(scene, victim, round % 2 === 0));
    context.progress(`${round}/${rounds}: ${accepted()} accepted`);
  }
  await load.stop();
  const cuts = partitions.map(({ cut }) => cut);
  const outcome = await conclude({ ledger, observer: nodes.observer, cuts });
  const sum = (count: (partition: Partition) => number): number =>
    partitions.reduce((total, each) => total + count(each), 0);
  const takeovers = partitions.map(({ takeoverMs }) => takeoverMs);
  const tooLate = sum((each) => each.tooLate);
  const meanwhile = sum((each) => each.meanwhile);
  const worst = quantile(takeovers, 1);
  outcome.counts["sent while isolated"] = meanwhile;
  outcome.counts["sent after takeover"] = tooLate;
  outcome.measures["takeover"] = describe(takeovers);
  outcome.checks.push(
    checkTime("taken over within 20 s", worst <= TAKEOVER_MS_MAX, `${Math.round(worst)} ms`),
    check("an isolated node stops before it is taken over", tooLate === 0, `${tooLate} sent late`),
    check(
      "the isolated node joins again",
      partitions.every(({ joinedAgain }) => joinedAgain),
      `${sum(({ joinedAgain }) => Number(joinedAgain))} of ${rounds}`,
    ),
    check("the isolated node had something to send", meanwhile > 0, `${meanwhile} sent in time`),
  );
  return outcome;
}

export const partition: Experiment = {
  claim: "a node cut off from the database stops in time and is taken over; nothing is lost",
  rounds: 2,
  impediment: networkImpediment,
  run: (context) => isolate(context, context.rounds),
  controlClaim: "a node that trusts its buckets for ever",
  controlBreaks: "an isolated node stops before it is taken over",
  control: (context) => isolate(context, 1, "prove/compositions/immortal-node.ts"),
};
