/**
 * One event's life, died at every point of it: before and after each database call and each post, from
 * the node's start to its farewell. After each death a fresh node finds what is left.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import path from "node:path";
import { addSecret, createEndpoint, createTenant } from "../test/support/factories.ts";
import { migrate } from "../src/storage/migrate.ts";
import type { LifeOrder, LifeWord } from "./compositions/one-life.ts";
import { check, type Context, type Experiment, type Outcome } from "./experiment.ts";
import type { Cut } from "./oracle.ts";
import { conclude } from "./rig/drain.ts";
import { prepareGround } from "./rig/ground.ts";
import { sha256 } from "./rig/ledger.ts";
import { composeLife } from "./rig/life.ts";
import { Observer, until } from "./rig/observer.ts";
import { PostgresServer } from "./rig/postgres.ts";

const RETRY_SCHEDULE_MS = [20];
const CHILD = path.join(import.meta.dirname, "compositions", "one-life.ts");
/** A life has some 60 points; one that never ends is a bug of ours. */
const POINTS_MAX = 1_000;

interface Stage {
  order: Omit<LifeOrder, "payload" | "dieAt">;
  observer: Observer;
  onAccepted: (messageId: string, payload: string) => void;
}

/** @returns the number of points when it lived to its end, otherwise undefined */
async function liveOnce(stage: Stage, dieAt: number | string): Promise<number | undefined> {
  const payload = `{"dieAt": "${dieAt}", "note": "caf\\u00e9"}`;
  const child = fork(CHILD, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  let points: number | undefined;
  child.on("message", (message: LifeWord) => {
    if (message.word === "accepted") stage.onAccepted(message.messageId, payload);
    else points = message.points;
  });
  const order: LifeOrder = { ...stage.order, payload, dieAt };
  child.send(order);
  // Not `exit`: what it told before may still be on its way.
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  if (points === undefined && signal !== "SIGKILL") {
    throw new Error(`The life that was to end at point ${dieAt} ended with ${code ?? signal}.`);
  }
  return points;
}

/** A node of our own finds and delivers what the dead one left. */
async function recover({ order, observer }: Stage): Promise<void> {
  if ((await observer.owed()).length === 0) return;
  const life = composeLife({
    databaseUrl: order.databaseUrl,
    masterKey: Buffer.from(order.masterKey, "base64"),
    retryScheduleMs: order.retryScheduleMs,
  });
  await life.start();
  await until("what was left is delivered", async () => (await observer.owed()).length === 0);
  await life.stop();
}

function* numbered(first: number, step: number): Generator<number> {
  for (let point = first; point < POINTS_MAX; point += step) yield point;
}

interface Deaths {
  /** The planted bug: the caller is answered before anything is committed. */
  hasty?: boolean;
  /** One death at the point of this name, instead of at all of them. */
  at?: string;
  step?: number;
  passes?: number;
}

/** Dies at each `step`-th point, in a life whose events fail once before they are delivered. */
export async function dieEverywhere(
  context: Context,
  { hasty = false, at, step = 1, passes = 1 }: Deaths = {},
): Promise<Outcome> {
  const ground = await prepareGround(context, "failpoint", (known) => ({
    status: (messageId) => (known.hasArrived(messageId) ? 200 : 503),
  }));
  const { folder, ledger, receiver, secret } = ground;
  const postgres = await PostgresServer.create(path.join(folder, "postgres"));
  context.onEnd(() => postgres.stopImmediately());
  await migrate(postgres.url());
  const masterKey = randomBytes(32);
  const base = { databaseUrl: postgres.url(), retryScheduleMs: RETRY_SCHEDULE_MS };
  const setUp = composeLife({ ...base, masterKey });
  const tenant = await createTenant(setUp.storage);
  const endpoint = await createEndpoint(setUp.storage, tenant, { url: receiver.url });
  await addSecret(setUp.storage, endpoint, secret, Date.now());
  await setUp.storage.close();
  const observer = new Observer(postgres.url());
  const stage: Stage = {
    order: {
      ...base,
      ...tenant,
      masterKey: masterKey.toString("base64"),
      eventType: "prove.life",
      hasty,
    },
    observer,
    onAccepted: (messageId, payload) =>
      ledger.accept({ messageId, hash: sha256(payload), at: Date.now() }),
  };
  const cuts: Cut[] = [];
  let deaths = 0;
  let points: number | undefined;
  for (let pass = 1; pass <= passes; pass += 1) {
    for (const dieAt of at === undefined ? numbered(1 + context.random.below(step), step) : [at]) {
      points = await liveOnce(stage, dieAt);
      if (points !== undefined) break;
      deaths += 1;
      cuts.push({ from: Date.now(), to: Date.now() });
      await recover(stage);
      context.progress(`pass ${pass}/${passes}: died ${deaths} times, at point ${dieAt} last`);
    }
  }
  const outcome = await conclude({ ledger, observer, cuts });
  outcome.counts["deaths"] = deaths;
  outcome.counts["points of a life"] = points ?? 0;
  outcome.checks.push(
    check("one life was lived to its end", points !== undefined, `${points ?? 0} points`),
  );
  return outcome;
}

export const failpoint: Experiment = {
  claim: "a process that dies at any point of an event's life loses nothing",
  /** Passes over all points; how many points there are is found out. */
  rounds: 1,
  run: (context) => dieEverywhere(context, { passes: context.rounds }),
  controlClaim: "a node that answers its caller before it commits",
  controlBreaks: "no accepted event is lost",
  control: (context) => dieEverywhere(context, { hasty: true }),
};
