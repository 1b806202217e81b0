/**
 * The primary's machine dies and its standby is promoted. Shortly before, the standby's connection
 * breaks, so that it is behind: with a synchronous standby nothing is acknowledged from then on, with
 * an asynchronous one what was acknowledged is lost. In every second round the old primary comes back
 * writable for a while, and must not be used.
 */
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { checkTime, type Context, type Experiment, type Outcome } from "./experiment.ts";
import type { Cut } from "./oracle.ts";
import { conclude, describe, quantile } from "./rig/drain.ts";
import { prepareGround } from "./rig/ground.ts";
import { Load } from "./rig/load.ts";
import { Nodes } from "./rig/nodes.ts";
import { Observer, until } from "./rig/observer.ts";
import { ReplicatedPostgres } from "./rig/replicated.ts";
import { makeEndpoints } from "./rig/tenant.ts";

const NODES = 2;
const ENDPOINTS = 8;
const PER_SECOND = 100;
const CALM_MS_MAX = 1_500;
const BEHIND_MS = 300;
const FIRST_ACCEPTED_MS_MAX = 5_000;
const OLD_PRIMARY_MS = 1_500;

async function failOver(context: Context, rounds: number, synchronous: boolean): Promise<Outcome> {
  const { random } = context;
  const { folder, ledger, receiver, secret } = await prepareGround(
    context,
    "failover",
    (known) => ({
      // Half of the events fail at first: they are known to the database only when it dies.
      status: (messageId) => (!known.hasArrived(messageId) && random.next() < 0.5 ? 503 : 200),
    }),
  );
  const pair = await ReplicatedPostgres.create(path.join(folder, "postgres"));
  context.onEnd(() => pair.stop());
  const nodes = new Nodes({ databaseUrl: pair.url, observerUrl: pair.primary.url(), folder });
  context.onEnd(() => nodes.killAll());
  const { url } = await nodes.start();
  const target = { receiverUrl: receiver.url, secret, count: ENDPOINTS };
  const eventTypes = await makeEndpoints(url, target);
  while (nodes.live.length < NODES) await nodes.start();
  const load = new Load({ ledger, random, urls: nodes.urls, eventTypes, perSecond: PER_SECOND });
  load.start();
  const cuts: Cut[] = [];
  const outages: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    await pair.attachStandby(synchronous);
    await delay(random.next() * CALM_MS_MAX);
    const cut = { from: Date.now(), to: Infinity };
    cuts.push(cut);
    await pair.interruptReplication();
    await delay(BEHIND_MS);
    const killedAt = Date.now();
    await pair.killPrimary();
    await pair.promote();
    await until("an event is accepted again", () => load.lastAcceptedAt > killedAt);
    outages.push(load.firstAcceptedAfter(killedAt) - killedAt);
    const observer = new Observer(pair.primary.url());
    await until("every bucket has an owner", async () => (await observer.orphans("")) === 0);
    if (round % 2 === 0) await bringBackOld(pair, synchronous);
    cut.to = Date.now();
    context.progress(
      `${round}/${rounds}: ${ledger.accepted.length} accepted, first 202 ${describe(outages)}`,
    );
  }
  await load.stop();
  const observer = new Observer(pair.primary.url());
  const outcome = await conclude({ ledger, observer, cuts });
  outcome.measures["first 202 after the primary died"] = describe(outages);
  const p99 = quantile(outages, 0.99);
  outcome.checks.push(
    checkTime("first 202 within 5 s (p99)", p99 <= FIRST_ACCEPTED_MS_MAX, `${Math.round(p99)} ms`),
  );
  return outcome;
}

/** Nobody told it that another one was promoted: it takes writes, if anybody sends it some. */
async function bringBackOld(pair: ReplicatedPostgres, synchronous: boolean): Promise<void> {
  const old = pair.standby;
  await old.start();
  if (synchronous) {
    await old.query("ALTER SYSTEM RESET synchronous_standby_names");
    await old.query("SELECT pg_reload_conf()");
  }
  await delay(OLD_PRIMARY_MS);
  await old.stopImmediately();
}

export const failover: Experiment = {
  claim:
    "the death of a primary with a synchronous standby loses nothing; the promoted one is used",
  rounds: 6,
  run: (context) => failOver(context, context.rounds, true),
  controlClaim: "an asynchronous standby",
  controlBreaks: "no accepted event is lost",
  control: (context) => failOver(context, 2, false),
};
