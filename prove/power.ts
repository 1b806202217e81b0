/**
 * The power of a machine is cut: what was not flushed to its disk is gone. That of the database's machine under
 * load, whose nodes live on (half of the rounds), that of an all-in-one server under load, and that of one at any
 * moment of its very first start (a quarter each). The three series run at the same time.
 */
import type { ChildProcess } from "node:child_process";
import { rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type ServerProcess, startServerProcess } from "../test/support/server-process.ts";
import { check, type Context, type Experiment, type Outcome } from "./experiment.ts";
import { merge } from "./merge.ts";
import type { Cut } from "./oracle.ts";
import { Disk, diskImpediment } from "./rig/disk.ts";
import { conclude, describe } from "./rig/drain.ts";
import { FORGETFUL } from "./rig/forgetful.ts";
import { prepareGround, startCluster } from "./rig/ground.ts";
import { Load } from "./rig/load.ts";
import { PROOF_ENV } from "./rig/nodes.ts";
import { until } from "./rig/observer.ts";
import { annihilate, freeze } from "./rig/processes.ts";
import { makeEndpoints } from "./rig/tenant.ts";
import { strikeServer } from "./rig/whole-server.ts";

const NODES = 2;
const ENDPOINTS = 8;
const PER_SECOND = 150;
const CALM_MS_MAX = 2_000;
const CONTROL_ROUNDS = 1;
const DATABASE_DISK_MIB = 512;
const SERVER_DISK_MIB = 1024;
/** The cut comes within so many times of what the last start took. */
const AFTER_START = 1.5;
/** Small, so that a photograph of the disk is soon made. */
const SETTINGS = { max_wal_size: "64MB", min_wal_size: "32MB", shared_buffers: "32MB" };

/** A disk that the load is written to, beside nothing else. */
async function useDisk(context: Context, name: string, mib: number): Promise<Disk> {
  const disk = await Disk.create(path.join(context.folder, `${name}-disk`), mib);
  context.onEnd(() => disk.remove());
  return disk;
}

/** All processes from `pid` on stand still at once, and never go on; their disk is as it was at that moment. */
async function cutPower(disk: Disk, pid: number): Promise<void> {
  const frozen = await freeze(pid);
  await disk.photograph();
  await annihilate(frozen);
  await disk.restore();
}

/** The machine of a shared database, started again; no node is. */
async function cutDatabase(context: Context, rounds: number, forgets = false): Promise<Outcome> {
  const { random } = context;
  const disk = await useDisk(context, "database", DATABASE_DISK_MIB);
  const { ledger, nodes, eventTypes, postgres } = await startCluster(context, "database", {
    nodes: NODES,
    endpoints: ENDPOINTS,
    databaseFolder: path.join(disk.folder, "postgres"),
    settings: { ...SETTINGS, ...(forgets && FORGETFUL) },
    // Half of the events fail at first, so that there is always something that only the database knows.
    receiver: (known) => ({
      status: (messageId) => (!known.hasArrived(messageId) && random.next() < 0.5 ? 503 : 200),
    }),
  });
  // What the rounds stand on is on disk, however forgetful the database is from here on.
  await postgres.query("CHECKPOINT");
  await disk.flush();
  const load = new Load({ ledger, random, urls: nodes.urls, eventTypes, perSecond: PER_SECOND });
  load.start();
  const cuts: Cut[] = [];
  const gaps: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    await delay(random.next() * CALM_MS_MAX);
    const cut = { from: Date.now(), to: Infinity };
    cuts.push(cut);
    await cutPower(disk, postgres.pid);
    await postgres.start();
    const backAt = Date.now();
    await until(
      "events are accepted again and every bucket has an owner",
      async () => load.lastAcceptedAt > backAt && (await nodes.observer.orphans("")) === 0,
    );
    cut.to = Date.now();
    gaps.push(cut.to - backAt);
    context.progress(`database ${round}/${rounds}: ${ledger.accepted.length} accepted`);
  }
  await load.stop();
  const outcome = await conclude({ ledger, observer: nodes.observer, cuts });
  const dead = nodes.live.filter(({ process }) => process.child.exitCode !== null).length;
  outcome.checks.push(
    check("no node had to be restarted", dead === 0, `${dead} of ${NODES} ended`),
  );
  outcome.measures["healed after the database was back"] = describe(gaps);
  return outcome;
}

/** The machine of a whole server, from its first start on: nothing is flushed for it. */
async function cutServer(context: Context, rounds: number): Promise<Outcome> {
  const disk = await useDisk(context, "server", SERVER_DISK_MIB);
  const strike = ({ child }: ServerProcess): Promise<void> => cutPower(disk, child.pid ?? 0);
  const { folder } = disk;
  return strikeServer(context, "server", { rounds, endpoints: ENDPOINTS, folder, strike });
}

/** At any moment of a first start, and a little after it: the next one makes of what is left a server that works. */
async function cutFirstStart(context: Context, rounds: number): Promise<Outcome> {
  const { random } = context;
  const disk = await useDisk(context, "first", SERVER_DISK_MIB);
  const { receiver, secret } = await prepareGround(context, "first");
  const env = { ...PROOF_ENV };
  const endpoints = { receiverUrl: receiver.url, secret, count: 1 };
  let startMs = 0;
  let ready = 0;
  const broken: string[] = [];
  // Round 0 is left alone, and tells how long a start takes for the next.
  for (let round = 0; round <= rounds; round += 1) {
    const dataDir = path.join(disk.folder, `amps-${round}`);
    if (round > 0) {
      const spawned = Promise.withResolvers<ChildProcess>();
      const starting = startServerProcess({ dataDir, env, onSpawned: spawned.resolve }).then(
        () => (ready += 1),
        () => undefined,
      );
      const { pid = 0 } = await spawned.promise;
      await delay(random.next() * startMs * AFTER_START);
      await cutPower(disk, pid);
      await starting;
    }
    const startedAt = performance.now();
    try {
      const server = await startServerProcess({ dataDir, env });
      startMs = performance.now() - startedAt;
      await makeEndpoints(server.url, endpoints);
      await server.stop();
    } catch (error) {
      if (round === 0) throw error;
      broken.push(String(error));
    }
    await rm(dataDir, { recursive: true, force: true });
    // Or the next cut would bring it back, and the disk would be full one day.
    await disk.flush();
    context.progress(`first start ${round}/${rounds}: ${ready} were ready before`);
  }
  const works = check(
    "the next start works",
    broken.length === 0,
    broken.at(0) ?? `${rounds} of ${rounds}`,
  );
  const measures = { "ready before the cut": `${ready} of ${rounds}` };
  return { counts: {}, measures, checks: [works] };
}

export const power: Experiment = {
  claim:
    "a power cut of the database's machine, or of a whole server's, loses nothing that was accepted",
  rounds: 12,
  impediment: diskImpediment,
  async run(context) {
    const quarter = Math.ceil(context.rounds / 4);
    const half = Math.max(1, context.rounds - 2 * quarter);
    return merge({
      database: cutDatabase(context, half),
      server: cutServer(context, quarter),
      "first start": cutFirstStart(context, quarter),
    });
  },
  controlClaim: "PostgreSQL with synchronous_commit=off",
  controlBreaks: "no accepted event is lost",
  control: (context) => cutDatabase(context, CONTROL_ROUNDS, true),
};
