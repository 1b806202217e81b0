import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { expect, test } from "vitest";
import { createTestDatabase } from "../../../test/support/database.ts";
import { silentLog } from "../../../test/support/factories.ts";
import { clashOf, objectionTo } from "./judge.ts";
import { readServerState, type ServerState } from "./server-state.ts";
import { RememberedTimelines } from "./timelines.ts";

const PRIMARY: ServerState = { writable: true, standby: false, timeline: 3, systemId: "7" };

test.each<[Partial<ServerState>, RegExp | undefined]>([
  [{}, undefined],
  [{ timeline: 4 }, undefined],
  [{ timeline: 2 }, /^is an older primary \(timeline 2; timeline 3 was seen\)/],
  [{ systemId: "8" }, /^belongs to another database cluster \(system identifier 8, not 7\)/],
  [{ writable: false, standby: true, timeline: undefined }, /^is a standby/],
  [{ writable: false }, /^is read-only/],
  [{ timeline: undefined, systemId: undefined }, undefined],
])("a server that says %o", (changes, expected) => {
  const timelines = new RememberedTimelines();
  timelines.raise("7", 3);
  const objection = objectionTo({ ...PRIMARY, ...changes }, { timelines, systemId: "7" });
  if (expected === undefined) expect(objection).toBeUndefined();
  else expect(objection).toMatch(expected);
});

test("hosts of different clusters are not chosen among, unless one cluster is known", () => {
  const timelines = new RememberedTimelines();
  const states = [PRIMARY, { ...PRIMARY, systemId: undefined }, { ...PRIMARY, systemId: "8" }];
  expect(clashOf(states, { timelines, systemId: undefined })).toBe(
    "the hosts belong to different database clusters (system identifiers 7, 8)",
  );
  expect(clashOf(states, { timelines, systemId: "7" })).toBeUndefined();
  expect(clashOf(states.slice(0, 2), { timelines, systemId: undefined })).toBeUndefined();
});

test("timelines are kept in the data directory, per cluster, and only grow", async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), "amps-timelines-"));
  const open = (): RememberedTimelines => new RememberedTimelines({ dataDir, log: silentLog });
  const [first, second] = [open(), open()];
  first.raise("7", 2);
  second.raise("8", 5);
  second.raise("8", 4);
  expect([open().highest("7"), open().highest("8"), open().highest("9")]).toEqual([2, 5, 0]);
  await writeFile(path.join(dataDir, "database-timelines.json"), "not JSON");
  expect(open().highest("7")).toBe(0);
  await rm(dataDir, { recursive: true });
});

test("an ordinary role is told enough; one that is told nothing may still be used", async () => {
  const database = await createTestDatabase();
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  const state = async (): Promise<ServerState> => {
    await admin.query("SET ROLE plain_amps");
    const read = await readServerState(admin);
    await admin.query("RESET ROLE");
    return read;
  };
  await admin.query("CREATE ROLE plain_amps");
  try {
    expect(await state()).toMatchObject({ writable: true, standby: false, timeline: 1 });
    expect((await state()).systemId).toMatch(/^\d{10,}$/);
    await admin.query("REVOKE EXECUTE ON FUNCTION pg_control_system FROM PUBLIC");
    expect(await state()).toEqual({
      writable: true,
      standby: false,
      timeline: undefined,
      systemId: undefined,
    });
    await admin.query("SET default_transaction_read_only = on");
    expect(await readServerState(admin)).toMatchObject({ writable: false, standby: false });
    await admin.query("RESET default_transaction_read_only");
  } finally {
    await admin.query("RESET ROLE; DROP ROLE plain_amps");
    await admin.end();
    await database.drop();
  }
});
