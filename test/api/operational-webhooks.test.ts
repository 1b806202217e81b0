/** Operational webhooks through the official client: endpoints of their own, and every type of event. */
import { Webhook, type Svix } from "svix";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { answer } from "../support/fake-sender.ts";
import { refusal } from "./refusal.ts";
import { World } from "./world.ts";

const OPERATOR = "http://127.0.0.1:9999/operator";
const RECEIVER = "http://127.0.0.1:9999/receiver";
let world: World;
let svix: Svix;
let appId: string;

beforeAll(async () => {
  // Failing is told at the fourth failure of a chain.
  world = await World.open({}, { retryScheduleMs: [1, 1, 1, 1, 1] });
  svix = await world.client();
});
afterAll(() => world.close());

interface Told {
  type: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look wherever they like
  data: any;
}

/** What operators were told about this application, oldest first. */
function told(about = appId): Told[] {
  const requests = world.node.sender.requests.filter(({ url }) => url.startsWith(OPERATOR));
  const bodies = requests.map(({ body }) => JSON.parse(Buffer.from(body).toString()) as Told);
  return bodies.filter(({ data }) => data.appId === about || data.data?.appId === about);
}

/** Resolves when something of each type was told about the application. */
async function until(...types: string[]): Promise<Told[]> {
  await world.node.events.until(
    () => types.every((type) => told().some((event) => event.type === type)),
    {
      describe: () =>
        `${types.join()}; there was ${told()
          .map(({ type }) => type)
          .join()}`,
    },
  );
  return types.map((type) => told().findLast((event) => event.type === type) ?? { type, data: {} });
}

let operators: string[] = [];
async function operator(fields: object = {}): Promise<string> {
  const { id } = await svix.operationalWebhook.endpoint.create({ url: OPERATOR, ...fields });
  operators.push(id);
  return id;
}

beforeEach(async () => {
  for (const id of operators) await svix.operationalWebhook.endpoint.delete(id);
  operators = [];
  world.node.sender.answer = () => answer(200);
  appId = (await svix.application.create({ name: "told of", uid: `told-${Math.random()}` })).id;
});

describe("endpoints", () => {
  test("create, get, list, upsert, delete, with secret and headers", async () => {
    const fields = { uid: "ops", description: "d", metadata: { a: "1" }, throttleRate: 9 };
    const secret = `whsec_${"o".repeat(32)}`;
    const eventTypes = ["endpoint.disabled", "message.attempt.exhausted"];
    const made = await svix.operationalWebhook.endpoint.create({
      url: OPERATOR,
      ...fields,
      secret,
      eventTypes,
      headers: { "X-Team": "ops" },
    });
    expect(made).toMatchObject({ url: OPERATOR, ...fields, eventTypes, disabled: false });
    expect(await svix.operationalWebhook.endpoint.get("ops")).toEqual(made);
    expect((await svix.operationalWebhook.endpoint.list()).data).toEqual([made]);
    expect((await svix.operationalWebhook.endpoint.getSecret("ops")).key).toBe(secret);
    await svix.operationalWebhook.endpoint.rotateSecret("ops", {});
    expect((await svix.operationalWebhook.endpoint.getSecret("ops")).key).not.toBe(secret);
    expect((await svix.operationalWebhook.endpoint.getHeaders("ops")).headers).toEqual({
      "X-Team": "ops",
    });
    await svix.operationalWebhook.endpoint.setHeaders("ops", { headers: {} });
    expect((await svix.operationalWebhook.endpoint.getHeaders("ops")).headers).toEqual({});
    const put = { url: `${OPERATOR}/2`, uid: "ops" };
    const updated = await svix.operationalWebhook.endpoint.upsert("ops", put);
    expect(updated).toMatchObject({ id: made.id, url: `${OPERATOR}/2`, description: "" });
    await svix.operationalWebhook.endpoint.delete("ops");
    expect((await refusal(svix.operationalWebhook.endpoint.get(made.id))).code).toBe(404);
  });

  test("ask for operational event types only", async () => {
    const create = svix.operationalWebhook.endpoint.create({
      url: OPERATOR,
      eventTypes: ["push.completed", "endpoint.created"],
    });
    const error = await refusal(create);
    expect([error.code, JSON.stringify(error.body)]).toEqual([
      422,
      expect.stringMatching(/do not exist: push\.completed\./),
    ]);
  });

  test("belong to one environment, and to no application that can be seen", async () => {
    const id = await operator();
    const live = await world.client(world.liveKey);
    expect((await live.operationalWebhook.endpoint.list()).data).toEqual([]);
    expect((await refusal(live.operationalWebhook.endpoint.get(id))).code).toBe(404);
    const { data } = await svix.application.list({ limit: 250 });
    expect(data.map(({ name }) => name)).not.toContain("Operational webhooks");
    const [row] = await world.node.storage.bypass(
      "SELECT operational_application_id AS id FROM environment WHERE mode = 'sandbox'",
      [],
    );
    expect((await refusal(svix.application.get(String(row?.["id"])))).code).toBe(404);
    expect((await refusal(svix.endpoint.list(String(row?.["id"])))).code).toBe(404);
  });
});

