import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { sql } from "../../../test/support/factories.ts";
import { type FaultyStorage, openStorage } from "../../../test/support/test-node.ts";
import { pruneIdempotency } from "./prune-idempotency.ts";

let database: TestDatabase;
let storage: FaultyStorage;

beforeAll(async () => {
  database = await createTestDatabase();
  storage = openStorage(database.url);
});

afterAll(async () => {
  await storage.close();
  await database.drop();
});

test("forgets every key older than asked, however many, and keeps the others", async () => {
  await sql(
    storage,
    `INSERT INTO idempotency (environment_id, key_hash, request_hash, created_at)
     SELECT 'org', int4send(n), '', to_timestamp(n) FROM generate_series(1, 20005) n`,
  );
  expect(await pruneIdempotency(storage, 20_001_000)).toBe(20_000);
  const rows = await sql<{ created_at: number }>(
    storage,
    "SELECT created_at FROM idempotency ORDER BY created_at",
  );
  expect(rows.map((row) => row.created_at / 1000)).toEqual([
    20_001, 20_002, 20_003, 20_004, 20_005,
  ]);
  expect(await pruneIdempotency(storage, 0)).toBe(0);
});
