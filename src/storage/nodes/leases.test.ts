import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { sql } from "../../../test/support/factories.ts";
import { type FaultyStorage, openStorage } from "../../../test/support/test-node.ts";
import { acquireBuckets, type OwnedBucket } from "./leases.ts";

const NODES = ["node_1", "node_2", "node_3", "node_4"];
/** Without the look at the epoch a bucket is acquired twice in every fourth round or more. */
const ROUNDS = 200;

let database: TestDatabase;
let storages: FaultyStorage[];

beforeEach(async () => {
  database = await createTestDatabase();
  storages = NODES.map(() => openStorage(database.url));
});

afterEach(async () => {
  for (const storage of storages) await storage.close();
  await database.drop();
});

test("living nodes that acquire at nearly the same moment take no bucket from each other", async () => {
  const [storage] = storages;
  if (storage === undefined) throw new Error("No storage.");
  await sql(
    storage,
    `INSERT INTO node (node_id, lock_number, roles, expires_at)
     SELECT node_id, lock_number, '{engine}', now() + interval '1 hour'
     FROM unnest($1::text[]) WITH ORDINALITY AS n(node_id, lock_number)`,
    [NODES],
  );
  const acquire = async (node: number, turns: number): Promise<OwnedBucket[]> => {
    for (let turn = 0; turn < turns; turn += 1) await nextTurn();
    const [own, nodeId] = [storages[node], NODES[node]];
    if (own === undefined || nodeId === undefined) throw new Error("No such node.");
    return acquireBuckets(own, { nodeId, kind: "delivery", limit: 16, except: [] });
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    await sql(storage, "UPDATE bucket_lease SET node_id = NULL WHERE kind = 'delivery'");
    // How far apart they begin is different in each round.
    const gained = await Promise.all(NODES.map((_, node) => acquire(node, node * (round % 40))));
    const buckets = gained.flat().map(({ bucket }) => bucket);
    expect(buckets.toSorted((a, b) => a - b)).toEqual([...new Set(buckets)].sort((a, b) => a - b));
  }
});
