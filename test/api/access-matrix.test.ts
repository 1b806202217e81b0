/**
 * Every operation of openapi.json as everyone who should not: without a key, with a bad one, from the other
 * environment, with a key that only reads, with an application token of this and of another application.
 */
import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addDevice } from "../battery/battery-node.ts";
import { sql } from "../support/factories.ts";
import {
  fillPath,
  type Operation,
  operations as all,
  smallestOf,
} from "../support/openapi-operations.ts";
import { type Answer, World } from "./world.ts";

const MARK = "sandbox-marker";
const ISSUE_ID = `iss_${"1".repeat(27)}`;
/** Operations that a portal has no business with (`svix-api.md` §2). */
const ORGANISATION_ONLY = [
  /^(?:GET|POST) \/api\/v1\/app$/,
  /^(?:PUT|PATCH|DELETE) \/api\/v1\/app\/\{app_id\}$/,
  /^POST \/api\/v1\/app\/\{app_id\}\/msg$/,
  /^POST \/api\/v1\/app\/\{app_id\}\/msg\/(?:precheck|bulk-expunge|expunge-all-contents)/,
  /^DELETE .*\/content$/,
  /\/send-example$/,
  /^(?:POST|PUT|PATCH|DELETE) \/api\/v1\/event-type/,
  /\/auth\/(?:app-portal-access|dashboard-access|app)\//,
  /^GET \/api\/v1\/background-task$/,
  /^\w+ \/api\/v1\/(?:api-key|system|operational-webhook|stats|environment|msg)\b/,
];
const operations = all.filter(({ open }) => !open);
const ofWebhooks = operations.filter(({ path }) => path.startsWith("/api/v1/"));
const isBattery = ({ path }: Operation): boolean => !path.startsWith("/api/v1/");

let world: World;
/** Ids of the sandbox, as they are named in paths. */
let ids: Record<string, string>;
/** As long as those, of nothing. */
let absent: Record<string, string>;
let readKey: string;

beforeAll(async () => {
  world = await World.open({ battery: true });
  const { environmentId } = world.environments.sandbox;
  readKey = `sk_test_${randomBytes(24).toString("hex")}`;
  await sql(
    world.node.storage,
    `INSERT INTO api_key (key_hash, environment_id, name, scope, hint)
     VALUES ($1, $2, 'reader', 'read', 'hint')`,
    [createHash("sha256").update(readKey).digest(), environmentId],
  );
  const app_id = await world.application({ name: MARK, uid: `${MARK}-app` });
  const endpoint_id = await world.endpoint(app_id, {
    description: MARK,
    uid: `${MARK}-endpoint`,
    headers: { "x-mark": MARK },
  });
  const msg_id = await world.message(app_id, { payload: { MARK }, eventId: `${MARK}-event` });
  const { body } = await world.attempts(app_id, msg_id, 1);
  await world.call("POST", "/api/v1/event-type", { body: { name: MARK, description: MARK } });
  const { deviceId } = await addDevice(world.node.storage, environmentId);
  const pushed = await world.call("POST", `/battery/${deviceId}`, {
    body: { action: { command: "idle" } },
  });
  if (pushed.status !== 202) throw new Error(pushed.text);
  await sql(
    world.node.storage,
    `INSERT INTO issue (application_id, issue_id, endpoint_id, cause, first_seen_at, opened_at,
       last_seen_at, attempts, last_attempt_id, last_message_id, last_error)
     VALUES ($1, $2, $3, 'http_500', now(), now(), now(), 1, $4, $5, $6)`,
    [app_id, ISSUE_ID, endpoint_id, String(body.data[0].id), msg_id, MARK],
  );
  const recover = `/api/v1/app/${app_id}/endpoint/${endpoint_id}/recover`;
  const since = new Date().toISOString();
  const task = await world.call("POST", recover, { body: { since } });
  const operational = await world.call("POST", "/api/v1/operational-webhook/endpoint", {
    body: { url: "https://receiver.example.com/", description: MARK },
  });
  const key = await world.call("POST", "/api/v1/api-key", { body: { name: MARK } });
  ids = {
    key_id: String(key.body.id),
    task_id: String(task.body.id),
    operational_endpoint_id: String(operational.body.id),
    app_id,
    endpoint_id,
    issue_id: ISSUE_ID,
    msg_id,
    attempt_id: String(body.data[0].id),
    event_type_name: MARK,
    deviceId,
    actionId: String(pushed.body.data.id),
  };
  absent = Object.fromEntries(
    Object.entries(ids).map(([name, id]) => [name, `${id.slice(0, -4)}0000`]),
  );
});
afterAll(() => world.close());

