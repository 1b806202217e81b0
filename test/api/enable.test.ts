/** Enabling an endpoint with one call that also sends what it missed, and disabling it. */
import pg from "pg";
import { BackgroundTaskStatus, type Svix } from "svix";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createIds, sql } from "../support/factories.ts";
import { answer } from "../support/fake-sender.ts";
import { type Answer, World } from "./world.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
let world: World;
let svix: Svix;
let appId: string;
let endpointId: string;

beforeAll(async () => {
  // One attempt: what fails has failed for good.
  world = await World.open({}, { retryScheduleMs: [] });
  svix = await world.client();
});
afterAll(() => world.close());

beforeEach(async () => {
  world.node.sender.answer = () => answer(200);
  appId = await world.application();
  endpointId = await world.endpoint(appId);
});

const path = (): string => `/api/v1/app/${appId}/endpoint/${endpointId}`;
const enable = (body: object = {}, key = world.sandboxKey): Promise<Answer> =>
  world.call("POST", `${path()}/enable`, { body, key });
const disable = (): Promise<Answer> => world.call("POST", `${path()}/disable`);

/** Messages sent by each task of the answer, once all have ended. */
async function sentBy({ body }: Answer): Promise<Record<string, unknown>> {
  const sent: Record<string, unknown> = {};
  for (const { id } of body.tasks as { id: string }[]) {
    await world.node.events.until(
      async () => (await svix.backgroundTask.get(id)).status !== BackgroundTaskStatus.Running,
    );
    const { task, data } = await svix.backgroundTask.get(id);
    sent[task] = (data as { messagesSent?: number }).messagesSent;
  }
  return sent;
}

async function statuses(messageId: string): Promise<number[]> {
  const { data } = await svix.messageAttempt.listByMsg(appId, messageId);
  return data.map(({ responseStatusCode }) => responseStatusCode).toSorted();
}

/** A message that was attempted once. */
async function attempted(): Promise<string> {
  const id = await world.message(appId);
  await world.attempts(appId, id, 1);
  return id;
}

