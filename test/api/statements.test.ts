/** Every statement of the program is valid, and those of lists read their rows in index order. */
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Statement, statements } from "../../src/storage/storage.ts";
import { World } from "./world.ts";

let world: World;
let client: pg.Client;

beforeAll(async () => {
  world = await World.open();
  client = await world.node.storage.session("test");
});
afterAll(async () => {
  await client.end();
  await world.close();
});

const all = [...statements.values()];
const LIST =
  /^list-(?:applications|endpoints|event-types|messages|attempts-of-\w+|endpoint-messages|destinations|tasks)-/;
const lists = all.filter(({ name }) => LIST.test(name));

test.each(all.map((statement) => [statement.name, statement] as const))(
  "%s is valid",
  async (_name, { text }) => {
    await expect(client.query(`PREPARE checked AS ${text}`)).resolves.toBeDefined();
    await client.query("DEALLOCATE checked");
  },
);

interface Plan {
  "Node Type": string;
  Plans?: Plan[];
}

async function nodesOf({ text }: Statement): Promise<string[]> {
  const { rows } = await client.query<{ "QUERY PLAN": { Plan: Plan }[] }>(
    `EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`,
  );
  const walk = (plan: Plan): string[] => [plan["Node Type"], ...(plan.Plans ?? []).flatMap(walk)];
  const [plan] = rows[0]?.["QUERY PLAN"] ?? [];
  return plan === undefined ? [] : walk(plan.Plan);
}

describe("lists", () => {
  test("both directions of all eight are here", () => {
    expect(lists).toHaveLength(16);
  });

  test.each(lists.map((statement) => [statement.name, statement] as const))(
    "%s follows an index, without a sort",
    async (_name, statement) => {
      // The tables are empty: only what cannot be done otherwise is planned then.
      await client.query(
        "SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off",
      );
      const nodes = await nodesOf(statement);
      expect(nodes.join()).toContain("Index");
      expect(nodes).not.toContain("Seq Scan");
      expect(nodes).not.toContain("Sort");
    },
  );
});