function ask(
  { method, path, body }: Operation,
  key: string | null,
  values: Record<string, string>,
): Promise<Answer> {
  const sent = body === undefined ? undefined : smallestOf(body);
  const { operational_endpoint_id = "" } = values;
  // Endpoints of two kinds have one name for their id.
  const place = path.startsWith("/api/v1/operational-webhook/")
    ? { ...values, endpoint_id: operational_endpoint_id }
    : values;
  return world.call(method, fillPath(path, place), {
    key,
    ...(sent !== undefined && { body: sent }),
  });
}

async function open(appId: string): Promise<string> {
  const path = `/api/v1/auth/app-portal-access/${appId}`;
  return String((await world.call("POST", path, { body: {} })).body.token);
}

/** Everything stored of the sandbox's own, as text. */
async function stored(): Promise<string> {
  const rows = await sql(
    world.node.storage,
    `SELECT (SELECT jsonb_agg(t ORDER BY t.application_id) FROM application t WHERE environment_id = $1),
       (SELECT jsonb_agg(t ORDER BY t.endpoint_id) FROM endpoint t WHERE environment_id = $1),
       (SELECT jsonb_agg(t ORDER BY t.sealed) FROM endpoint_secret t WHERE application_id = $2),
       (SELECT jsonb_agg(t ORDER BY t.message_id) FROM message t WHERE application_id = $2),
       (SELECT jsonb_agg(t ORDER BY t.attempt_id) FROM attempt t WHERE application_id = $2),
       (SELECT jsonb_agg(t ORDER BY t.name) FROM event_type t WHERE environment_id = $1),
       (SELECT jsonb_agg(to_jsonb(t) - 'last_used_at' ORDER BY t.key_id) FROM api_key t WHERE environment_id = $1),
       (SELECT jsonb_agg(t ORDER BY t.action_id) FROM action t WHERE environment_id = $1)`,
    [world.environments.sandbox.environmentId, ids["app_id"]],
  );
  return JSON.stringify(rows);
}

