/** docs/migrating.md: its script moves everything from one server to another, and receivers need no change. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { type Svix, Webhook } from "svix";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { World } from "./world.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const HOOK = "http://127.0.0.1:9999/hook";
const SECRET = `whsec_${"C".repeat(32)}`;

let source: World;
let target: World;
let from: Svix;
let to: Svix;
let namelessId: string;
let plainId: string;

async function copy(...flags: string[]): Promise<{ stdout: string; code: number }> {
  const env = {
    PATH: process.env["PATH"],
    FROM_URL: await source.listen(),
    FROM_TOKEN: source.sandboxKey,
    TO_URL: await target.listen(),
    TO_TOKEN: target.sandboxKey,
  };
  const command = [path.join(ROOT, "examples/copy-from-svix.mjs"), ...flags];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, command, { env });
    return { stdout, code: 0 };
  } catch (error) {
    const { stdout, stderr, code } = error as { stdout: string; stderr: string; code: number };
    if (stderr !== "") throw new Error(stderr, { cause: error });
    return { stdout, code };
  }
}

beforeAll(async () => {
  [source, target] = await Promise.all([World.open(), World.open()]);
  from = await source.client();
  to = await target.client();
  await from.eventType.create({
    name: "invoice.paid",
    description: "Paid",
    schemas: { "1": { type: "object" } },
  });
  await from.eventType.create({ name: "invoice.old", description: "Old", archived: true });
  await from.application.create({
    name: "Shop",
    uid: "shop",
    throttleRate: 7,
    metadata: { plan: "gold" },
  });
  namelessId = (await from.application.create({ name: "No uid" })).id;
  await from.endpoint.create("shop", {
    uid: "orders",
    url: HOOK,
    secret: SECRET,
    eventTypes: ["invoice.paid"],
    channels: ["eu"],
    metadata: { owner: "sales" },
    headers: { "X-Tenant": "north", Authorization: "Bearer hidden" },
  });
  await from.endpoint.create("shop", { uid: "off", url: HOOK, disabled: true });
  plainId = (await from.endpoint.create(namelessId, { url: HOOK })).id;
  for (let n = 0; n < 120; n += 1)
    await from.application.create({ name: `${n}`, uid: `many-${n}` });
});
afterAll(async () => {
  await Promise.all([source.close(), target.close()]);
});

describe("the copy", () => {
  test("of everything, disabled for now, says what it could not read", async () => {
    const { stdout, code } = await copy("--disabled");
    expect(code).toBe(1);
    expect(stdout).toContain("shop / orders: set these headers by hand");
    expect(stdout).not.toContain(SECRET);
    expect(stdout).toContain(namelessId);
    expect((await to.endpoint.get("shop", "orders")).disabled).toBe(true);
    expect((await to.application.get("many-119")).name).toBe("119");
  });

  test("again, enables what is enabled there, and is then as the source", async () => {
    await to.endpoint.patchHeaders("shop", "orders", {
      headers: { Authorization: "Bearer hidden" },
    });
    await from.endpoint.patch("shop", "orders", { description: "changed since" });
    const { stdout, code } = await copy();
    expect(stdout).not.toContain("by hand");
    expect(code).toBe(0);
    const application = await to.application.get("shop");
    expect(application).toMatchObject({
      name: "Shop",
      throttleRate: 7,
      metadata: { plan: "gold" },
    });
    const strip = ({
      id: _id,
      createdAt: _made,
      updatedAt: _changed,
      ...rest
    }: object & Record<string, unknown>): object => rest;
    for (const name of ["orders", "off"]) {
      const [one, other] = [
        await from.endpoint.get("shop", name),
        await to.endpoint.get("shop", name),
      ];
      expect(strip({ ...other })).toEqual(strip({ ...one }));
    }
    expect((await to.endpoint.getSecret("shop", "orders")).key).toBe(SECRET);
    const headers = await to.endpoint.getHeaders("shop", "orders");
    expect(headers).toMatchObject({
      headers: { "X-Tenant": "north" },
      sensitive: ["Authorization"],
    });
    const copied = await to.endpoint.get(`svix-${namelessId}`, `svix-${plainId}`);
    expect(copied.disabled).toBe(false);
    expect((await to.eventType.get("invoice.paid")).schemas).toEqual({ "1": { type: "object" } });
    expect((await to.eventType.get("invoice.old")).archived).toBe(true);
  });

  test("sends to the receiver what its old secret verifies", async () => {
    const message = await to.message.create("shop", {
      eventType: "invoice.paid",
      channels: ["eu"],
      payload: { id: "in_1" },
    });
    await target.attempts("shop", message.id, 1);
    const { headers, body } = await target.node.sender.nth(1);
    new Webhook(SECRET).verify(Buffer.from(body), headers);
    expect(headers).toMatchObject({ "X-Tenant": "north", Authorization: "Bearer hidden" });
  });

  test("follows a secret that was rotated at the source", async () => {
    const key = `whsec_${"D".repeat(32)}`;
    await from.endpoint.rotateSecret("shop", "orders", { key });
    expect((await copy()).code).toBe(0);
    expect((await to.endpoint.getSecret("shop", "orders")).key).toBe(key);
  });
});

describe("the outbox", () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let publishOutbox: (pool: pg.Pool, svix: Svix, rowsMax?: number) => Promise<number>;

  beforeAll(async () => {
    ({ publishOutbox } = await import("../../examples/outbox.mjs"));
    database = await createTestDatabase();
    pool = new pg.Pool({ connectionString: database.url, max: 4 });
    const text = readFileSync(path.join(ROOT, "examples/outbox.mjs"), "utf8");
    const ddl = [...text.matchAll(/^ \* {4}(.*)$/gm)].map(([, line]) => line).join("\n");
    await pool.query(ddl);
    await to.application.create({ name: "outbox", uid: "outbox" });
    await pool.query(
      `INSERT INTO outbox (application, event_type, payload, sender)
        SELECT 'outbox', 'invoice.paid', jsonb_build_object('n', n), CASE WHEN n > 30 THEN 'old' ELSE 'amps' END
          FROM generate_series(1, 40) n`,
    );
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const waiting = async (): Promise<number> => {
    const text =
      "SELECT count(*)::int AS n FROM outbox WHERE published_at IS NULL AND sender = 'amps'";
    return (await pool.query<{ n: number }>(text)).rows[0]?.n ?? -1;
  };

  test("keeps its rows while the server is out of reach", async () => {
    const { Svix: Client } = await import("svix");
    const nobody = new Client("sk_test_none", {
      serverUrl: "http://127.0.0.1:1",
      retryScheduleInMs: [],
    });
    await expect(publishOutbox(pool, nobody)).rejects.toThrow();
    expect(await waiting()).toBe(30);
  });

  test("publishes each row once, though it dies before its commit and others work beside it", async () => {
    // Published, then killed: the commit never came.
    for (const id of [1, 2, 3]) {
      const eventId = `outbox-${id}`;
      const body = { eventType: "invoice.paid", eventId, payload: { n: id } };
      await to.message.create("outbox", body, { idempotencyKey: `other-${id}` });
    }
    const rounds = await Promise.all([1, 2, 3].map(() => publishOutbox(pool, to, 10)));
    expect(rounds.reduce((sum, count) => sum + count, 0)).toBe(30);
    expect(await publishOutbox(pool, to)).toBe(0);
    expect(await waiting()).toBe(0);
    const { data } = await to.message.list("outbox", { limit: 100, withContent: true });
    const numbers = data.map(({ payload }) => (payload as { n: number }).n).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
  });
});
