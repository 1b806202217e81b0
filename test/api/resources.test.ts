/** Applications, event types and endpoints, beyond what the official client shows. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answer } from "../support/fake-sender.ts";
import { sql } from "../support/factories.ts";
import { World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const url = "https://example.com/hook";

describe("the default application", () => {
  test("cannot be deleted nor lose its uid, but can be renamed", async () => {
    const path = "/api/v1/app/default";
    const gone = await world.call("DELETE", path);
    expect([gone.status, gone.body.code]).toEqual([409, "default_application"]);
    for (const uid of [null, "other"]) {
      const patched = await world.call("PATCH", path, { body: { uid } });
      expect([patched.status, patched.body.code]).toEqual([409, "default_application"]);
    }
    const put = await world.call("PUT", path, { body: { name: "Renamed" } });
    expect([put.status, put.body.name, put.body.uid]).toEqual([200, "Renamed", "default"]);
    const patched = await world.call("PATCH", path, { body: { name: "Again", uid: "default" } });
    expect(patched.status).toBe(200);
  });
});

describe("applications", () => {
  test("deleting one ends its endpoints and frees their names", async () => {
    const appId = await world.application({ uid: "short-lived" });
    const endpointId = await world.endpoint(appId, { uid: "e" });
    expect((await world.call("DELETE", `/api/v1/app/${appId}`)).status).toBe(204);
    for (const path of [`/api/v1/app/${appId}`, "/api/v1/app/short-lived"]) {
      expect((await world.call("GET", path)).status).toBe(404);
    }
    const [row] = await sql<{ gone: boolean }>(
      world.node.storage,
      "SELECT deleted_at IS NOT NULL AS gone FROM endpoint WHERE endpoint_id = $1",
      [endpointId],
    );
    expect(row?.gone).toBe(true);
    expect((await world.call("DELETE", `/api/v1/app/${appId}`)).status).toBe(404);
  });

  test("rateLimit is the old name of throttleRate", async () => {
    const appId = await world.application({ rateLimit: 3 });
    const { body } = await world.call("GET", `/api/v1/app/${appId}`);
    expect(body).toMatchObject({ throttleRate: 3, rateLimit: 3 });
  });

  test("two updates to one uid at once: one wins, the other is told", async () => {
    const [a, b] = [await world.application(), await world.application()];
    const answers = await Promise.all(
      [a, b].map((id) => world.call("PATCH", `/api/v1/app/${id}`, { body: { uid: "wanted" } })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
  });
});

describe("event types", () => {
  test("schemas come back as the text that was sent", async () => {
    const schemas = '{"2": {"b":1.0, "a":12345678901234567890,\n "n":-0}, "1":{"z":[ ]}}';
    const body = `{"name":"exact.text","description":"d","schemas":${schemas}}`;
    const made = await world.call("POST", "/api/v1/event-type", { body });
    expect(made.status).toBe(201);
    expect(made.text).toContain(`"schemas":${schemas}`);
    const patched = await world.call("PATCH", "/api/v1/event-type/exact.text", {
      body: { deprecated: true },
    });
    expect(patched.body.deprecated).toBe(true);
    expect(patched.text).toContain(`"schemas":${schemas}`);
  });

  test("an endpoint cannot ask for an archived one", async () => {
    const name = "old.type";
    await world.call("POST", "/api/v1/event-type", { body: { name, description: "" } });
    await world.call("DELETE", `/api/v1/event-type/${name}`);
    const body = { url, eventTypes: [name] };
    const refused = await world.call("POST", "/api/v1/app/default/endpoint", { body });
    expect(refused.status).toBe(422);
    const put = await world.call("PUT", `/api/v1/event-type/${name}`, {
      body: { description: "" },
    });
    expect([put.status, put.body.archived]).toEqual([200, false]);
    const made = await world.call("POST", "/api/v1/app/default/endpoint", { body });
    expect(made.body).toMatchObject({ eventTypes: [name], filterTypes: [name], version: 1 });
  });
});

describe("endpoints", () => {
  test("credentials leave the URL and are sent as Basic authentication", async () => {
    const appId = await world.application();
    const made = await world.call("POST", `/api/v1/app/${appId}/endpoint`, {
      body: { url: "http://us%65r:p%40ss@127.0.0.1:9999/x" },
    });
    expect(made.body.url).toBe("http://127.0.0.1:9999/x");
    const path = `/api/v1/app/${appId}/endpoint/${made.body.id}`;
    const count = world.node.sender.requests.length;
    await world.message(appId);
    const sent = await world.node.sender.nth(count + 1);
    const basic = `Basic ${Buffer.from("user:p@ss").toString("base64")}`;
    expect(sent.headers["authorization"]).toBe(basic);
    await world.call("PATCH", path, { body: { description: "keeps them" } });
    await world.message(appId);
    expect((await world.node.sender.nth(count + 2)).headers["authorization"]).toBe(basic);
    await world.call("PATCH", path, { body: { url: "http://127.0.0.1:9999/y" } });
    await world.message(appId);
    expect((await world.node.sender.nth(count + 3)).headers["authorization"]).toBeUndefined();
    const [row] = await sql<{ stored: string }>(
      world.node.storage,
      "SELECT string_agg(e::text, ' ') AS stored FROM endpoint e",
    );
    expect(row?.stored).not.toContain("p@ss");
  });

  test("what disabled it is told, and enabling forgets it", async () => {
    const appId = await world.application();
    const endpointId = await world.endpoint(appId);
    const path = `/api/v1/app/${appId}/endpoint/${endpointId}`;
    world.node.sender.answer = () => answer(410);
    const messageId = await world.message(appId);
    await world.attempts(appId, messageId, 1);
    await world.node.events.until(
      async () => (await world.call("GET", path)).body.disabled === true,
    );
    world.node.sender.answer = () => answer(200);
    expect((await world.call("GET", path)).body).toMatchObject({ disabledReason: "gone" });
    const kept = await world.call("PATCH", path, { body: { disabled: true, description: "x" } });
    expect(kept.body).toMatchObject({ disabled: true, disabledReason: "gone" });
    const resend = await world.call(
      "POST",
      `/api/v1/app/${appId}/msg/${messageId}/endpoint/${endpointId}/resend`,
    );
    expect([resend.status, resend.body.code]).toEqual([409, "endpoint_disabled"]);
    expect(resend.body.detail).toContain("PATCH");
    const enabled = await world.call("PATCH", path, { body: { disabled: false } });
    expect(enabled.body).toMatchObject({ disabled: false, disabledReason: null });
    const [row] = await sql<{ failing_since: number | null }>(
      world.node.storage,
      "SELECT failing_since FROM endpoint WHERE endpoint_id = $1",
      [endpointId],
    );
    expect(row?.failing_since).toBeNull();
    const manual = await world.call("PATCH", path, { body: { disabled: true } });
    expect(manual.body).toMatchObject({ disabledReason: "manual" });
  });

  test("rotation: 0 ends the old secret at once, ten old ones are the most", async () => {
    const appId = await world.application();
    const path = `/api/v1/app/${appId}/endpoint/${await world.endpoint(appId)}`;
    const rotate = (body: object = {}): ReturnType<World["call"]> =>
      world.call("POST", `${path}/secret/rotate`, { body });
    expect((await rotate({ gracePeriodSeconds: 0 })).status).toBe(204);
    for (let n = 0; n < 10; n += 1) expect((await rotate({ key: null })).status).toBe(204);
    const { key } = (await world.call("GET", `${path}/secret`)).body;
    const refused = await rotate();
    expect([refused.status, refused.body.code]).toEqual([400, "limit_reached"]);
    expect((await world.call("GET", `${path}/secret`)).body.key).toBe(key);
    const count = world.node.sender.requests.length;
    await world.message(appId);
    const sent = await world.node.sender.nth(count + 1);
    expect(sent.headers["svix-signature"]?.split(" ")).toHaveLength(11);
    expect((await rotate({ gracePeriodSeconds: 604_801 })).status).toBe(422);
    expect((await rotate({ key: "whsec_x" })).status).toBe(422);
  });

  test("secrets and headers never lie open in the database", async () => {
    const appId = await world.application();
    const secret = `whsec_${"S".repeat(32)}`;
    await world.endpoint(appId, { secret, headers: { Authorization: "Bearer plain-text" } });
    const rows = await sql<{ stored: string }>(
      world.node.storage,
      `SELECT e::text AS stored FROM endpoint e UNION ALL SELECT s::text FROM endpoint_secret s
       UNION ALL SELECT i::text FROM idempotency i`,
    );
    const stored = rows.map((row) => row.stored).join("\n");
    expect(stored).not.toContain("S".repeat(32));
    expect(stored).not.toContain("plain-text");
    expect(stored).not.toContain(Buffer.from("plain-text").toString("hex"));
  });

  test("patching headers of one that ends up invalid changes nothing", async () => {
    const appId = await world.application();
    const path = `/api/v1/app/${appId}/endpoint/${await world.endpoint(appId)}/headers`;
    await world.call("PUT", path, { body: { headers: { "X-A": "1" } } });
    const refused = await world.call("PATCH", path, {
      body: { headers: { "X-B": "2", Host: "x" } },
    });
    expect(refused.status).toBe(422);
    expect((await world.call("GET", path)).body).toEqual({
      headers: { "X-A": "1" },
      sensitive: [],
    });
  });

  test("the 1,001st of an application is refused", async () => {
    const appId = await world.application();
    const { environmentId } = world.environments.sandbox;
    await sql(
      world.node.storage,
      `INSERT INTO endpoint (application_id, endpoint_id, environment_id, bucket, url)
       SELECT $1, 'ep_' || lpad(n::text, 27, '0'), $2, 0, 'https://example.com/'
       FROM generate_series(1, 1000) n`,
      [appId, environmentId],
    );
    const body = { url };
    const refused = await world.call("POST", `/api/v1/app/${appId}/endpoint`, { body });
    expect([refused.status, refused.body.code]).toEqual([409, "limit.endpoints"]);
  });
});