/** Without what differs between two equal answers: ids, times, durations. */
function comparable({ text }: Answer, values: Record<string, string>): string {
  let plain = text;
  for (const [name, id] of Object.entries(values)) plain = plain.replaceAll(id, name);
  return plain
    .replaceAll(/\b(?:app|ep|msg|atmpt|req|tok|qtask|key)_[A-Za-z0-9]{12,}/g, "ID")
    .replaceAll(/"[^"]*20\d\d-\d\d-\d\dT[^"]*"/g, "TIME")
    .replaceAll(/"latencyMs":\d+/g, "LATENCY")
    .replaceAll(/#key=[\w-]+|eyJ[\w.-]+/g, "TOKEN");
}

test("there are operations of both APIs to try", () => {
  expect(ofWebhooks.length).toBeGreaterThan(35);
  expect(operations.length - ofWebhooks.length).toBeGreaterThan(6);
});

describe.each([
  ["no key", () => null, "UNAUTHORIZED"],
  ["a malformed key", () => "not-a-key", "INVALID_API_KEY"],
  ["an unknown key", () => `sk_test_${"0".repeat(48)}`, "INVALID_API_KEY"],
  [
    "a token signed by another",
    () => "eyJhbGciOiJIUzI1NiJ9.e30.".padEnd(68, "A"),
    "INVALID_API_KEY",
  ],
])("%s", (_name, key, code) => {
  test("is 401 on every operation, and reads and changes nothing", async () => {
    const before = await stored();
    for (const operation of operations) {
      const answer = await ask(operation, key(), ids);
      expect([operation.name, answer.status]).toEqual([operation.name, 401]);
      const said = isBattery(operation) ? answer.body.error.code : answer.body.code;
      expect(said).toBe(isBattery(operation) ? code : "authentication_failed");
      expect(answer.text).not.toContain(MARK);
    }
    expect(await stored()).toBe(before);
  });
});

describe("the other environment's key", () => {
  test("finds what is here as absent as what is nowhere, sees none of it, changes none of it", async () => {
    const before = await stored();
    for (const operation of operations) {
      const foreign = await ask(operation, world.liveKey, ids);
      const nowhere = await ask(operation, world.liveKey, absent);
      // What creates what is not there has created it by now, in the caller's own environment.
      const created = [foreign.status, nowhere.status].every((status) => status < 300);
      expect([operation.name, foreign.status]).toEqual([operation.name, nowhere.status]);
      if (!created || operation.method === "GET") {
        expect(comparable(foreign, ids), operation.name).toBe(comparable(nowhere, absent));
      }
      expect(
        foreign.text.replaceAll(ids["event_type_name"] ?? "", ""),
        operation.name,
      ).not.toContain(MARK);
      if (operation.method === "GET" && operation.path.includes("{")) {
        expect([operation.name, foreign.status]).toEqual([operation.name, 404]);
      }
    }
    expect(await stored()).toBe(before);
  });
});

describe("a key that only reads", () => {
  test("reads everything but secrets and keys, and is 403 on every write", async () => {
    const before = await stored();
    for (const operation of operations) {
      const answer = await ask(operation, readKey, ids);
      const reads = operation.method === "GET" && !/\/(?:secret|api-key)$/.test(operation.path);
      expect([operation.name, answer.status]).toEqual([operation.name, reads ? 200 : 403]);
      if (reads) continue;
      const said = isBattery(operation) ? answer.body.error.code : answer.body.code;
      expect(said).toBe(isBattery(operation) ? "INSUFFICIENT_PERMISSIONS" : "insufficient access");
    }
    expect(await stored()).toBe(before);
  });
});

describe("a session of the dashboard", () => {
  const askAs = async (operation: Operation, headers: Record<string, string>): Promise<Answer> => {
    const { method, path, body } = operation;
    return await world.call(method, fillPath(path, ids), {
      key: null,
      headers,
      ...(body !== undefined && { body: smallestOf(body) }),
    });
  };

  test("without its token against forged requests, or from a foreign page, writes nothing: 403", async () => {
    const { "amps-csrf-token": token = "", ...forged } = await world.logIn();
    const evil = { ...forged, "amps-csrf-token": token, origin: "https://evil.example" };
    const before = await stored();
    for (const operation of operations) {
      const reads = operation.method === "GET";
      const answers = [await askAs(operation, evil)];
      if (!reads) answers.push(await askAs(operation, forged));
      for (const answer of answers) {
        expect([operation.name, answer.status]).toEqual([operation.name, 403]);
        expect(answer.text).not.toContain(MARK);
      }
    }
    expect(await stored()).toBe(before);
  });

  test("sees nothing without naming an environment, and only what is in the one it names", async () => {
    const { "amps-environment": _sandbox, ...session } = await world.logIn();
    const before = await stored();
    for (const operation of operations.filter(({ method }) => method === "GET")) {
      const unnamed = await askAs(operation, session);
      expect([operation.name, unnamed.status]).toEqual([operation.name, 400]);
      const live = await askAs(operation, { ...session, "amps-environment": "live" });
      expect(live.text.replaceAll(ids["event_type_name"] ?? "", ""), operation.name).not.toContain(
        MARK,
      );
      // Of the same name one may have been made there.
      if (/\{(?!event_type_name)/.test(operation.path)) {
        expect([operation.name, live.status]).toEqual([operation.name, 404]);
      }
    }
    expect(await stored()).toBe(before);
  });
});

describe("an application token", () => {
  test("of another application sees nothing of this one, and changes nothing", async () => {
    const other = await open(await world.application({ uid: "another-app" }));
    const before = await stored();
    for (const operation of operations) {
      if (operation.path.endsWith("/auth/logout")) continue;
      const answer = await ask(operation, other, ids);
      const closed = isBattery(operation) || isOrganisations(operation);
      const listed = /^\/api\/v1\/(?:event-type|retry-schedule)/.test(operation.path);
      const expected = closed ? 403 : listed ? 200 : 404;
      expect([operation.name, answer.status]).toEqual([operation.name, expected]);
      if (!listed) expect(answer.text).not.toContain(MARK);
    }
    expect(await stored()).toBe(before);
  });

  test("of this application does what portals do, and nothing that is the organisation's", async () => {
    // Removals last; each operation must be possible when its turn comes.
    const sorted = ofWebhooks.toSorted(
      (a, b) => Number(a.method === "DELETE") - Number(b.method === "DELETE"),
    );
    for (const operation of sorted) {
      const answer = await ask(operation, await open(ids["app_id"] ?? ""), ids);
      if (isOrganisations(operation)) {
        expect([operation.name, answer.status]).toEqual([operation.name, 403]);
      } else if (operation.path.endsWith("/cancel")) {
        // The task has ended by now.
        expect([operation.name, answer.status]).toEqual([operation.name, 409]);
      } else {
        expect(answer.status, `${operation.name} ${answer.text}`).toBeLessThan(300);
      }
    }
  });
});

function isOrganisations({ name }: Operation): boolean {
  return ORGANISATION_ONLY.some((pattern) => pattern.test(name));
}
