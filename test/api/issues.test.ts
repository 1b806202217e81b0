/** Issues: failures by endpoint and cause, what people say of them, and coming back. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { answer, REFUSED } from "../support/fake-sender.ts";
import { type Answer, World } from "./world.ts";

let world: World;
let appId: string;
let endpointId: string;

beforeAll(async () => {
  world = await World.open({}, { counting: true, retryScheduleMs: [] });
});
afterAll(() => world.close());
beforeEach(async () => {
  world.node.sender.answer = () => answer(200);
  appId = await world.application();
  endpointId = await world.endpoint(appId);
});

const list = async (query = ""): Promise<Answer> =>
  world.call("GET", `/api/v1/app/${appId}/issue${query}`);
const act = (id: string, what: string, body?: object): Promise<Answer> =>
  world.call(
    "POST",
    `/api/v1/app/${appId}/issue/${id}/${what}`,
    body === undefined ? {} : { body },
  );
const read = (id: string): Promise<Answer> => world.call("GET", `/api/v1/app/${appId}/issue/${id}`);

/** One message, attempted once, and counted. @returns its id */
async function fail(status = 503): Promise<string> {
  world.node.sender.answer = () => answer(status);
  const id = await world.message(appId);
  await world.attempts(appId, id, 1);
  await world.node.allCounted();
  return id;
}

/** The only issue. */
async function only(): Promise<{ id: string; state: string; attempts: number }> {
  const { body } = await list();
  expect(body.data).toHaveLength(1);
  return body.data[0];
}

describe("issues", () => {
  test("are failures of an endpoint by cause; successes make none", async () => {
    await fail(200);
    expect((await list()).body).toMatchObject({ data: [], done: true });
    const first = await fail(503);
    const last = await fail(503);
    world.node.sender.answer = () => ({ ...REFUSED, code: "timeout" });
    const late = await world.message(appId);
    await world.attempts(appId, late, 1);
    await world.node.allCounted();
    const { body } = await list();
    expect(body.data).toMatchObject([
      { endpointId, cause: "timeout", state: "open", attempts: 1, lastMsgId: late },
      { endpointId, cause: "http_503", state: "open", attempts: 2, lastMsgId: last, reopened: 0 },
    ]);
    const [, http] = body.data;
    expect(http.firstSeenAt <= http.lastSeenAt).toBe(true);
    expect(http.lastError).toContain("503");
    expect((await read(http.id)).body).toEqual({ ...http, undelivered: 2, undeliveredMore: false });
    world.node.sender.answer = () => answer(200);
    const resend = `/api/v1/app/${appId}/msg/${first}/endpoint/${endpointId}/resend`;
    await world.call("POST", resend);
    await world.attempts(appId, first, 2);
    expect((await read(http.id)).body.undelivered).toBe(1);
  });

  test("are filtered by state and endpoint, and come a page at a time", async () => {
    const other = await world.endpoint(appId);
    world.node.sender.answer = () => answer(500);
    await world.attempts(appId, await world.message(appId), 2);
    await world.node.allCounted();
    const { body } = await list();
    expect(body.data).toHaveLength(2);
    const of = await list(`?endpoint_id=${other}`);
    expect(of.body.data).toMatchObject([{ endpointId: other }]);
    const first = await list("?limit=1");
    const second = await list(`?limit=1&iterator=${first.body.iterator}`);
    expect([...first.body.data, ...second.body.data]).toEqual(body.data);
    await act(body.data[0].id, "acknowledge");
    expect((await list("?state=open")).body.data).toEqual([body.data[1]]);
    expect((await list("?state=open,acknowledged")).body.data).toHaveLength(2);
    expect((await list("?state=lost")).status).toBe(422);
  });

  test("stay acknowledged while they go on, and open again after they were resolved", async () => {
    await fail();
    const { id } = await only();
    expect((await act(id, "acknowledge")).body).toMatchObject({ id, state: "acknowledged" });
    await fail();
    expect(await only()).toMatchObject({ state: "acknowledged", attempts: 2 });
    const resolved = await act(id, "resolve", {});
    expect(resolved.body).toMatchObject({ issue: { id, state: "resolved" } });
    expect(resolved.body.task).toBeUndefined();
    expect((await act(id, "acknowledge")).status).toBe(409);
    await fail(500);
    expect((await read(id)).body).toMatchObject({ state: "resolved", reopened: 0 });
    await fail();
    const { body } = await read(id);
    expect(body).toMatchObject({ state: "open", reopened: 1, attempts: 3, undelivered: 1 });
    expect(Date.parse(body.openedAt)).toBeGreaterThan(Date.parse(body.firstSeenAt));
  });

  test("are resolved by sending what failed once more", async () => {
    const ids = [await fail(), await fail()];
    const { id } = await only();
    world.node.sender.answer = () => answer(200);
    const { status, body } = await act(id, "resolve", { resend: true });
    expect([status, body.issue.state]).toEqual([200, "resolved"]);
    expect(body.task).toMatchObject({ task: "endpoint.recover", status: "running" });
    for (const messageId of ids) await world.attempts(appId, messageId, 2);
    expect((await read(id)).body).toMatchObject({ state: "resolved", undelivered: 0 });
    // What is sent in vain opens it again.
    await fail();
    world.node.sender.answer = () => answer(503);
    await act(id, "resolve", { resend: true });
    await world.node.events.until(async () => (await read(id)).body.reopened === 2);
  });

  test("of a disabled endpoint can be resolved, but nothing sent", async () => {
    await fail();
    const { id } = await only();
    const path = `/api/v1/app/${appId}/endpoint/${endpointId}`;
    await world.call("PATCH", path, { body: { disabled: true } });
    const refused = await act(id, "resolve", { resend: true });
    expect([refused.status, refused.body.code]).toEqual([409, "endpoint_disabled"]);
    expect((await only()).state).toBe("open");
    expect((await act(id, "resolve", { resend: false })).status).toBe(200);
  });

  test("of nobody, or of another application, are 404", async () => {
    await fail();
    const { id } = await only();
    appId = await world.application();
    for (const answered of [await read(id), await act(id, "acknowledge"), await read("iss_1")]) {
      expect(answered.status).toBe(404);
    }
    expect((await act(id, "resolve", { resend: "yes" })).status).toBe(422);
  });

  test("a portal needs the capability to send what it resolves", async () => {
    await fail();
    const { id } = await only();
    const open = async (capabilities: string[]): Promise<string> => {
      const path = `/api/v1/auth/app-portal-access/${appId}`;
      const { body } = await world.call("POST", path, { body: { capabilities } });
      return String(body.token);
    };
    const key = await open(["ViewBase", "ManageEndpoint"]);
    const path = `/api/v1/app/${appId}/issue/${id}/resolve`;
    const refused = await world.call("POST", path, { key, body: { resend: true } });
    expect(refused.status).toBe(403);
    expect((await world.call("POST", path, { key, body: {} })).status).toBe(200);
    const viewer = await open(["ViewBase"]);
    expect((await world.call("POST", path, { key: viewer, body: {} })).status).toBe(403);
    expect((await world.call("GET", `/api/v1/app/${appId}/issue`, { key: viewer })).status).toBe(
      200,
    );
  });
});
