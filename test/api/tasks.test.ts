/** Recover, replays and purges through the official client: background tasks with progress and cancel. */
import { BackgroundTaskStatus, type BulkReplayIn, type Svix } from "svix";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { answer } from "../support/fake-sender.ts";
import { refusal } from "./refusal.ts";
import { type Answer, World } from "./world.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
let world: World;
let svix: Svix;
let appId: string;
let endpointId: string;
/** Receivers fail for messages of this type. */
const BAD = "test.bad";

beforeAll(async () => {
  world = await World.open();
  svix = await world.client();
});
afterAll(() => world.close());

beforeEach(async () => {
  const failing = (): ReturnType<typeof answer> =>
    answer(500, { headers: { webhookDelivery: "abort-message" } });
  world.node.sender.answer = ({ headers }) =>
    headers["amps-event-type"] === BAD ? failing() : answer(200);
  appId = await world.application();
  endpointId = await world.endpoint(appId);
});

const anHourAgo = (): Date => new Date(Date.now() - HOUR_MS);

/** The task's answer once it does not run any more. */
async function ended(taskId: string): Promise<Answer["body"]> {
  let task = await svix.backgroundTask.get(taskId);
  await world.node.events.until(async () => {
    task = await svix.backgroundTask.get(taskId);
    return task.status !== BackgroundTaskStatus.Running;
  });
  return task;
}

/** A message with its first attempt made. */
async function attempted(fields: object = {}): Promise<string> {
  const id = await world.message(appId, fields);
  await world.attempts(appId, id, 1);
  return id;
}

async function triggers(messageId: string): Promise<number[]> {
  const { data } = await svix.messageAttempt.listByMsg(appId, messageId);
  return data.map(({ triggerType }) => triggerType);
}

describe("recover", () => {
  test("sends what failed once more, and nothing else", async () => {
    const good = await attempted();
    const bad = await attempted({ eventType: BAD });
    const alsoBad = await attempted({ eventType: BAD });
    world.node.sender.answer = () => answer(200);
    const started = await svix.endpoint.recover(appId, endpointId, { since: anHourAgo() });
    expect(started).toMatchObject({ status: "running", task: "endpoint.recover" });
    expect(started.id).toMatch(/^qtask_[0-9A-Za-z]{27}$/);
    const task = await ended(started.id);
    expect(task).toMatchObject({
      status: "finished",
      task: "endpoint.recover",
      data: { appId, endpointId, messagesSent: 2, progress: 1 },
    });
    for (const id of [bad, alsoBad]) {
      await world.attempts(appId, id, 2);
      expect(await triggers(id)).toEqual([1, 0]);
    }
    expect(await triggers(good)).toEqual([0]);
    // All is delivered now.
    const again = await svix.endpoint.recover(appId, endpointId, { since: anHourAgo() });
    expect((await ended(again.id)).data.messagesSent).toBe(0);
  });

  test("leaves alone what failed outside of the span or still waits for a retry", async () => {
    const bad = await attempted({ eventType: BAD });
    const past = { since: new Date(Date.now() - 2 * HOUR_MS), until: anHourAgo() };
    const before = await svix.endpoint.recover(appId, endpointId, past);
    expect((await ended(before.id)).data.messagesSent).toBe(0);
    world.node.sender.answer = () => answer(500);
    const waiting = await attempted();
    world.node.sender.answer = () => answer(200);
    const now = await svix.endpoint.recover(appId, endpointId, { since: anHourAgo() });
    expect((await ended(now.id)).data.messagesSent).toBe(1);
    await world.attempts(appId, bad, 2);
    expect(await triggers(waiting)).toEqual([0]);
  });

  test.each([
    ["more than 14 days", { since: new Date(Date.now() - 15 * DAY_MS) }],
    ["since in the future", { since: new Date(Date.now() + DAY_MS) }],
  ])("refuses %s", async (_name, span) => {
    expect((await refusal(svix.endpoint.recover(appId, endpointId, span))).code).toBe(422);
  });

  test("refuses a disabled endpoint, and is refused without since", async () => {
    const path = `/api/v1/app/${appId}/endpoint/${endpointId}/recover`;
    for (const body of [{}, { since: "yesterday" }, { since: null }]) {
      expect((await world.call("POST", path, { body })).status).toBe(422);
    }
    await svix.endpoint.patch(appId, endpointId, { disabled: true });
    const error = await refusal(svix.endpoint.recover(appId, endpointId, { since: anHourAgo() }));
    expect([error.code, error.body.code]).toEqual([409, "endpoint_disabled"]);
  });
});

