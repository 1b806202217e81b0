/**
 * The short forms of the proofs: real processes, real faults, a round or few of each. Several run at
 * the same time, as most of theirs is waiting. `npm run prove` runs the long forms with their controls.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { createTestDatabase } from "../test/support/database.ts";
import { call, startServerProcess } from "../test/support/server-process.ts";
import { dieEverywhere } from "./failpoint.ts";
import { type Check, failures, type Outcome } from "./experiment.ts";
import { EXPERIMENTS } from "./experiments.ts";
import { PROOF_ENV } from "./rig/nodes.ts";
import { runAlone } from "./run.ts";

const TIMEOUT_MS = 600_000;
const SEED = 1;
/** Of the points of a life, one in so many. */
const FAILPOINT_STEP = 6;

/** What does not hold, but for what is a matter of how fast this machine is. */
function failed(outcome: Outcome): Check[] {
  return failures(outcome).filter(({ timed }) => timed === undefined);
}

describe.concurrent("short forms of the proofs", { timeout: TIMEOUT_MS }, () => {
  test.for([
    ["pause", 1],
    ["partition", 1],
    // On a shared database; `test/e2e/crash.test.ts` kills the all-in-one server.
    ["crash", 2],
    ["rolling", 2],
    ["database", 3],
    ["failover", 2],
    ["receivers", 1],
    ["full", 1],
    ["power", 4],
  ] as const)("%s", async ([name, rounds], context) => {
    const experiment = await EXPERIMENTS[name]?.();
    if (experiment === undefined) throw new Error(`There is no experiment ${name}.`);
    const impediment = experiment.impediment?.();
    if (impediment !== undefined) context.skip(impediment);
    const outcome = await runAlone({ name, rounds, seed: SEED }, (run) => experiment.run(run));
    context.expect(failed(outcome)).toEqual([]);
  });

  test("failpoint", async () => {
    const options = { name: "failpoint", rounds: 1, seed: SEED };
    const outcome = await runAlone(options, (run) => dieEverywhere(run, { step: FAILPOINT_STEP }));
    expect(failed(outcome)).toEqual([]);
  });

  // A control that cannot start would only be noticed by the long forms, which nobody runs every day.
  test.for(["grabbing", "immortal", "patient", "unfenced"])(
    "the server broken as %s-node starts",
    async (name, context) => {
      const database = await createTestDatabase();
      const dataDir = await mkdtemp(path.join(tmpdir(), "amps-composition-"));
      context.onTestFinished(async () => {
        await database.drop();
        await rm(dataDir, { recursive: true });
      });
      const server = await startServerProcess({
        dataDir,
        entry: `prove/compositions/${name}-node.ts`,
        env: { ...PROOF_ENV, DATABASE_URL: database.url, AMPS_MASTER_KEY: "k".repeat(43) },
      });
      context.expect(await server.stop()).toBe(0);
    },
  );

  test("the server broken as hasty-node answers before it can commit", async (context) => {
    const database = await createTestDatabase();
    const dataDir = await mkdtemp(path.join(tmpdir(), "amps-composition-"));
    const server = await startServerProcess({
      dataDir,
      entry: "prove/compositions/hasty-node.ts",
      env: { ...PROOF_ENV, DATABASE_URL: database.url, AMPS_MASTER_KEY: "k".repeat(43) },
    });
    const holder = new pg.Client(database.url);
    await holder.connect();
    context.onTestFinished(async () => {
      await holder.end();
      await server.stop();
      await database.drop();
      await rm(dataDir, { recursive: true });
    });
    await holder.query("BEGIN; LOCK TABLE message IN ACCESS EXCLUSIVE MODE");
    const body = { eventType: "a.b", payload: {} };
    const { status } = await call(`${server.url}/api/v1/app/default/msg`, { body });
    context.expect(status).toBe(202);
    const { rows } = await holder.query("SELECT 1 FROM message");
    context.expect(rows).toEqual([]);
  });

  test("a server that answers before it commits is found out", async () => {
    const options = { name: "failpoint", rounds: 1, seed: SEED };
    const outcome = await runAlone(options, (run) =>
      dieEverywhere(run, { hasty: true, at: "before insert-messages" }),
    );
    expect(failed(outcome).map(({ name }) => name)).toContain("no accepted event is lost");
  });
});
