/**
 * The bad-input table of `reliability.md`, row by row, at the border where it meets a caller: each is refused
 * with its stable reason, never a 5xx, or taken and kept as it came. Rows that another file tests, and rows
 * about what Amps does not have, are listed with where or why; the last test counts all 75.
 */
import { readFileSync } from "node:fs";
import { once } from "node:events";
import { connect } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addDevice } from "../battery/battery-node.ts";
import { BAD_ENDPOINTS, type Case, ENDPOINT, url } from "../support/bad-endpoints.ts";
import { APP, BAD_REQUESTS, idle, PUSH, TYPE } from "../support/bad-requests.ts";
import { answer as received } from "../support/fake-sender.ts";
import { sql } from "../support/factories.ts";
import { type Answer, World } from "./world.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const CASES: Case[] = [...BAD_ENDPOINTS, ...BAD_REQUESTS];

let strict: World;
let deviceId: string;

beforeAll(async () => {
  strict = await World.open({ battery: true, egressAllow: [] });
  const { environmentId } = strict.environments.sandbox;
  ({ deviceId } = await addDevice(strict.node.storage, environmentId));
});
afterAll(() => strict.close());

/** The stable reason, wherever the API of the path puts it. */
function reasonOf({ body, status }: Answer): string {
  if (body.success === false) return String(body.error.details?.reason ?? body.error.code);
  return String(status === 422 ? body.detail[0].type : body.code);
}

async function ask([, , method, target, options]: Case): Promise<Answer> {
  return await strict.call(method, target.replace("DEVICE", deviceId), options);
}

async function countRows(): Promise<unknown> {
  const [row] = await sql(
    strict.node.storage,
    `SELECT (SELECT count(*) FROM application) AS applications,
       (SELECT count(*) FROM endpoint) AS endpoints, (SELECT count(*) FROM message) AS messages,
       (SELECT count(*) FROM event_type) AS event_types, (SELECT count(*) FROM action) AS actions,
       (SELECT count(*) FROM idempotency) AS keys`,
  );
  return row;
}

describe("refused", () => {
  test.each(CASES.map((one) => [one[0], one[1], one] as const))(
    "row %i: %s",
    async (_row, _what, one) => {
      const before = await countRows();
      const answer = await ask(one);
      expect([answer.status, reasonOf(answer)], answer.text.slice(0, 300)).toEqual([...one[5]]);
      expect(await countRows()).toEqual(before);
    },
  );
});

/** Publishes the payload's text and gives the bytes that were sent of it. */
async function delivered(payload: string): Promise<string> {
  const { node } = strict;
  const appId = await strict.application();
  await strict.endpoint(appId, { url });
  const sent = node.sender.requests.length;
  const body = `{"eventType":"a","payload":${payload}}`;
  const made = await strict.call("POST", `${APP}/${appId}/msg?with_content=false`, { body });
  expect(made.status, made.text).toBe(202);
  await node.events.until(() => node.sender.requests.length > sent);
  return String(node.sender.requests.at(-1)?.body);
}

const PAYLOADS: [row: number, payload: string][] = [
  [35, '{"a":1,"a":2}'],
  [37, '{"__proto__":{"x":1},"constructor":2,"prototype":3}'],
  [38, '{"n":[12345678901234567890,1e400,-0,1.0]}'],
  [39, '{"t":"\\u0000\\ud800\u202eabc\u200b"}'],
  [39, '{ "spaces" : [ ] , "\\u0061" : "\\/" }'],
];

