import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { awaitPrimary } from "./await-primary.ts";
import { RememberedTimelines } from "./timelines.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

/** What was said meanwhile, and in the end. */
async function wait(connectionUrl: string, waitMsMax: number): Promise<[string[], string]> {
  const told: string[] = [];
  const timelines = new RememberedTimelines();
  const tell = (line: string): void => void told.push(line);
  const end = await awaitPrimary({
    connectionUrl,
    timelines,
    tell,
    waitMsMax,
  }).then(
    () => "ready",
    (error: Error) => error.message,
  );
  return [told, end];
}

test("a database that answers is not waited for, and no connection stays", async () => {
  expect(await wait(database.url, 0)).toEqual([[], "ready"]);
});

test("hosts where nothing listens are waited for in words, then named with what to do", async () => {
  const url = "postgres://amps:hunter2@127.0.0.1:1,127.0.0.1:2/amps";
  const [told, end] = await wait(url, 2_500);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(
    /^Waiting for the database \(\d+ s of 3 s\): 127\.0\.0\.1:1 cannot be reached \(connect ECONNREFUSED/,
  );
  expect(end).toMatch(/^The database cannot be used within \d+ s:\n {2}127\.0\.0\.1:1 cannot/);
  expect(end).toContain("\n  127.0.0.1:2 cannot be reached");
  expect(end).toContain("Check that PostgreSQL runs");
  expect(`${told.join("")}${end}`).not.toContain("hunter2");
});

test("what waiting does not mend is refused at once", async () => {
  const missing = await wait(inject("databaseUrl").replace("/amps?", "/nowhere?"), 60_000);
  expect(missing[0]).toEqual([]);
  expect(missing[1]).toContain('database "nowhere" does not exist');
  expect(missing[1]).toContain("Check user, password and database name in DATABASE_URL.");
});