test("replay-missing sends what the endpoint asks for and never got", async () => {
  const before = await attempted({ eventType: "test.wanted" });
  const other = await attempted({ eventType: "test.other" });
  await svix.eventType.create({ name: "test.wanted", description: "" });
  const late = await world.endpoint(appId, { eventTypes: ["test.wanted"] });
  const after = await world.message(appId, { eventType: "test.wanted" });
  await world.attempts(appId, after, 2);
  const { id } = await svix.endpoint.replayMissing(appId, late, { since: anHourAgo() });
  expect(await ended(id)).toMatchObject({ task: "endpoint.replay", data: { messagesSent: 1 } });
  await world.attempts(appId, before, 2);
  const { data } = await svix.messageAttempt.listByEndpoint(appId, late);
  expect(data.map(({ msgId, triggerType }) => [msgId, triggerType]).toSorted()).toEqual(
    [
      [before, 1],
      [after, 0],
    ].toSorted(),
  );
  expect(await triggers(other)).toEqual([0]);
});

describe("bulk replay", () => {
  test("also sends what was delivered", async () => {
    const good = await attempted();
    const bad = await attempted({ eventType: BAD });
    const { id } = await svix.endpoint.bulkReplay(appId, endpointId, { since: anHourAgo() });
    expect(await ended(id)).toMatchObject({
      task: "endpoint.bulk-replay",
      data: { messagesSent: 2 },
    });
    for (const message of [good, bad]) await world.attempts(appId, message, 2);
  });

  const filters: [string, Omit<BulkReplayIn, "since">, string[]][] = [
    ["status success", { status: 0 }, ["plain", "tagged", "channelled"]],
    ["status fail", { status: 2 }, ["bad"]],
    ["status pending: none", { status: 1 }, []],
    ["status code class", { statusCodeClass: 500 }, ["bad"]],
    ["event types", { eventTypes: [BAD, "no.such"] }, ["bad"]],
    ["tag", { tag: "t1" }, ["tagged"]],
    ["channel", { channel: "c1" }, ["channelled"]],
    ["two that exclude each other", { tag: "t1", channel: "c1" }, []],
  ];
  test.each(filters)("filters by %s", async (_name, filter, expected) => {
    const made = new Map([
      ["plain", await attempted()],
      ["tagged", await attempted({ tags: ["t1", "t2"] })],
      ["channelled", await attempted({ channels: ["c1"] })],
      ["bad", await attempted({ eventType: BAD })],
    ]);
    const body = { since: anHourAgo(), ...filter };
    const { id } = await svix.endpoint.bulkReplay(appId, endpointId, body);
    expect((await ended(id)).data.messagesSent).toBe(expected.length);
    for (const name of expected) await world.attempts(appId, made.get(name) ?? "", 2);
    for (const [name, message] of made) {
      expect([name, (await triggers(message)).length]).toEqual([
        name,
        expected.includes(name) ? 2 : 1,
      ]);
    }
  });
});

test("expunge-all-contents removes every payload of the application, and of no other", async () => {
  const first = await attempted();
  const other = await world.application();
  const kept = await world.message(other);
  const { id } = await svix.message.expungeAllContents(appId);
  expect(await ended(id)).toMatchObject({
    status: "finished",
    task: "application.purge_content",
    data: { messagesExpunged: 1 },
  });
  const options = { withContent: true };
  expect((await svix.message.get(appId, first, options)).payload).toEqual({ expired: true });
  expect((await svix.message.get(other, kept, options)).payload).toEqual({ n: 1 });
});

