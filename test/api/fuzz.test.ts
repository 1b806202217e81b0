/**
 * Random requests over openapi.json: valid ones by its schemas, and the same bent, cut and stuffed. Whatever
 * comes: no 5xx, an answer in the shape of its API, and the server goes on. `FUZZ=100 npm test -- fuzz` runs
 * a hundred times as long.
 */
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addDevice } from "../battery/battery-node.ts";
import { fuzzRuns, fuzzTimeoutMs } from "../support/fuzz-runs.ts";
import {
  type Operation,
  operations,
  resolved,
  type Schema,
} from "../support/openapi-operations.ts";
import { type Answer, World } from "./world.ts";

const DEPTH_MAX = 4;
let world: World;
/** What exists, for every name in a path. */
let ids: Record<string, string[]>;

beforeAll(async () => {
  world = await World.open({ battery: true });
  const { environmentId } = world.environments.sandbox;
  const appId = await world.application({ uid: "fuzzed" });
  const endpointId = await world.endpoint(appId, { uid: "fuzzed-endpoint" });
  const messageId = await world.message(appId);
  const { body } = await world.attempts(appId, messageId, 1);
  const { deviceId } = await addDevice(world.node.storage, environmentId);
  ids = {
    app_id: [appId, "fuzzed", "default"],
    endpoint_id: [endpointId, "fuzzed-endpoint"],
    msg_id: [messageId],
    attempt_id: [String(body.data[0].id)],
    event_type_name: ["push.completed", "fuzz.type"],
    deviceId: [deviceId],
    actionId: ["act_000000000000000000000000000"],
  };
});
afterAll(() => world.close());

/** Text that has broken programs before. */
const hostileText = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "\u0000",
    "\ud800",
    "null",
    "__proto__",
    "constructor",
    "%00",
    "../..",
    "' OR 1=1 --",
    "\u202e\u200b",
    "-",
    "app_",
    "ep_",
    "msg_",
    "0",
    "1e309",
    "9".repeat(400),
    "x".repeat(5_000),
    "2026-01-01T00:00:00Z",
    "275761-01-01T00:00:00Z",
    "http://127.0.0.1/",
    "http://[::]/",
    "whsec_",
  ),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ maxLength: 300 }),
);

const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.constantFrom(null, true, false, 0, -0, -1, 1.5, 1e308, 2 ** 53, [], {}, [[]], { "": {} }),
  fc.jsonValue({ maxDepth: 3 }),
);

const letterOf = (letters: string): fc.Arbitrary<string> => fc.constantFrom(...letters.split(""));

function textOf({ pattern, format, minLength = 0, maxLength = 60 }: Schema): fc.Arbitrary<unknown> {
  if (format === "date-time") {
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date(8.6e14) })
      .map((date) => date.toISOString());
  }
  const most = Math.max(minLength, Math.min(maxLength, 60));
  // The alphabets of our patterns; without lookaheads, which fast-check cannot make.
  if (pattern?.includes("a-zA-Z0-9") === true) {
    const word = letterOf("abcXYZ019-_.");
    return fc.string({ unit: word, minLength: Math.max(1, minLength), maxLength: most });
  }
  return fc.oneof(
    fc.string({ minLength, maxLength: most }),
    fc.constantFrom("https://example.com/hook", "http://127.0.0.1:9999/x", "30m", "percent"),
  );
}

/** Values that the schema takes, mostly. */
function valid(given: Schema, depth = 0): fc.Arbitrary<unknown> {
  const schema = resolved(given);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((one) => valid(one, depth)));
  if (Array.isArray(schema.type)) {
    return fc.oneof(...schema.type.map((type) => valid({ ...schema, type }, depth)));
  }
  const examples = schema.examples ?? [];
  if (examples.length > 0 && depth > DEPTH_MAX) return fc.constantFrom(...examples);
  switch (schema.type) {
    case "null":
      return fc.constant(null);
    case "boolean":
      return fc.boolean();
    case "integer": {
      const { minimum = -1_000, maximum = 1_000_000 } = schema;
      return fc.integer({ min: minimum, max: maximum });
    }
    case "number":
      return fc.double({ min: schema.minimum ?? -1e6, max: schema.maximum ?? 1e6, noNaN: true });
    case "string":
      return textOf(schema);
    case "array": {
      const { items = {}, minItems = 0, maxItems = 5 } = schema;
      return fc.array(valid(items, depth + 1), {
        minLength: minItems,
        maxLength: Math.min(maxItems, 6),
      });
    }
    default:
      return objectOf(schema, depth);
  }
}