describe("taken, and kept as it came", () => {
  test("row 10: user and password leave the URL and are sent as Basic auth", async () => {
    const { node } = strict;
    const appId = await strict.application();
    const made = await strict.call("POST", `${APP}/${appId}/endpoint`, {
      body: { url: "https://user:s3cret@example.com/" },
    });
    expect([made.status, made.body.url]).toEqual([201, "https://example.com/"]);
    expect(made.text).not.toContain("s3cret");
    const sent = node.sender.requests.length;
    await strict.message(appId);
    await node.events.until(() => node.sender.requests.length > sent);
    const basic = `Basic ${Buffer.from("user:s3cret").toString("base64")}`;
    expect(Object.values(node.sender.requests.at(-1)?.headers ?? {})).toContain(basic);
  });

  test("row 15: escapes in a path stay as they are", async () => {
    const made = await strict.call("POST", ENDPOINT, {
      body: { url: "https://example.com/a%00%zz" },
    });
    expect(made.body.url).toBe("https://example.com/a%00%zz");
  });

  test("row 22: a look-alike host is shown as what it is", async () => {
    const made = await strict.call("POST", ENDPOINT, { body: { url: "https://еxample.com/" } });
    expect(made.body.url).toBe("https://xn--xample-2of.com/");
  });

  test("row 24: dot segments and emoji are normalised once, stored and sent equal", async () => {
    const made = await strict.call("POST", ENDPOINT, {
      body: { url: "https://example.com/a/../b?q=🔋" },
    });
    expect(made.body.url).toBe("https://example.com/b?q=%F0%9F%94%8B");
  });

  test.each(PAYLOADS)(
    "row %i: the payload %s is delivered byte for byte",
    async (_row, payload) => {
      expect(await delivered(payload)).toBe(payload);
    },
  );
  test("row 37: prototype keys in the envelope of the webhook API are unknown fields", async () => {
    const body = '{"name":"x","__proto__":{"uid":"p"},"constructor":1}';
    const made = await strict.call("POST", APP, { body });
    expect([made.status, made.body.uid]).toEqual([201, null]);
    expect(Object.hasOwn(Object.prototype, "uid")).toBe(false);
  });

  test("row 41: odd event types, and unregistered ones in a message", async () => {
    for (const name of [".a", "a..b"]) {
      const made = await strict.call("POST", TYPE, { body: { name, description: "" } });
      expect(made.status).toBe(201);
    }
    await strict.message("default", { eventType: "nobody.registered" });
  });

  test("row 45: unknown fields of the webhook API are not stored", async () => {
    const made = await strict.call("POST", APP, { body: { name: "x", whatever: { a: 1 } } });
    expect([made.status, "whatever" in made.body]).toEqual([201, false]);
  });

  test.each(["'; DROP TABLE application; --", "*)(uid=*", "{{7*7}}", "=cmd|' /C calc'!A0"])(
    "row 40, 62: %s is a name like any other",
    async (name) => {
      const made = await strict.call("POST", APP, { body: { name } });
      const read = await strict.call("GET", `${APP}/${made.body.id}`);
      expect(read.body.name).toBe(name);
    },
  );

  test("row 66: what a receiver answers comes back as text in JSON, never as a page", async () => {
    const hostile = "</pre><script>alert(1)</script>\u001b[31m";
    const appId = await strict.application();
    await strict.endpoint(appId, { url });
    strict.node.sender.answer = () => received(200, { body: Buffer.from(hostile) });
    const messageId = await strict.message(appId);
    const attempts = await strict.attempts(appId, messageId, 1);
    strict.node.sender.answer = () => received();
    expect(attempts.body.data[0].response).toBe(hostile);
    expect(attempts.headers["content-type"]).toBe("application/json");
    expect(attempts.headers["x-content-type-options"]).toBe("nosniff");
    // Terminals read no escapes out of it either.
    expect(attempts.text).not.toContain("\u001b");
  });
});

describe("decided by what was there before", () => {
  test("row 48: one key with another body is a mismatch in both APIs", async () => {
    const headers = { "idempotency-key": "row-48" };
    const send = (target: string, body: unknown): Promise<Answer> =>
      strict.call("POST", target.replace("DEVICE", deviceId), { body, headers });
    expect((await send(APP, { name: "x" })).status).toBe(201);
    const other = await send(APP, { name: "y" });
    expect([other.status, reasonOf(other)]).toEqual([422, "idempotency.mismatch"]);
    expect((await send(PUSH, idle)).status).toBe(202);
    const pushed = await send(PUSH, { action: { command: "charge" } });
    expect([pushed.status, reasonOf(pushed)]).toEqual([422, "idempotency.mismatch"]);
  });

  test("row 61: a deleted endpoint is sent nothing again", async () => {
    const appId = await strict.application();
    const endpointId = await strict.endpoint(appId, { url });
    const messageId = await strict.message(appId);
    await strict.call("DELETE", `${APP}/${appId}/endpoint/${endpointId}`);
    const target = `${APP}/${appId}/msg/${messageId}/endpoint/${endpointId}/resend`;
    expect((await strict.call("POST", target)).status).toBe(404);
  });

  test("row 72: an action that has begun cannot be cancelled", async () => {
    const { environmentId } = strict.environments.sandbox;
    const device = await addDevice(strict.node.storage, environmentId);
    const pushed = await strict.call("POST", `/battery/${device.deviceId}`, { body: idle });
    const cancelled = await strict.call("POST", `/actions/${pushed.body.data.id}/cancel`);
    expect([cancelled.status, cancelled.body.error.code]).toEqual([409, "ACTION_NOT_CANCELLABLE"]);
  });

  test("row 65: headers that come one by one are cut off, and too many of them are 431", async () => {
    const { port } = new URL(await strict.listen());
    const open = async (text: string): Promise<{ answer: string; ms: number }> => {
      const socket = connect(Number(port), "127.0.0.1");
      const startedAt = performance.now();
      socket.on("error", () => undefined);
      let answer = "";
      socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
      socket.write(text);
      await once(socket, "close");
      return { answer, ms: performance.now() - startedAt };
    };
    const start = "GET /api/v1/health HTTP/1.1\r\nHost: x\r\n";
    const [slow, big] = await Promise.all([
      open(`${start}X-Drip: 1`),
      open(`${start}X-Big: ${"x".repeat(16_385)}\r\n\r\n`),
    ]);
    expect(slow.answer).toMatch(/^HTTP\/1\.1 408 /);
    // Node by itself would wait a minute.
    expect(slow.ms).toBeLessThan(45_000);
    expect(big.answer).toMatch(/^HTTP\/1\.1 431 /);
  }, 60_000);
});

