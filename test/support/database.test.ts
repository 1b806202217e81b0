import { Client } from "pg";
import { expect, test } from "vitest";
import { createTestDatabase } from "./database.ts";

test("databases are migrated, separate, and made in parallel", async () => {
  const databases = await Promise.all(Array.from({ length: 4 }, () => createTestDatabase()));
  expect(new Set(databases.map(({ url }) => url)).size).toBe(4);
  const clients = databases.map(({ url }) => new Client({ connectionString: url }));
  for (const [index, client] of clients.entries()) {
    await client.connect();
    expect((await client.query("SELECT number FROM migration")).rowCount).toBeGreaterThan(0);
    await client.query(`CREATE TABLE mine AS SELECT ${index} AS value`);
    await client.end();
  }
  await Promise.all(databases.map((database) => database.drop()));
});

test("a connection that was left open fails the drop by its name", async () => {
  const database = await createTestDatabase();
  const leak = new Client({ connectionString: database.url, application_name: "leaky part" });
  leak.on("error", () => undefined);
  const ended = new Promise((resolve) => leak.once("end", resolve));
  await leak.connect();
  await leak.query("SELECT 1 AS left_open");
  await expect(database.drop()).rejects.toThrow("leaky part: SELECT 1 AS left_open");
  // The database is gone all the same, and the connection with it.
  await ended;
});