function objectOf(
  { properties = {}, required = [], additionalProperties }: Schema,
  depth: number,
): fc.Arbitrary<unknown> {
  if (depth > DEPTH_MAX) return fc.constant({});
  const record = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, valid(schema, depth + 1)]),
  );
  const known = fc.record(record, { requiredKeys: required });
  if (Object.keys(properties).length > 0) return known;
  const value =
    typeof additionalProperties === "object" ? valid(additionalProperties, depth + 1) : anyJson;
  return fc.dictionary(fc.oneof(fc.string({ maxLength: 20 }), hostileText), value, { maxKeys: 5 });
}

/** The value with one place in it exchanged, removed, or stuffed with another. */
function bent(value: unknown, at: number, other: unknown): unknown {
  if (Array.isArray(value) && value.length > 0) {
    const place = at % value.length;
    const bend = (one: unknown): unknown => (at % 3 === 0 ? other : bent(one, at + 1, other));
    return value.map((one, index) => (index === place ? bend(one) : one));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return other;
  const entries = Object.entries(value);
  if (entries.length === 0 || at % 5 === 0) return { ...value, surprise: other };
  const [name, inner] = entries[at % entries.length] ?? ["", null];
  if (at % 4 === 0) return Object.fromEntries(entries.filter(([key]) => key !== name));
  return { ...value, [name]: at % 2 === 0 ? other : bent(inner, at + 1, other) };
}

const bodyOf = (schema: Schema): fc.Arbitrary<string | Buffer> =>
  fc.oneof(
    { weight: 4, arbitrary: valid(schema).map((value) => JSON.stringify(value)) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(valid(schema), fc.nat(1_000), anyJson)
        .map(([value, at, other]) => JSON.stringify(bent(value, at, other)) ?? ""),
    },
    // Broken on the way.
    {
      weight: 1,
      arbitrary: fc
        .tuple(valid(schema), fc.double({ min: 0, max: 1, noNaN: true }))
        .map(([value, share]) => {
          const text = JSON.stringify(value);
          return text.slice(0, Math.floor(text.length * share));
        }),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
  );

const asText = (value: unknown): string =>
  Array.isArray(value)
    ? value.map(asText).join(",")
    : typeof value === "string"
      ? value
      : (JSON.stringify(value) ?? "");

interface FuzzedRequest {
  operation: Operation;
  path: string;
  headers: Record<string, string>;
  body: string | Buffer | undefined;
}

function pathOf({ path, query }: Operation): fc.Arbitrary<string> {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  const values = fc.tuple(
    ...names.map((name) =>
      fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...(ids[name] ?? ["x"])) },
        {
          weight: 1,
          arbitrary: hostileText.map((text) => encodeURIComponent(text.toWellFormed())),
        },
      ),
    ),
  );
  const parameters = fc.array(
    fc
      .tuple(
        query.size === 0
          ? fc.constant<[string, Schema]>(["x", {}])
          : fc.constantFrom<[string, Schema]>(...query),
        fc.nat(3),
        hostileText,
      )
      .chain(([[name, schema], kind, text]) =>
        (kind === 0 ? fc.constant<unknown>(text) : valid(schema)).map(
          (value) => `${name}=${encodeURIComponent(asText(value).toWellFormed())}`,
        ),
      ),
    { maxLength: 4 },
  );
  return fc.tuple(values, parameters).map(([filled, asked]) => {
    const route = names.reduce(
      (text, name, at) => text.replace(`{${name}}`, filled[at] ?? ""),
      path,
    );
    return asked.length === 0 ? route : `${route}?${asked.join("&")}`;
  });
}

const headersOf: fc.Arbitrary<Record<string, string>> = fc.record(
  {
    "idempotency-key": fc.string({ unit: letterOf("ab1 -_~"), maxLength: 300 }),
    "content-type": fc.constantFrom(
      "application/json",
      "text/plain",
      "application/json; charset=utf-8",
    ),
    "svix-req-id": fc.string({ unit: letterOf("ab1~ "), maxLength: 20 }),
    accept: fc.constantFrom("*/*", "text/html", "x/y"),
  },
  { requiredKeys: [] },
);