/** Rows with the file that tests them, and words of the test. */
const ELSEWHERE: [row: number, file: string, words: string][] = [
  [17, "src/core/endpoint-url.test.ts", "row 17"],
  [25, "src/core/endpoint-url.test.ts", "row 25"],
  [26, "src/sender/egress-guard.test.ts", "row 26"],
  [32, "test/api/limits.test.ts", "limit.endpoints"],
  [42, "test/api/http.test.ts", "a body longer than the limit, without a length, is 413"],
  [49, "test/api/idempotency.test.ts", "while the first still runs: 409"],
  [50, "src/storage/idempotency/prune-idempotency.test.ts", "test("],
  [51, "test/api/access-matrix.test.ts", "is 401 on every operation"],
  [52, "test/api/access-matrix.test.ts", "as absent as what is nowhere"],
  [53, "test/api/access-matrix.test.ts", "a key that only reads"],
  [53, "test/api/access.test.ts", "a key in the query string is none"],
  [54, "test/api/limits.test.ts", "bad keys from one address"],
  [54, "test/api/sessions.test.ts", "is 429 from the 11th in a minute on"],
  [55, "test/api/sessions.test.ts", "writes nothing: 403 on both APIs"],
  [55, "test/api/access-matrix.test.ts", "without its token against forged requests"],
  [56, "test/api/access.test.ts", "a foreign iterator is only a position"],
  [58, "src/config.test.ts", "AMPS_RETRY_SCHEDULE"],
  [63, "test/api/http.test.ts", "dots in a path lead nowhere else"],
  [64, "test/api/http.test.ts", "both lengths"],
  [72, "src/core/action.test.ts", "changeState"],
  [73, "src/core/time-window.test.ts", "INVALID_TIME_WINDOW"],
  [74, "test/battery/lifecycle.test.ts", "an end whose answer was lost is told once"],
  [74, "test/battery/crash.test.ts", "its failure does not end what the new owner is driving"],
];
/** Row → why there is nothing to test. */
const NOT_HERE: Record<number, string> = {
  60: "no operation takes a filter expression or a regular expression",
  67: "there is no receiver SDK yet",
  68: "there is no receiver SDK yet",
  69: "there is no receiver SDK yet",
  70: "there is no receiver SDK yet",
  71: "there is no receiver SDK yet; ids are KSUIDs, without a dot (src/core/ids.test.ts)",
  75: "no connector reports a time: what is observed carries the server's",
};

describe("the table", () => {
  const source = readFileSync(import.meta.filename, "utf8");
  const titles = [...source.matchAll(/"rows? (\d[\d, ]*):/g)];
  const inTitles = titles.flatMap(([, rows = ""]) => rows.split(", ").map(Number));

  test("has all of its 75 rows here, elsewhere, or with a reason", () => {
    const known = new Set([
      ...CASES.map(([row]) => row),
      ...PAYLOADS.map(([row]) => row),
      ...inTitles,
      ...ELSEWHERE.map(([row]) => row),
      ...Object.keys(NOT_HERE).map(Number),
    ]);
    const rows = Array.from({ length: 75 }, (_, index) => index + 1);
    expect(rows.filter((row) => !known.has(row))).toEqual([]);
  });

  test.each(ELSEWHERE)("row %i is tested in %s: %s", (_row, file, words) => {
    expect(readFileSync(path.join(ROOT, file), "utf8")).toContain(words);
  });
});
