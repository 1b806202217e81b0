/** The main job as a user meets it: a push settles, its signed webhook arrives, a failure is retried. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Webhook } from "svix";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ReceivedRequest, type Receiver, startReceiver } from "../support/receiver.ts";
import { call, type ServerProcess, startServerProcess } from "../support/server-process.ts";

let dataDir: string;
let server: ServerProcess;
let receiver: Receiver;
let secret: string;
let endpointId: string;
let deviceId: string;
/** svix-ids whose first attempt is answered 500. */
const failOnce = new Set<string>();
let failNext = false;

interface Pushed {
  success: boolean;
  data: { id: string; state: string; deviceId: string };
}

async function push(outcome: object): Promise<string> {
  const body = {
    action: { command: "charge", parameters: { target: { value: 90, unit: "percent" } } },
    sandbox: outcome,
  };
  const pushed = await call<Pushed>(`${server.url}/battery/${deviceId}`, { body });
  expect(pushed.status).toBe(202);
  expect(pushed.body.data).toMatchObject({ state: "acknowledged", deviceId });
  return pushed.body.data.id;
}

/** The event, once the official library has accepted its signature; it throws otherwise. */
function verified({ body, headers }: ReceivedRequest): object {
  new Webhook(secret).verify(body, headers as Record<string, string>);
  return JSON.parse(body.toString()) as object;
}

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), "amps-e2e-"));
  receiver = await startReceiver((request) => {
    const id = String(request.headers["svix-id"]);
    if (failNext && !failOnce.has(id)) {
      failOnce.add(id);
      failNext = false;
      return { status: 500, body: "not now" };
    }
    return { status: 200, body: "thanks" };
  });
  server = await startServerProcess({ dataDir, launcher: true });
  const made = await call<{ id: string }>(`${server.url}/api/v1/app/default/endpoint`, {
    body: { url: `${receiver.url}/webhooks` },
  });
  expect(made.status).toBe(201);
  endpointId = made.body.id;
  const found = await call<{ key: string }>(
    `${server.url}/api/v1/app/default/endpoint/${endpointId}/secret`,
  );
  secret = found.body.key;
  const devices = await call<{ data: { id: string }[] }>(`${server.url}/battery`);
  deviceId = devices.body.data[0]?.id ?? "";
});

afterAll(async () => {
  await server.stop();
  await receiver.close();
  await rm(dataDir, { recursive: true, force: true });
});

test("a completed push is told by a signed push.completed", async () => {
  const actionId = await push({ outcome: "completed", delay: "0s" });
  const request = await receiver.matching((seen) => seen.body.toString().includes(actionId));
  const event = verified(request);
  expect(Object.keys(event)).toEqual([
    "actionId",
    "deviceId",
    "actionType",
    "parameters",
    "result",
    "completedAt",
  ]);
  expect(event).toMatchObject({
    actionId,
    deviceId,
    actionType: "battery:set_operation_mode",
    parameters: { mode: "charge", target: { value: 90, unit: "percent" } },
    result: { success: true, message: "Mode applied" },
  });
  expect(request.headers["amps-event-type"]).toBe("push.completed");
  expect(request.headers["webhook-id"]).toBe(request.headers["svix-id"]);
  expect(request.headers["user-agent"]).toMatch(/^Amps-Webhooks\/\d/);
  const action = await call<{ data: { state: string } }>(`${server.url}/actions/${actionId}`);
  expect(action.body.data.state).toBe("completed");
});

test(
  "a failed push is told by push.failed without a result, retried after 5 s under one id",
  { timeout: 30_000 },
  async () => {
    failNext = true;
    const actionId = await push({ outcome: "failed", errorCode: "SCHEDULER_ACTIVE", delay: "0s" });
    const isOurs = (seen: { body: Buffer }): boolean => seen.body.toString().includes(actionId);
    const first = await receiver.matching(isOurs);
    const event = verified(first);
    expect(event).toMatchObject({ actionId, error: { code: "SCHEDULER_ACTIVE" } });
    expect(event).not.toHaveProperty("result");
    const second = await receiver.matching((seen) => isOurs(seen) && seen.n !== first.n, 15_000);
    expect(second.headers["svix-id"]).toBe(first.headers["svix-id"]);
    expect(second.headers["svix-signature"]).not.toBe(first.headers["svix-signature"]);
    expect(second.body.equals(first.body)).toBe(true);
    const waited = second.receivedAt - first.receivedAt;
    expect(waited).toBeGreaterThanOrEqual(3_900);
    expect(waited).toBeLessThanOrEqual(8_000);
    expect(verified(second)).toEqual(event);

    const messageId = String(first.headers["svix-id"]);
    const list = `${server.url}/api/v1/app/default/attempt/msg/${messageId}`;
    await expect.poll(async () => (await call<{ data: unknown[] }>(list)).body.data.length).toBe(2);
    const attempts = await call<{ data: object[] }>(list);
    expect(attempts.body.data[0]).toMatchObject({
      status: 0,
      responseStatusCode: 200,
      response: "thanks",
      endpointId,
      msgId: messageId,
    });
    expect(attempts.body.data[1]).toMatchObject({
      status: 2,
      responseStatusCode: 500,
      response: "not now",
      triggerType: 0,
    });
  },
);

test("the banner's three lines can be pasted: key, receiver, push", () => {
  expect(server.output()).toContain("npm run receiver");
  expect(server.output()).toContain(`curl -sX POST ${server.url}/battery/${deviceId}`);
});