function requestOf(operation: Operation): fc.Arbitrary<FuzzedRequest> {
  const body: fc.Arbitrary<string | Buffer | undefined> =
    operation.body === undefined
      ? fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, fc.constantFrom("{}", "x"))
      : bodyOf(operation.body);
  return fc
    .tuple(pathOf(operation), headersOf, body)
    .map(([path, headers, sent]) => ({ operation, path, headers, body: sent }));
}

/** What every answer must be, whatever was asked. */
function judge({ operation, path }: FuzzedRequest, answer: Answer): void {
  const asked = `${operation.method} ${path}`;
  // 501 is an answer of its own: named, and meant.
  if (answer.status >= 500 && answer.status !== 501) {
    throw new Error(`${asked} was answered ${answer.status}: ${answer.text}`);
  }
  if (answer.status < 400) return;
  const { body } = answer;
  const isBattery = !path.startsWith("/api/");
  const shaped = isBattery
    ? body?.success === false &&
      typeof body.error.code === "string" &&
      body.error.message.length > 0
    : answer.status === 422
      ? Array.isArray(body?.detail) &&
        body.detail.length > 0 &&
        body.detail.every(
          (item: Record<string, unknown>) =>
            Array.isArray(item["loc"]) &&
            typeof item["type"] === "string" &&
            String(item["msg"]).length > 5,
        )
      : typeof body?.code === "string" && typeof body.detail === "string";
  if (!shaped)
    throw new Error(`${asked} was refused out of shape: ${answer.status} ${answer.text}`);
}

const REFUSED_ANYWAY = new Set(["DELETE /api/v1/app/{app_id}", "POST /api/v1/auth/logout"]);

describe("random requests", () => {
  test(
    "find no operation that breaks, and the server goes on",
    async () => {
      const counts = new Map<number, number>();
      const tried = operations.filter(({ name }) => !REFUSED_ANYWAY.has(name));
      const each = fuzzRuns(45);
      for (const operation of tried) {
        await fc.assert(
          fc.asyncProperty(requestOf(operation), async (request) => {
            const { method } = operation;
            const { headers, body } = request;
            const answer = await world.call(method, request.path, {
              headers,
              ...(body !== undefined && { body }),
            });
            counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
            judge(request, answer);
          }),
          { numRuns: each },
        );
      }
      // It got past the front door, and was refused there as well.
      const seen = (from: number, below: number): number =>
        [...counts].reduce(
          (sum, [status, n]) => sum + (status >= from && status < below ? n : 0),
          0,
        );
      const total = seen(0, 600);
      expect(total).toBeGreaterThanOrEqual(tried.length);
      expect(seen(200, 300) / total).toBeGreaterThan(0.1);
      expect((counts.get(422) ?? 0) / total).toBeGreaterThan(0.05);
      expect((await world.call("GET", "/api/v1/health")).status).toBe(200);
      expect((await world.call("GET", "/api/v1/app/default")).status).toBe(200);
    },
    fuzzTimeoutMs,
  );

  test(
    "with random credentials are 401 or 429 and nothing else",
    async () => {
      const credential = fc.oneof(
        fc.string({ unit: letterOf("abz019-_.=~ /+"), maxLength: 300 }),
        fc.base64String({ maxLength: 200 }),
        fc
          .tuple(fc.jsonValue(), fc.jsonValue(), fc.base64String({ maxLength: 60 }))
          .map(
            ([head, body, signature]) =>
              [head, body]
                .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
                .join(".") + `.${signature}`,
          ),
      );
      await fc.assert(
        fc.asyncProperty(credential, fc.boolean(), async (text, asKey) => {
          const headers = asKey ? { "x-api-key": text } : { authorization: `Bearer ${text}` };
          for (const path of ["/api/v1/app", "/battery"]) {
            const answer = await world.call("GET", path, { key: null, headers });
            if (answer.status !== 401)
              throw new Error(`${JSON.stringify(headers)}: ${answer.status}`);
          }
        }),
        { numRuns: fuzzRuns(200) },
      );
    },
    fuzzTimeoutMs,
  );
});
