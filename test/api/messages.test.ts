/** Messages and their attempts, beyond what the official client shows. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answer } from "../support/fake-sender.ts";
import { World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

describe("messages", () => {
  test.each([
    ["big and odd numbers", '{"n":12345678901234567890,"big":1e400,"zero":-0,"one":1.0}'],
    ["duplicate keys and prototype keys", '{"a":1,"a":2,"__proto__":{"x":1}}'],
    ["odd text", '{"s":"\\u0000 \\ud800 \u202e </script> é 日本 𝄞"}'],
    ["space and order", '{ "z" : 1,\n\t"a":[ ] }'],
    ["deep nesting", `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`],
  ])("%s in a payload are delivered and shown byte for byte", async (_name, payload) => {
    const appId = await world.application();
    await world.endpoint(appId);
    const count = world.node.sender.requests.length;
    const made = await world.call("POST", `/api/v1/app/${appId}/msg`, {
      body: `{"eventType":"exact","payload": ${payload} }`,
    });
    expect(made.status).toBe(202);
    expect(made.text).toContain(`"payload":${payload}`);
    const sent = await world.node.sender.nth(count + 1);
    expect(Buffer.from(sent.body).toString()).toBe(payload);
    const shown = await world.call("GET", `/api/v1/app/${appId}/msg/${made.body.id}`);
    expect(shown.text).toBe(made.text);
    const listed = await world.call("GET", `/api/v1/app/${appId}/msg`);
    expect(listed.text).toContain(`"payload":${payload}`);
  });

  test("data is an alias of payload, rawPayload is sent instead of it", async () => {
    const appId = await world.application();
    await world.endpoint(appId);
    const count = world.node.sender.requests.length;
    const path = `/api/v1/app/${appId}/msg`;
    await world.call("POST", path, { body: { eventType: "a", data: { aliased: true } } });
    const aliased = await world.node.sender.nth(count + 1);
    expect(Buffer.from(aliased.body).toString()).toBe('{"aliased":true}');
    const body = {
      eventType: "a",
      payload: {},
      transformationsParams: {
        rawPayload: "not,json\n1,2",
        headers: { "Content-Type": "application/json" },
      },
    };
    const raw = await world.call("POST", path, { body });
    expect(raw.body.payload).toEqual({ rawPayload: "not,json\n1,2" });
    const sent = await world.node.sender.nth(count + 2);
    expect(Buffer.from(sent.body).toString()).toBe("not,json\n1,2");
  });

  test("with_content is true unless asked otherwise", async () => {
    const appId = await world.application();
    const body = { eventType: "a", payload: { n: 1 } };
    const path = `/api/v1/app/${appId}/msg`;
    const made = await world.call("POST", path, { body });
    expect(made.body.payload).toEqual({ n: 1 });
    const lean = await world.call("POST", `${path}?with_content=false`, { body });
    expect(lean.body.payload).toEqual({});
    expect((await world.call("GET", `${path}/${made.body.id}`)).body.payload).toEqual({ n: 1 });
    const { data } = (await world.call("GET", `${path}?with_content=false`)).body;
    expect(data.map(({ payload }: { payload: unknown }) => payload)).toEqual([{}, {}]);
  });

  test("lists filter by channel, tag, event types (in three spellings) and time", async () => {
    const appId = await world.application();
    const a = await world.message(appId, { eventType: "a", channels: ["x"], tags: ["t1"] });
    const b = await world.message(appId, { eventType: "b", channels: ["x", "y"] });
    const c = await world.message(appId, { eventType: "c", tags: ["t1", "t/2"] });
    const list = async (query: string): Promise<string[]> => {
      const { body, text, status } = await world.call("GET", `/api/v1/app/${appId}/msg?${query}`);
      expect(status, text).toBe(200);
      return body.data.map(({ id }: { id: string }) => id).toSorted();
    };
    const sorted = (...ids: string[]): string[] => ids.toSorted();
    expect(await list("channel=x")).toEqual(sorted(a, b));
    expect(await list("tag=t%2F2")).toEqual([c]);
    expect(await list("event_types=a,b")).toEqual(sorted(a, b));
    expect(await list("event_types=a&event_types=c")).toEqual(sorted(a, c));
    expect(await list("event_types[]=b&event_types[1]=c")).toEqual(sorted(b, c));
    expect(await list("event_types=")).toEqual(sorted(a, b, c));
    expect(await list("channel=x&event_types=b&tag=t1")).toEqual([]);
    const past = encodeURIComponent(new Date(Date.now() - 60_000).toISOString());
    const future = encodeURIComponent("2099-01-01T00:00:00+02:00");
    expect(await list(`after=${past}`)).toEqual(sorted(a, b, c));
    expect(await list(`before=${past}`)).toEqual([]);
    expect(await list(`after=${past}&before=${future}`)).toEqual(sorted(a, b, c));
    expect(await list(`after=${future}`)).toEqual([]);
  });

  test("with only after, the oldest page comes, newest first inside it", async () => {
    const appId = await world.application();
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push(await world.message(appId));
    const oldestTwo = ids.toSorted().slice(0, 2);
    const past = new Date(Date.now() - 60_000).toISOString();
    const { body } = await world.call("GET", `/api/v1/app/${appId}/msg?limit=2&after=${past}`);
    expect(body.data.map(({ id }: { id: string }) => id)).toEqual(oldestTwo.toReversed());
    expect(body.done).toBe(false);
  });

  test("an expunged payload cannot be sent again", async () => {
    const appId = await world.application();
    const endpointId = await world.endpoint(appId);
    const messageId = await world.message(appId);
    await world.attempts(appId, messageId, 1);
    await world.call("DELETE", `/api/v1/app/${appId}/msg/${messageId}/content`);
    const path = `/api/v1/app/${appId}/msg/${messageId}/endpoint/${endpointId}/resend`;
    const refused = await world.call("POST", path);
    expect([refused.status, refused.body.code]).toEqual([400, "missing_payload"]);
  });
});

describe("attempts", () => {
  test("statuses, filters and both old addresses", async () => {
    const appId = await world.application();
    const good = await world.endpoint(appId, { url: "http://127.0.0.1:9999/good", uid: "good" });
    const bad = await world.endpoint(appId, { url: "http://127.0.0.1:9999/bad", channels: ["c"] });
    world.node.sender.answer = (request) =>
      request.url.endsWith("/bad")
        ? { kind: "error", code: "refused", message: "Connection refused.", durationMs: 2 }
        : answer(201, { body: Buffer.from([0xff, 0xfe]) });
    const first = await world.message(appId, { eventType: "e.one", channels: ["c"], tags: ["t"] });
    const second = await world.message(appId, { eventType: "e.two" });
    await world.attempts(appId, first, 2);
    await world.attempts(appId, second, 1);
    world.node.sender.answer = () => answer(200);

    const base = `/api/v1/app/${appId}`;
    const list = async (path: string): Promise<Record<string, unknown>[]> => {
      const { status, body, text } = await world.call("GET", base + path);
      expect(status, text).toBe(200);
      return body.data;
    };
    const messagesOf = async (path: string): Promise<unknown[]> =>
      (await list(path)).map(({ msgId }) => msgId);

    const [failed] = await list(`/attempt/endpoint/${bad}`);
    expect(failed).toMatchObject({
      msgId: first,
      status: 3,
      responseStatusCode: 0,
      response: "Connection refused.",
      errorCode: "refused",
      errorMessage: "Connection refused.",
      nextAttempt: expect.stringMatching(/Z$/),
    });
    const [succeeded] = await list("/attempt/endpoint/good?event_types=e.one");
    expect(succeeded).toMatchObject({
      status: 0,
      responseStatusCode: 201,
      response: Buffer.from([0xff, 0xfe]).toString("base64"),
      nextAttempt: null,
      errorCode: null,
    });
    expect(await messagesOf("/attempt/endpoint/good")).toHaveLength(2);
    expect(await messagesOf("/attempt/endpoint/good?status=0&status_code_class=200")).toHaveLength(
      2,
    );
    expect(await messagesOf("/attempt/endpoint/good?status_code_class=0")).toEqual([]);
    expect(await messagesOf(`/attempt/endpoint/${bad}?status=3&status_code_class=0`)).toEqual([
      first,
    ]);
    for (const status of [1, 2, 4]) {
      expect(await messagesOf(`/attempt/endpoint/${bad}?status=${status}`)).toEqual([]);
    }
    expect(await messagesOf("/attempt/endpoint/good?channel=c")).toEqual([first]);
    expect(await messagesOf("/attempt/endpoint/good?tag=t")).toEqual([first]);
    expect(await messagesOf(`/attempt/msg/${first}?endpoint_id=good`)).toEqual([first]);
    expect(await messagesOf(`/attempt/msg/${first}`)).toHaveLength(2);
    expect(await list(`/msg/${first}/attempt`)).toEqual(await list(`/attempt/msg/${first}`));
    expect(await messagesOf(`/msg/${first}/endpoint/good/attempt`)).toEqual([first]);
    const [lean] = await list("/attempt/endpoint/good?with_content=false");
    expect(lean?.["response"]).toBe("{}");

    const stands = await list(`/msg/${first}/endpoint`);
    expect(stands.map(({ id, status }) => [id, status])).toEqual(
      [
        [good, 0],
        [bad, 3],
      ].toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1)),
    );
    expect(await list(`/endpoint/${bad}/msg?status=3`)).toMatchObject([{ id: first, status: 3 }]);
    expect(await list(`/endpoint/${bad}/msg?status=0`)).toEqual([]);
    expect(await list("/endpoint/good/msg?event_types=e.two")).toMatchObject([
      { id: second, payload: { n: 1 }, status: 0, nextAttempt: null },
    ]);

    await world.call("DELETE", `${base}/endpoint/${bad}`);
    const deleted = (await list(`/msg/${first}/endpoint`)).find(({ id }) => id === bad);
    expect(deleted).toBeDefined();
  });

  test("a chain that ended is failed: older attempts of it are no longer sending", async () => {
    const appId = await world.application();
    const endpointId = await world.endpoint(appId);
    world.node.sender.answer = () =>
      answer(500, { headers: { webhookDelivery: "abort-message" }, body: Buffer.alloc(0) });
    const messageId = await world.message(appId);
    const { body } = await world.attempts(appId, messageId, 1);
    world.node.sender.answer = () => answer(200);
    expect(body.data[0]).toMatchObject({ status: 2, statusText: "fail", nextAttempt: null });
    const failed = await world.call(
      "GET",
      `/api/v1/app/${appId}/endpoint/${endpointId}/msg?status=2`,
    );
    expect(failed.body.data).toMatchObject([{ id: messageId, status: 2 }]);
  });

  test("an attempt of another message, or an id that cannot be, is 404", async () => {
    const appId = await world.application();
    await world.endpoint(appId);
    const [one, two] = [await world.message(appId), await world.message(appId)];
    const { body } = await world.attempts(appId, one, 1);
    const { id } = body.data[0];
    const get = (messageId: string, attemptId: string): ReturnType<World["call"]> =>
      world.call("GET", `/api/v1/app/${appId}/msg/${messageId}/attempt/${attemptId}`);
    expect((await get(one, id)).status).toBe(200);
    expect((await get(two, id)).status).toBe(404);
    expect((await get(one, "atmpt_x")).status).toBe(404);
    expect((await get(one, "%00")).status).toBe(404);
  });
});
