/** The bad-input table: each is refused with its place and reason, never a 5xx, and writes no row. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sql } from "../support/factories.ts";
import { World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

type Refused = [method: string, path: string, body: unknown, loc: string[], type: string];
const APP = "/api/v1/app";
const ENDPOINT = `${APP}/default/endpoint`;
const MESSAGE = `${APP}/default/msg`;
const TYPE = "/api/v1/event-type";
const url = "https://example.com/hook";
const message = { eventType: "a", payload: {} };
const deep = `{"eventType":"a","payload":{},"x":${"[".repeat(101)}${"]".repeat(101)}}`;
const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`X-H${n}`, "v"]));

const REFUSED: Refused[] = [
  // Unreadable bodies.
  ["POST", APP, "", ["body"], "json.invalid"],
  ["POST", APP, "{", ["body"], "json.invalid"],
  ["POST", APP, '\ufeff{"name":"x"}', ["body"], "json.invalid"],
  ["POST", APP, '{"name":"x"}{"name":"y"}', ["body"], "json.invalid"],
  ["POST", APP, Buffer.from('{"name":"x"}', "utf16le"), ["body"], "json.encoding"],
  ["POST", APP, Buffer.from([0x7b, 0xff]), ["body"], "json.encoding"],
  ["POST", APP, '{"name":"x","name":"y"}', ["body"], "json.duplicate_key"],
  ["POST", MESSAGE, deep, ["body"], "json.depth"],
  ["POST", APP, "[]", ["body"], "value_error.jsondecode"],
  ["POST", APP, '"x"', ["body"], "value_error.jsondecode"],
  // Types are never coerced.
  ["POST", APP, {}, ["body", "name"], "value_error.missing"],
  ["POST", APP, { name: 1 }, ["body", "name"], "value_error.jsondecode"],
  ["POST", APP, { name: null }, ["body", "name"], "value_error.jsondecode"],
  ["POST", APP, { name: "" }, ["body", "name"], "value_error"],
  ["POST", APP, { name: "a\u0000b" }, ["body", "name"], "value_error"],
  ["POST", APP, '{"name":"\\ud800"}', ["body", "name"], "value_error"],
  [
    "POST",
    APP,
    { name: "x", throttleRate: "5" },
    ["body", "throttleRate"],
    "value_error.jsondecode",
  ],
  ["POST", APP, { name: "x", throttleRate: 0 }, ["body", "throttleRate"], "value_error"],
  ["POST", APP, { name: "x", throttleRate: 65_536 }, ["body", "throttleRate"], "value_error"],
  [
    "POST",
    APP,
    { name: "x", throttleRate: 1.5 },
    ["body", "throttleRate"],
    "value_error.jsondecode",
  ],
  ["POST", APP, { name: "x", uid: "app_x" }, ["body", "uid"], "value_error"],
  ["POST", APP, { name: "x", uid: "a b" }, ["body", "uid"], "value_error"],
  ["POST", APP, { name: "x", uid: "" }, ["body", "uid"], "value_error"],
  ["POST", APP, { name: "x", uid: "x".repeat(257) }, ["body", "uid"], "value_error"],
  [
    "POST",
    APP,
    { name: "x", metadata: { a: 1 } },
    ["body", "metadata", "a"],
    "value_error.jsondecode",
  ],
  [
    "POST",
    APP,
    { name: "x", metadata: { a: "x".repeat(4096) } },
    ["body", "metadata"],
    "value_error",
  ],
  // Event types.
  ["POST", TYPE, { name: "", description: "" }, ["body", "name"], "value_error"],
  ["POST", TYPE, { name: "a b", description: "" }, ["body", "name"], "value_error"],
  ["POST", TYPE, { name: "x".repeat(257), description: "" }, ["body", "name"], "value_error"],
  ["POST", TYPE, { name: "a" }, ["body", "description"], "value_error.missing"],
  [
    "POST",
    TYPE,
    { name: "a", description: "", schemas: [] },
    ["body", "schemas"],
    "value_error.jsondecode",
  ],
  ["PUT", `${TYPE}/a%20b`, { description: "" }, ["path", "event_type_name"], "value_error"],
  // Endpoints.
  ["POST", ENDPOINT, {}, ["body", "url"], "value_error.missing"],
  ["POST", ENDPOINT, { url: 1 }, ["body", "url"], "value_error.jsondecode"],
  ["POST", ENDPOINT, { url: "" }, ["body", "url"], "url.invalid"],
  ["POST", ENDPOINT, { url: "example.com" }, ["body", "url"], "url.invalid"],
  ["POST", ENDPOINT, { url: "ftp://example.com/" }, ["body", "url"], "url.scheme"],
  ["POST", ENDPOINT, { url: "http://10.0.0.1/" }, ["body", "url"], "url.address_denied"],
  ["POST", ENDPOINT, { url: "http://169.254.169.254/" }, ["body", "url"], "url.address_denied"],
  ["POST", ENDPOINT, { url: "http://127.0.0.1:8071/" }, ["body", "url"], "url.address_denied"],
  ["POST", ENDPOINT, { url: "http://db.internal/" }, ["body", "url"], "url.host_denied"],
  ["POST", ENDPOINT, { url: "https://example.com:22/" }, ["body", "url"], "url.port_denied"],
  ["POST", ENDPOINT, { url: "https://:@example.com/" }, ["body", "url"], "url.userinfo"],
  ["POST", ENDPOINT, { url: `${url}#x` }, ["body", "url"], "url.fragment"],
  ["POST", ENDPOINT, { url, eventTypes: [] }, ["body", "eventTypes"], "value_error"],
  ["POST", ENDPOINT, { url, filterTypes: [] }, ["body", "filterTypes"], "value_error"],
  ["POST", ENDPOINT, { url, eventTypes: ["nope"] }, ["body", "eventTypes"], "value_error"],
  ["POST", ENDPOINT, { url, eventTypes: ["a b"] }, ["body", "eventTypes", "[0]"], "value_error"],
  ["POST", ENDPOINT, { url, channels: [] }, ["body", "channels"], "value_error"],
  ["POST", ENDPOINT, { url, channels: ["a,b"] }, ["body", "channels", "[0]"], "value_error"],
  [
    "POST",
    ENDPOINT,
    { url, channels: ["x".repeat(129)] },
    ["body", "channels", "[0]"],
    "value_error",
  ],
  ["POST", ENDPOINT, { url, disabled: "true" }, ["body", "disabled"], "value_error.jsondecode"],
  ["POST", ENDPOINT, { url, uid: "ep_x" }, ["body", "uid"], "value_error"],
  ["POST", ENDPOINT, { url, secret: "x" }, ["body", "secret"], "secret.invalid"],
  [
    "POST",
    ENDPOINT,
    { url, secret: `whsec_${"A".repeat(28)}` },
    ["body", "secret"],
    "secret.invalid",
  ],
  [
    "POST",
    ENDPOINT,
    { url, secret: `whsec_${"A".repeat(104)}` },
    ["body", "secret"],
    "secret.invalid",
  ],
  [
    "POST",
    ENDPOINT,
    { url, headers: { Host: "x" } },
    ["body", "headers", "Host"],
    "header.reserved",
  ],
  ["POST", ENDPOINT, { url, headers: { "a b": "x" } }, ["body", "headers", "a b"], "header.name"],
  ["POST", ENDPOINT, { url, headers: { A: "x\ny" } }, ["body", "headers", "A"], "header.value"],
  ["POST", ENDPOINT, { url, headers: { a: "1", A: "2" } }, ["body", "headers", "A"], "header.name"],
  ["POST", ENDPOINT, { url, headers: many(51) }, ["body", "headers"], "header.count"],
  [
    "POST",
    ENDPOINT,
    { url, headers: { A: 1 } },
    ["body", "headers", "A"],
    "value_error.jsondecode",
  ],
  // Messages.
  ["POST", MESSAGE, { payload: {} }, ["body", "eventType"], "value_error.missing"],
  ["POST", MESSAGE, { eventType: "a" }, ["body", "payload"], "value_error.missing"],
  ["POST", MESSAGE, { ...message, eventType: "" }, ["body", "eventType"], "value_error"],
  ["POST", MESSAGE, { ...message, payload: [] }, ["body", "payload"], "value_error.jsondecode"],
  ["POST", MESSAGE, { ...message, payload: "x" }, ["body", "payload"], "value_error.jsondecode"],
  ["POST", MESSAGE, { ...message, payload: null }, ["body", "payload"], "value_error.jsondecode"],
  ["POST", MESSAGE, { ...message, data: {} }, ["body", "data"], "value_error"],
  ["POST", MESSAGE, { ...message, eventId: "msg_1" }, ["body", "eventId"], "value_error"],
  ["POST", MESSAGE, { ...message, channels: ["a b"] }, ["body", "channels", "[0]"], "value_error"],
  [
    "POST",
    MESSAGE,
    { ...message, channels: "a,b,c,d,e,f".split(",") },
    ["body", "channels"],
    "value_error",
  ],
  ["POST", MESSAGE, { ...message, tags: ["a,b"] }, ["body", "tags", "[0]"], "value_error"],
  ["POST", MESSAGE, { ...message, deliverAt: "x" }, ["body", "deliverAt"], "value_error"],
  [
    "POST",
    MESSAGE,
    { ...message, transformationsParams: { rawPayload: 1 } },
    ["body", "transformationsParams", "rawPayload"],
    "value_error.jsondecode",
  ],
  [
    "POST",
    MESSAGE,
    { ...message, transformationsParams: { headers: { "content-type": "text/csv" } } },
    ["body", "transformationsParams", "headers"],
    "not_implemented",
  ],
  [
    "POST",
    `${APP}/absent/msg`,
    { ...message, application: { name: "x" } },
    ["body", "application", "uid"],
    "application_uid_missing",
  ],
  // Query strings.
  ["GET", `${APP}?limit=0`, undefined, ["query", "limit"], "value_error"],
  ["GET", `${APP}?limit=251`, undefined, ["query", "limit"], "value_error"],
  ["GET", `${APP}?limit=-1`, undefined, ["query", "limit"], "value_error"],
  ["GET", `${APP}?limit=1e9`, undefined, ["query", "limit"], "value_error.jsondecode"],
  ["GET", `${APP}?limit=abc`, undefined, ["query", "limit"], "value_error.jsondecode"],
  ["GET", `${APP}?limit=`, undefined, ["query", "limit"], "value_error.jsondecode"],
  ["GET", `${APP}?limit=1&limit=2`, undefined, ["query", "limit"], "value_error"],
  ["GET", `${APP}?order=up`, undefined, ["query", "order"], "value_error"],
  ["GET", `${APP}?iterator=x`, undefined, ["query", "iterator"], "value_error"],
  ["GET", `${APP}?iterator=msg_${"x".repeat(27)}`, undefined, ["query", "iterator"], "value_error"],
  [
    "GET",
    `${MESSAGE}?with_content=yes`,
    undefined,
    ["query", "with_content"],
    "value_error.jsondecode",
  ],
  ["GET", `${MESSAGE}?before=2026-01-01`, undefined, ["query", "before"], "value_error"],
  ["GET", `${MESSAGE}?before=2026-01-01T00:00:00`, undefined, ["query", "before"], "value_error"],
  ["GET", `${MESSAGE}?after=275761-01-01T00:00:00Z`, undefined, ["query", "after"], "value_error"],
  [
    "GET",
    `${MESSAGE}?after=2026-02-01T00:00:00Z&before=2026-01-01T00:00:00Z`,
    undefined,
    ["query", "before"],
    "value_error",
  ],
  [
    "GET",
    `${MESSAGE}?event_types=a,b%20c`,
    undefined,
    ["query", "event_types", "[1]"],
    "value_error",
  ],
];

async function countRows(): Promise<unknown> {
  const [row] = await sql(
    world.node.storage,
    `SELECT (SELECT count(*) FROM application) AS applications,
       (SELECT count(*) FROM endpoint) AS endpoints, (SELECT count(*) FROM message) AS messages,
       (SELECT count(*) FROM event_type) AS event_types`,
  );
  return row;
}

const cut = (value: unknown): string => (JSON.stringify(value) ?? "").slice(0, 60);
const named = REFUSED.map(
  (row) => [`${row[0]} ${row[1].slice(0, 60)} ${cut(row[2])}`, row] as const,
);

describe("422 with place and reason", () => {
  test.each(named)("%s", async (_name, [method, path, body, loc, type]) => {
    const answer = await world.call(method, path, body === undefined ? {} : { body });
    expect(answer.status, answer.text).toBe(422);
    const [item] = answer.body.detail;
    expect(item).toMatchObject({ loc, type });
    expect(item.msg.length).toBeGreaterThan(10);
  });

  test("none of them wrote a row", async () => {
    const before = await countRows();
    for (const [method, path, body] of REFUSED) {
      await world.call(method, path, body === undefined ? {} : { body });
    }
    expect(await countRows()).toEqual(before);
  });

  test("all mistakes of a body are told at once", async () => {
    const body = { name: 1, uid: "a b", throttleRate: "x" };
    const { body: answer } = await world.call("POST", APP, { body });
    const places = answer.detail.map((item: { loc: string[] }) => item.loc.join("."));
    expect(places.toSorted()).toEqual(["body.name", "body.throttleRate", "body.uid"]);
  });

  test("a refused secret is not echoed", async () => {
    const body = { url, secret: "whsec_thisIsNotBase64!!" };
    expect((await world.call("POST", ENDPOINT, { body })).text).not.toContain("thisIsNot");
  });
});

describe("accepted, although it looks odd", () => {
  test.each([
    ["unknown fields", { name: "x", whatever: { a: 1 } }],
    ["prototype keys", '{"name":"x","__proto__":{"uid":"p"},"constructor":1}'],
    ["null for everything optional", { name: "x", uid: null, throttleRate: null, metadata: null }],
    ["markup, SQL and formulas", { name: "<script>'; DROP TABLE x; --=cmd|' /C" }],
    ["right-to-left and zero-width text", { name: "\u202eabc\u200b𝄞" }],
  ])("%s in an application", async (_name, body) => {
    const made = await world.call("POST", APP, { body });
    expect(made.status, made.text).toBe(201);
    const name = typeof body === "string" ? "x" : body.name;
    expect(made.body).toMatchObject({ name, uid: null, metadata: {} });
  });

  test.each([".a", "a..b", "-", "A_9"])("event type %s", async (name) => {
    const answer = await world.call("POST", TYPE, { body: { name, description: "" } });
    expect(answer.status).toBe(201);
  });

  test("an event type that nobody registered, and empty lists, in a message", async () => {
    const body = { eventType: "invoice.paid", payload: {}, channels: [], tags: [] };
    const made = await world.call("POST", MESSAGE, { body });
    expect(made.status).toBe(202);
    expect(made.body).toMatchObject({ channels: null, tags: null });
  });
});

describe("idempotency keys", () => {
  test.each([
    ["empty", ""],
    ["256 characters", "x".repeat(256)],
    ["beyond ASCII", "schlüssel"],
    ["a tab", "a\tb"],
  ])("%s is 400", async (_name, key) => {
    const headers = { "idempotency-key": key };
    const answer = await world.call("POST", APP, { body: { name: "x" }, headers });
    expect([answer.status, answer.body.code]).toEqual([400, "idempotency.malformed"]);
    const sent = await world.call("POST", MESSAGE, { body: message, headers });
    expect([sent.status, sent.body.code]).toEqual([400, "idempotency.malformed"]);
  });
});
