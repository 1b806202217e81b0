/** The headers of an attempt: what a real receiver saw and answered, and secrets stay secret. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { answer, REFUSED } from "../support/fake-sender.ts";
import { sql } from "../support/factories.ts";
import { loopbackSender, rawServer, receiver } from "../support/loopback.ts";
import { type Answer, World } from "./world.ts";

let world: World;
let appId: string;
beforeAll(async () => {
  // As the engine of the test calls itself.
  world = await World.open({ version: "test" }, { retryScheduleMs: [3_600_000] });
  appId = await world.application();
});
afterAll(() => world.close());

/** Publishes a message for a new endpoint. @returns the headers of its attempt, and the ids */
async function attemptAt(
  fields: object,
): Promise<Answer & { messageId: string; attemptId: string; endpointId: string }> {
  appId = await world.application();
  const endpointId = await world.endpoint(appId, fields);
  const messageId = await world.message(appId, { eventType: "a.b", payload: { n: "é" } });
  const { body } = await world.attempts(appId, messageId, 1);
  const attemptId = String(body.data[0].id);
  return { ...(await headersOf(messageId, attemptId)), messageId, attemptId, endpointId };
}

const headersOf = (messageId: string, attemptId: string): Promise<Answer> =>
  world.call("GET", `/api/v1/app/${appId}/msg/${messageId}/attempt/${attemptId}/headers`);

test("are exactly what the receiver got, in its order, and what it answered", async () => {
  const hook = await receiver(() => ({
    status: 503,
    headers: { "X-Request": "r-1", "set-cookie": ["a=1", "b=2"], "retry-after": "9000" },
    body: "no",
  }));
  const sender = loopbackSender();
  world.node.sender.answer = (request) => sender.send(request);
  const { status, body } = await attemptAt({ url: `${hook.url}/in`, headers: { "X-Tenant": "n" } });
  expect(status).toBe(200);
  const seen = await hook.nth(1);
  const pairs = Object.entries(body.sentHeaders as Record<string, string>).flat();
  expect(pairs).toEqual(seen.rawHeaders);
  expect(body.sensitive).toEqual([]);
  expect(body.endpointChangedAt).toBeNull();
  expect(body.responseHeaders.slice(0, 4)).toEqual([
    ["X-Request", "r-1"],
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
    ["retry-after", "9000"],
  ]);
});

test("of a hostile receiver come back as the text they were", async () => {
  const lines = [
    "X-Script: <script>alert(1)</script>",
    'X-Quote: "}],"sensitive":[] : a: b',
    "X-Latin: \xe9\xff",
    "X-Empty:",
  ];
  const hook = await rawServer((socket, received) => {
    if (!received.endsWith("}")) return;
    socket.write(`HTTP/1.1 200 OK\r\n${lines.join("\r\n")}\r\ncontent-length: 0\r\n\r\n`, "latin1");
  });
  const sender = loopbackSender();
  world.node.sender.answer = (request) => sender.send(request);
  const { body, headers } = await attemptAt({ url: `http://127.0.0.1:${hook.port}/` });
  expect(headers["content-type"]).toMatch(/^application\/json/);
  expect(body.responseHeaders).toEqual([
    ["X-Script", "<script>alert(1)</script>"],
    ["X-Quote", '"}],"sensitive":[] : a: b'],
    ["X-Latin", "\xe9\xff"],
    ["X-Empty", ""],
    ["content-length", "0"],
  ]);
});

test("name what is sensitive and never show it, nor credentials of the URL", async () => {
  world.node.sender.answer = () => answer(200);
  const canary = "canary-3f9a";
  const { text, body } = await attemptAt({
    url: `http://user:${canary}@127.0.0.1:9999/`,
    headers: { "X-Api-Key": canary, "x-plain": "shown" },
  });
  expect(text).not.toContain(canary);
  expect(text).not.toContain(Buffer.from(`user:${canary}`).toString("base64"));
  expect(body.sensitive).toEqual(["X-Api-Key", "authorization"]);
  expect(body.sentHeaders).toMatchObject({ "x-plain": "shown", host: "127.0.0.1:9999" });
});

test("tell when the endpoint was changed afterwards, and outlive it", async () => {
  world.node.sender.answer = () => REFUSED;
  const made = await attemptAt({ headers: { "x-old": "1" } });
  expect(made.body).toMatchObject({ responseHeaders: [], endpointChangedAt: null });
  const signature = made.body.sentHeaders["svix-signature"];
  expect(signature).toMatch(/^v1,/);
  const endpoint = `/api/v1/app/${appId}/endpoint/${made.endpointId}`;
  await world.call("PUT", `${endpoint}/headers`, { body: { headers: { "x-new": "2" } } });
  const changed = await headersOf(made.messageId, made.attemptId);
  expect(changed.body.sentHeaders).toMatchObject({ "x-new": "2", "svix-signature": signature });
  expect(changed.body.endpointChangedAt).toMatch(/Z$/);
  await world.call("DELETE", endpoint);
  expect((await headersOf(made.messageId, made.attemptId)).status).toBe(200);
});

test("of attempts from before they were kept lack what is not known", async () => {
  world.node.sender.answer = () => answer(200);
  const made = await attemptAt({});
  await sql(
    world.node.storage,
    "UPDATE attempt SET signature = NULL, response_headers = NULL WHERE attempt_id = $1",
    [made.attemptId],
  );
  const { body } = await headersOf(made.messageId, made.attemptId);
  expect(body.responseHeaders).toEqual([]);
  expect(body.sentHeaders).toMatchObject({ "svix-id": made.messageId });
  expect(body.sentHeaders).not.toHaveProperty("svix-signature");
  await world.call("DELETE", `/api/v1/app/${appId}/msg/${made.messageId}/content`);
  const expunged = await headersOf(made.messageId, made.attemptId);
  expect(expunged.body.sentHeaders).not.toHaveProperty("content-length");
});

test("of a delivery whose payload was gone are none", async () => {
  world.node.sender.answer = () => answer(503);
  const made = await attemptAt({});
  await sql(world.node.storage, "UPDATE attempt SET error_code = 'payload_gone'", []);
  const { body } = await headersOf(made.messageId, made.attemptId);
  expect(body).toMatchObject({ sentHeaders: {}, sensitive: [] });
});

test("of what is not there, or another message's, are 404", async () => {
  world.node.sender.answer = () => answer(200);
  const made = await attemptAt({});
  const other = await world.message(appId);
  expect((await headersOf(other, made.attemptId)).status).toBe(404);
  expect((await headersOf(made.messageId, `atmpt_${"0".repeat(27)}`)).status).toBe(404);
  expect((await headersOf(`msg_${"0".repeat(27)}`, made.attemptId)).status).toBe(404);
});