describe("tasks", () => {
  test("are listed, newest first or last, by status and kind", async () => {
    const recover = await svix.endpoint.recover(appId, endpointId, { since: anHourAgo() });
    await ended(recover.id);
    const purge = await svix.message.expungeAllContents(appId);
    await ended(purge.id);
    const ids = async (options: object): Promise<string[]> =>
      (await svix.backgroundTask.list(options)).data.map((task) => task.id);
    const all = await ids({});
    expect(all.slice(0, 2)).toEqual([purge.id, recover.id]);
    expect(await ids({ order: "ascending", limit: 250 })).toEqual(all.toReversed());
    const purges = await ids({ task: "application.purge_content" });
    expect([purges.includes(purge.id), purges.includes(recover.id)]).toEqual([true, false]);
    expect(await ids({ status: "running" })).toEqual([]);
    expect(await ids({ status: "finished" })).toContain(recover.id);
    const page = await svix.backgroundTask.list({ limit: 1 });
    expect(page).toMatchObject({ done: false, iterator: purge.id });
    const next = await svix.backgroundTask.list({ limit: 1, iterator: page.iterator ?? null });
    expect(next.data.map((task) => task.id)).toEqual([recover.id]);
  });

  test("are 404 for the other environment, and for ids of nothing", async () => {
    const { id } = await svix.endpoint.recover(appId, endpointId, { since: anHourAgo() });
    await ended(id);
    const live = await world.client(world.liveKey);
    expect((await refusal(live.backgroundTask.get(id))).code).toBe(404);
    expect((await live.backgroundTask.list()).data).toEqual([]);
    for (const name of ["qtask_nothing", "x%00", id.replace("qtask_", "msg_")]) {
      const answered = await world.call("GET", `/api/v1/background-task/${name}`);
      expect(answered.status).toBe(404);
    }
  });

  test("are seen and canceled in the portal of their application, as far as it may", async () => {
    const { id } = await svix.endpoint.recover(appId, endpointId, { since: anHourAgo() });
    await ended(id);
    const path = `/api/v1/background-task/${id}`;
    const asPortal = async (app: string, body: object): Promise<string> => {
      const access = `/api/v1/auth/app-portal-access/${app}`;
      return String((await world.call("POST", access, { body })).body.token);
    };
    const views = { key: await asPortal(appId, { capabilities: ["ViewBase"] }) };
    expect((await world.call("GET", path, views)).body).toMatchObject({ id, status: "finished" });
    expect((await world.call("POST", `${path}/cancel`, views)).status).toBe(403);
    expect((await world.call("GET", "/api/v1/background-task", views)).status).toBe(403);
    const sends = { key: await asPortal(appId, { capabilities: ["CreateAttempts"] }) };
    expect((await world.call("POST", `${path}/cancel`, sends)).status).toBe(409);
    const other = { key: await asPortal(await world.application(), {}) };
    expect((await world.call("GET", path, other)).status).toBe(404);
    expect((await world.call("POST", `${path}/cancel`, other)).status).toBe(404);
  });

  test("end when they are canceled: shown as failed, once", async () => {
    // Written down, and not yet begun: the node's own look for tasks is stopped at the database.
    world.node.storage.before = (name) => {
      if (name === "find-running-tasks") throw new Error("not now");
    };
    const { id } = await svix.message.expungeAllContents(appId);
    const cancel = `/api/v1/background-task/${id}/cancel`;
    const canceled = await world.call("POST", cancel);
    world.node.storage.before = () => undefined;
    expect(canceled.status).toBe(200);
    expect(canceled.body).toMatchObject({ status: "failed", data: { canceled: true } });
    expect((await world.call("POST", cancel)).body.code).toBe("conflict");
    expect(
      (await svix.backgroundTask.list({ status: BackgroundTaskStatus.Failed })).data[0]?.id,
    ).toBe(id);
    const foreign = await world.call("POST", cancel, { key: world.liveKey });
    expect(foreign.status).toBe(404);
  });
});