describe("enable with sendMissed", () => {
  test("sends what failed and what was published meanwhile, each once, and nothing else", async () => {
    const good = await attempted();
    world.node.sender.answer = () => answer(500);
    const failed = await attempted();
    world.node.sender.answer = () => answer(410);
    const last = await attempted();
    await world.node.events.until(async () => (await world.call("GET", path())).body.disabled);
    const missed = await world.message(appId);
    world.node.sender.answer = () => answer(200);

    const { body: before } = await world.call("GET", path());
    const enabled = await enable({ sendMissed: true });
    expect(enabled.status).toBe(200);
    expect(enabled.body.endpoint).toMatchObject({
      id: endpointId,
      disabled: false,
      disabledReason: null,
      disabledAt: null,
      failingSince: null,
    });
    const since = Date.parse(enabled.body.since);
    expect(since).toBeLessThanOrEqual(Date.parse(before.failingSince));
    expect(enabled.body.tasks).toMatchObject([
      { id: expect.stringMatching(/^qtask_/), task: "endpoint.recover", status: "running" },
      { id: expect.stringMatching(/^qtask_/), task: "endpoint.replay", status: "running" },
    ]);
    expect(await sentBy(enabled)).toEqual({ "endpoint.recover": 2, "endpoint.replay": 1 });
    await world.attempts(appId, missed, 1);
    await world.attempts(appId, failed, 2);
    await world.attempts(appId, last, 2);
    expect(await statuses(failed)).toEqual([200, 500]);
    expect(await statuses(last)).toEqual([200, 410]);
    expect(await statuses(missed)).toEqual([200]);
    expect(await statuses(good)).toEqual([200]);
    const after = await world.call("GET", path());
    expect(after.body).toEqual({ ...enabled.body.endpoint, updatedAt: after.body.updatedAt });
  });

  test("of an endpoint that missed nothing finishes with nothing sent", async () => {
    await attempted();
    await disable();
    const enabled = await enable({ sendMissed: true });
    expect(await sentBy(enabled)).toEqual({ "endpoint.recover": 0, "endpoint.replay": 0 });
  });

  test("leaves alone what was before since", async () => {
    await disable();
    const early = await world.message(appId);
    await sql(
      world.node.storage,
      "UPDATE endpoint SET disabled_at = now() - interval '3 days' WHERE endpoint_id = $1",
      [endpointId],
    );
    // Ids know the time to 4 ms: a moment that no id can share.
    const since = new Date(Date.now() + 8).toISOString();
    await world.node.events.until(() => Promise.resolve(Date.now() > Date.parse(since) + 4));
    const late = await world.message(appId);
    const enabled = await enable({ sendMissed: true, since });
    expect(enabled.body.since).toBe(since);
    expect(await sentBy(enabled)).toMatchObject({ "endpoint.replay": 1 });
    await world.attempts(appId, late, 1);
    expect(await statuses(early)).toEqual([]);
  });

  test("goes no further back than the endpoint is old, or messages are kept", async () => {
    await world.message(appId);
    const made = await svix.endpoint.create(appId, {
      url: "http://127.0.0.1:9999/webhooks",
      disabled: true,
    });
    endpointId = made.id;
    const young = await enable({ sendMissed: true });
    expect(young.body.since).toBe(made.createdAt.toISOString());
    expect(await sentBy(young)).toEqual({ "endpoint.recover": 0, "endpoint.replay": 0 });
    await disable();
    const age = "created_at = now() - interval '1 year', disabled_at = now() - interval '1 year'";
    const text = `UPDATE endpoint SET ${age} WHERE endpoint_id = $1`;
    await sql(world.node.storage, text, [endpointId]);
    const old = await enable({ sendMissed: true });
    expect(Date.now() - Date.parse(old.body.since)).toBeLessThan(90 * DAY_MS + HOUR_MS);
  });

  test("waits for who read the endpoint as disabled and commits later", async () => {
    await disable();
    const publisher = new pg.Client({ connectionString: world.node.storage.connectionUrl });
    await publisher.connect();
    await publisher.query("BEGIN");
    const messageId = createIds().make("msg_");
    await publisher.query(
      `INSERT INTO message (application_id, message_id, event_type, payload)
       VALUES ($1, $2, 'test.event', '{}')`,
      [appId, messageId],
    );
    const enabled = await enable({ sendMissed: true });
    const { tasks } = world.node.seen;
    await world.node.events.until(() => world.node.seen.tasks >= tasks + 3);
    const [recover, replay] = enabled.body.tasks as { id: string }[];
    const statusOf = async (task: { id: string } | undefined): Promise<BackgroundTaskStatus> =>
      (await svix.backgroundTask.get(task?.id ?? "")).status;
    await world.node.events.until(
      async () => (await statusOf(recover)) === BackgroundTaskStatus.Finished,
    );
    expect(await statusOf(replay)).toBe(BackgroundTaskStatus.Running);
    await publisher.query("COMMIT");
    await publisher.end();
    expect(await sentBy(enabled)).toEqual({ "endpoint.recover": 0, "endpoint.replay": 1 });
    await world.attempts(appId, messageId, 1);
  });

  test("asked twice does it once, and names the tasks that still run", async () => {
    await disable();
    await world.message(appId);
    const [first, second] = await Promise.all([
      enable({ sendMissed: true }),
      enable({ sendMissed: true }),
    ]);
    expect([first.status, second.status]).toEqual([200, 200]);
    const ids = (answered: Answer): string[] =>
      answered.body.tasks.map(({ id }: { id: string }) => id);
    const [all, rest] = first.body.since === null ? [second, first] : [first, second];
    expect(ids(all)).toHaveLength(2);
    expect(rest.body.since).toBeNull();
    expect(ids(all)).toEqual(expect.arrayContaining(ids(rest)));
    await sentBy(all);
    const { body } = await enable({ sendMissed: true });
    expect([body.since, body.tasks]).toEqual([null, []]);
    const text = "SELECT task_id FROM background_task WHERE endpoint_id = $1";
    expect(await sql(world.node.storage, text, [endpointId])).toHaveLength(2);
  });

  test("writes nothing when its tasks cannot be written", async () => {
    await disable();
    await sql(
      world.node.storage,
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE 'no more tasks'; END $$`,
    );
    await sql(
      world.node.storage,
      `CREATE TRIGGER refused BEFORE INSERT ON background_task FOR EACH ROW
         WHEN (NEW.kind = 'endpoint.replay') EXECUTE FUNCTION refuse()`,
    );
    const refused = await enable({ sendMissed: true });
    await sql(world.node.storage, "DROP TRIGGER refused ON background_task");
    await sql(world.node.storage, "DROP FUNCTION refuse");
    expect(refused.status).toBe(500);
    expect((await world.call("GET", path())).body.disabled).toBe(true);
    const text = "SELECT task_id FROM background_task WHERE endpoint_id = $1";
    expect(await sql(world.node.storage, text, [endpointId])).toEqual([]);
  });
});

describe("enable without it", () => {
  test("only enables, and lets go on what waited", async () => {
    await disable();
    const missed = await world.message(appId);
    const enabled = await enable();
    expect(enabled.body).toMatchObject({ since: null, tasks: [], endpoint: { disabled: false } });
    const next = await attempted();
    expect(await statuses(next)).toEqual([200]);
    expect(await statuses(missed)).toEqual([]);
  });

  test("tells the operator once", async () => {
    const operator = await svix.operationalWebhook.endpoint.create({
      url: "http://127.0.0.1:9999/operator",
    });
    const told = (): string[] =>
      world.node.sender.requests
        .filter(({ url }) => url.endsWith("/operator"))
        .map(
          ({ body }) =>
            JSON.parse(Buffer.from(body).toString()) as {
              type: string;
              data: { endpointId?: string };
            },
        )
        .filter(({ data }) => data.endpointId === endpointId)
        .map(({ type }) => type);
    await disable();
    await disable();
    await enable();
    await enable();
    await svix.endpoint.delete(appId, endpointId);
    await world.node.events.until(() => told().includes("endpoint.deleted"));
    expect(told().toSorted()).toEqual([
      "endpoint.deleted",
      "endpoint.disabled",
      "endpoint.enabled",
      "endpoint.updated",
      "endpoint.updated",
    ]);
    await svix.operationalWebhook.endpoint.delete(operator.id);
  });

  test.each([
    ["since without sendMissed", { since: new Date(Date.now() - HOUR_MS).toISOString() }],
    [
      "since in the future",
      { sendMissed: true, since: new Date(Date.now() + DAY_MS).toISOString() },
    ],
    [
      "since too long ago",
      { sendMissed: true, since: new Date(Date.now() - 91 * DAY_MS).toISOString() },
    ],
    ["since without a zone", { sendMissed: true, since: "2026-11-24T08:00:00" }],
  ])("refuses %s, and leaves it disabled", async (_, body) => {
    await disable();
    const refused = await enable(body);
    expect([refused.status, refused.body.detail[0].loc]).toEqual([422, ["body", "since"]]);
    expect((await world.call("GET", path())).body.disabled).toBe(true);
  });

  test("refuses another's, a bad body, and what is not there", async () => {
    expect((await enable({ sendMissed: "yes" })).status).toBe(422);
    expect((await enable({}, world.liveKey)).status).toBe(404);
    await svix.endpoint.delete(appId, endpointId);
    expect((await enable()).status).toBe(404);
    expect((await disable()).status).toBe(404);
  });
});

test("disable stays as it is when it is disabled already", async () => {
  const first = await disable();
  expect(first.body).toMatchObject({ disabled: true, disabledReason: "manual" });
  const text = "UPDATE endpoint SET disabled_reason = 'gone' WHERE endpoint_id = $1";
  await sql(world.node.storage, text, [endpointId]);
  const again = await disable();
  expect(again.body).toEqual({ ...first.body, disabledReason: "gone" });
});

test("a portal may enable with ManageEndpoint, and send what was missed with CreateAttempts too", async () => {
  const open = async (...capabilities: string[]): Promise<string> => {
    const access = `/api/v1/auth/app-portal-access/${appId}`;
    const body = { capabilities: ["ViewBase", ...capabilities] };
    return String((await world.call("POST", access, { body })).body.token);
  };
  await disable();
  const [viewer, manager] = [await open("CreateAttempts"), await open("ManageEndpoint")];
  expect((await enable({ sendMissed: true }, viewer)).body.detail).toContain("ManageEndpoint");
  const refused = await enable({ sendMissed: true }, manager);
  expect([refused.status, refused.body.code]).toEqual([403, "insufficient access"]);
  expect(refused.body.detail).toContain("CreateAttempts");
  expect((await world.call("GET", path())).body.disabled).toBe(true);
  expect((await enable({}, manager)).status).toBe(200);
  await disable();
  const both = await enable({ sendMissed: true }, await open("ManageEndpoint", "CreateAttempts"));
  expect(both.body.tasks).toHaveLength(2);
  await sentBy(both);
});