describe("events of endpoints", () => {
  test("are told for each change, with ids and uids, and signed", async () => {
    const id = await operator();
    const made = await svix.endpoint.create(appId, { url: RECEIVER, uid: "told-ep" });
    const [created] = await until("endpoint.created");
    const { uid: appUid } = await svix.application.get(appId);
    const data = { appId, appUid, endpointId: made.id, endpointUid: "told-ep" };
    expect(created).toEqual({ type: "endpoint.created", data });
    const request = world.node.sender.requests.findLast(({ url }) => url === OPERATOR);
    const { key } = await svix.operationalWebhook.endpoint.getSecret(id);
    new Webhook(key).verify(Buffer.from(request?.body ?? ""), request?.headers ?? {});
    expect(request?.headers["amps-event-type"]).toBe("endpoint.created");

    await svix.endpoint.patch(appId, made.id, { description: "changed" });
    expect(await until("endpoint.updated")).toEqual([{ type: "endpoint.updated", data }]);
    await svix.endpoint.rotateSecret(appId, made.id, {});
    await world.node.events.until(
      () => told().filter(({ type }) => type === "endpoint.updated").length === 2,
    );
    await svix.endpoint.patch(appId, made.id, { disabled: true });
    const [disabled] = await until("endpoint.disabled");
    expect(disabled?.data).toEqual({
      ...data,
      trigger: "manual",
      failSince: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    await svix.endpoint.patch(appId, made.id, { disabled: false });
    await until("endpoint.enabled");
    await svix.endpoint.delete(appId, made.id);
    expect(await until("endpoint.deleted")).toEqual([{ type: "endpoint.deleted", data }]);
  });

  test("are told to those who ask for the type, and of no operational endpoint", async () => {
    await operator({ eventTypes: ["endpoint.deleted"] });
    const { id } = await svix.endpoint.create(appId, { url: RECEIVER });
    await svix.endpoint.delete(appId, id);
    await until("endpoint.deleted");
    expect(told().map(({ type }) => type)).toEqual(["endpoint.deleted"]);
    const [row] = await world.node.storage.bypass(
      `SELECT count(*)::int AS n FROM message m JOIN environment v
         ON m.application_id = v.operational_application_id
       WHERE convert_from(payload, 'UTF8') LIKE '%' || v.operational_application_id || '%'`,
      [],
    );
    expect(row?.["n"]).toBe(0);
  });

  test("store nothing while nobody listens", async () => {
    const stored = async (): Promise<unknown> => {
      const [row] = await world.node.storage.bypass(
        `SELECT count(*)::int AS n FROM message m JOIN environment v
           ON m.application_id = v.operational_application_id`,
        [],
      );
      return row?.["n"];
    };
    const before = await stored();
    const { id } = await svix.endpoint.create(appId, { url: RECEIVER });
    await svix.endpoint.delete(appId, id);
    expect(await stored()).toBe(before);
  });
});

describe("events of attempts", () => {
  const onlyReceiver =
    (decide: (n: number) => ReturnType<typeof answer>) =>
    ({ url }: { url: string }): ReturnType<typeof answer> => {
      if (!url.startsWith(RECEIVER)) return answer(200);
      received += 1;
      return decide(received);
    };
  let received = 0;
  let endpointId: string;

  beforeEach(async () => {
    received = 0;
    await operator();
    endpointId = (await svix.endpoint.create(appId, { url: RECEIVER })).id;
  });

  test("failing at the fourth failure, exhausted at the last", async () => {
    world.node.sender.answer = onlyReceiver(() => answer(503));
    const eventId = "told-event";
    const { id } = await svix.message.create(appId, { eventType: "x", payload: {}, eventId });
    const [failing, exhausted] = await until(
      "message.attempt.failing",
      "message.attempt.exhausted",
    );
    const { data: attempts } = await svix.messageAttempt.listByMsg(appId, id);
    expect(attempts).toHaveLength(6);
    for (const event of [failing, exhausted]) {
      expect(event?.data).toMatchObject({ appId, endpointId, msgId: id, msgEventId: eventId });
      // Attempts of one moment have no order among each other, so it is looked up by its id.
      const attempt = attempts.find(
        ({ id: attemptId }) => attemptId === event?.data.lastAttempt.id,
      );
      expect(event?.data.lastAttempt).toEqual({
        id: attempt?.id,
        responseStatusCode: 503,
        timestamp: attempt?.timestamp.toISOString(),
      });
    }
    expect(failing?.data.lastAttempt.id).not.toBe(exhausted?.data.lastAttempt.id);
    const types = told().map(({ type }) => type);
    expect(types.filter((type) => type.startsWith("message."))).toHaveLength(2);
  });

  test("recovered after four failures, not after three", async () => {
    world.node.sender.answer = onlyReceiver((n) => answer(n === 4 || n === 9 ? 200 : 500));
    const three = await world.message(appId);
    await world.attempts(appId, three, 4);
    const four = await world.message(appId);
    const [recovered] = await until("message.attempt.recovered");
    expect(recovered?.data).toMatchObject({
      msgId: four,
      lastAttempt: { responseStatusCode: 200 },
    });
    const recoveries = told().filter(({ type }) => type === "message.attempt.recovered");
    expect(recoveries).toHaveLength(1);
  });

  test("disabled by its receiver", async () => {
    world.node.sender.answer = onlyReceiver(() => answer(410));
    await world.message(appId);
    const [disabled] = await until("endpoint.disabled");
    expect(disabled?.data).toMatchObject({ endpointId, trigger: "automatic" });
    expect(Date.parse(disabled?.data.failSince)).toBeLessThanOrEqual(Date.now());
  });

  test("a background task has finished", async () => {
    const task = await svix.endpoint.recover(appId, endpointId, {
      since: new Date(Date.now() - 1),
    });
    const [finished] = await until("background_task.finished");
    expect(finished?.data).toEqual({
      taskId: task.id,
      task: "endpoint.recover",
      status: "finished",
      data: { appId, endpointId, messagesSent: 0 },
    });
  });
});
