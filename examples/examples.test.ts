/** The receivers that the documentation shows, against the real server: what they print is true. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../test/support/database.ts";
import { makePython } from "../test/support/python.ts";
import {
  call,
  SANDBOX_KEY,
  type ServerProcess,
  startServerProcess,
} from "../test/support/server-process.ts";

const run = promisify(execFile);
const HERE = import.meta.dirname;

let dataDir: string;
let server: ServerProcess;
let deviceIds: string[];

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), "amps-examples-"));
  server = await startServerProcess({ dataDir });
  const devices = await call<{ data: { id: string }[] }>(`${server.url}/battery`);
  deviceIds = devices.body.data.map((device) => device.id);
});

afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** Registers `url` and returns the endpoint's id and secret. */
async function register(url: string): Promise<{ id: string; secret: string }> {
  const list = `${server.url}/api/v1/app/default/endpoint`;
  const made = await call<{ id: string }>(list, { body: { url } });
  expect(made.status).toBe(201);
  const found = await call<{ key: string }>(`${list}/${made.body.id}/secret`);
  return { id: made.body.id, secret: found.body.key };
}

async function push(deviceId: string, sandbox: object): Promise<string> {
  const body = { action: { command: "discharge" }, sandbox: { delay: "0s", ...sandbox } };
  const pushed = await call<{ data: { id: string } }>(`${server.url}/battery/${deviceId}`, {
    body,
  });
  expect(pushed.status).toBe(202);
  return pushed.body.data.id;
}

/** The one message of an action, once an endpoint has it, and what the receiver said. */
async function delivered(
  endpointId: string,
  actionId: string,
): Promise<{ id: string; response: string; payload: string }> {
  const application = `${server.url}/api/v1/app/default`;
  type Attempt = { status: number; response: string };
  let found = { id: "", response: "", payload: "" };
  const look = async (): Promise<number | undefined> => {
    type Message = { id: string; payload: { actionId: string } };
    const messages = await call<{ data: Message[] }>(`${application}/msg?with_content=true`);
    const message = messages.body.data.find(({ payload }) => payload.actionId === actionId);
    if (message === undefined) return undefined;
    const list = `${application}/attempt/msg/${message.id}?endpoint_id=${endpointId}`;
    const [attempt] = (await call<{ data: Attempt[] }>(list)).body.data;
    const { id, payload } = message;
    found = { id, response: attempt?.response ?? "", payload: JSON.stringify(payload) };
    return attempt?.status;
  };
  await expect.poll(look, { timeout: 15_000 }).toBe(0);
  return found;
}

/** Sends the event again as the documentation shows. */
async function replay(
  url: string,
  secret: string,
  event: { id: string; payload: string },
): Promise<string> {
  const env = { ...process.env, AMPS_WEBHOOK_SECRET: secret };
  const { stdout } = await run(path.join(HERE, "replay.sh"), [url, event.id, event.payload], {
    env,
  });
  return stdout;
}

async function has(command: string): Promise<boolean> {
  return run(command, ["--version"]).then(
    () => true,
    () =>
      run(command, ["version"]).then(
        () => true,
        () => false,
      ),
  );
}

describe("Node with express and svix", () => {
  let database: TestDatabase;
  let outcomes: {
    storeOnce(id: string, outcome: object): Promise<boolean>;
    close(): Promise<void>;
  };
  let listening: { close(done: () => void): void };
  let url: string;
  let endpoint: { id: string; secret: string };

  beforeAll(async () => {
    database = await createTestDatabase();
    const { openOutcomes } = await import("./node-express/outcomes.mjs");
    const { createReceiver } = await import("./node-express/receiver.mjs");
    outcomes = await openOutcomes(database.url);
    // The secret exists only once the endpoint does, and the endpoint needs the port: ask for both.
    let receiver: RequestListener | undefined;
    const listener = createServer((request, response) => receiver?.(request, response));
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    listening = listener;
    // A TCP server's address is an object.
    url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/webhooks`;
    endpoint = await register(url);
    receiver = createReceiver({ secret: endpoint.secret, outcomes, log: () => undefined });
  });

  afterAll(async () => {
    await new Promise<void>((done) => {
      listening.close(done);
    });
    await outcomes.close();
    await database.drop();
  });

  test("stores completed and failed outcomes once, and answers a replay as a duplicate", async ({
    skip,
  }) => {
    if (!(await has("curl")) || !(await has("openssl")))
      skip("curl and openssl are needed for the replay");
    const completed = await push(deviceIds[0] ?? "", { outcome: "completed" });
    const event = await delivered(endpoint.id, completed);
    expect(event.response).toBe('{"status":"processed"}');
    const failed = await push(deviceIds[0] ?? "", {
      outcome: "failed",
      errorCode: "DEVICE_OFFLINE",
    });
    await delivered(endpoint.id, failed);
    expect(await replay(url, endpoint.secret, event)).toBe('{"status":"duplicate"}');
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query(
      "SELECT action_id, state, detail FROM action_outcome ORDER BY action_id",
    );
    await client.end();
    expect(rows).toEqual([
      { action_id: completed, state: "completed", detail: "Mode applied" },
      { action_id: failed, state: "failed", detail: "DEVICE_OFFLINE" },
    ]);
  });

  test("lets one of twenty simultaneous copies through", async () => {
    const outcome = { actionId: "act_race", state: "completed", detail: "Mode applied" };
    const copies = Array.from({ length: 20 }, () => outcomes.storeOnce("msg_race", outcome));
    expect((await Promise.all(copies)).filter(Boolean)).toHaveLength(1);
  });

  test("refuses a wrong signature and a stale timestamp", async () => {
    const headers = {
      "content-type": "application/json",
      "svix-id": "msg_x",
      "svix-timestamp": "1614265330",
    };
    const signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const response = await fetch(url, {
      method: "POST",
      headers: { ...headers, "svix-signature": signature },
      body: "{}",
    });
    expect(response.status).toBe(400);
  });
});

describe("Python with Flask and svix", () => {
  let folder: string;
  let child: ChildProcess | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "amps-flask-"));
  });

  afterAll(async () => {
    child?.kill();
    if (child !== undefined && child.exitCode === null) await once(child, "exit");
    await rm(folder, { recursive: true, force: true });
  });

  test(
    "stores outcomes once, and answers a replay as a duplicate",
    { timeout: 180_000 },
    async ({ skip }) => {
      const requirements = path.join(HERE, "python-flask", "requirements.txt");
      const made = await makePython(folder, requirements);
      if ("reason" in made) {
        skip(made.reason);
        return;
      }
      const port = await freePort();
      const url = `http://127.0.0.1:${port}/webhooks`;
      const endpoint = await register(url);
      const env = {
        ...process.env,
        AMPS_WEBHOOK_SECRET: endpoint.secret,
        PORT: String(port),
        OUTCOMES_DB: path.join(folder, "outcomes.db"),
      };
      child = spawn(made.python, [path.join(HERE, "python-flask", "receiver.py")], {
        env,
        stdio: ["ignore", "ignore", "pipe"],
      });
      let printed = "";
      await new Promise<void>((resolve, reject) => {
        child?.stderr?.on("data", (chunk: Buffer) => {
          printed += chunk.toString();
          if (printed.includes("Running on")) resolve();
        });
        child?.once("exit", () => reject(new Error(printed)));
      });
      const event = await delivered(
        endpoint.id,
        await push(deviceIds[1] ?? "", { outcome: "completed" }),
      );
      expect(JSON.parse(event.response)).toEqual({ status: "processed" });
      const failed = await delivered(
        endpoint.id,
        await push(deviceIds[1] ?? "", { outcome: "failed", errorCode: "DEVICE_OFFLINE" }),
      );
      expect(JSON.parse(failed.response)).toEqual({ status: "processed" });
      expect(JSON.parse(await replay(url, endpoint.secret, event))).toEqual({
        status: "duplicate",
      });
    },
  );
});

test("the quickstart's receiver registers itself and prints the verified event", async () => {
  const port = await freePort();
  const env = { ...process.env, AMPS_KEY: SANDBOX_KEY, AMPS_URL: server.url, PORT: String(port) };
  const child = spawn(process.execPath, [path.join(HERE, "quickstart.mjs")], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  const says = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (printed.includes(text)) resolve();
      };
      child.stdout.on("data", (chunk: Buffer) => {
        printed += chunk.toString();
        look();
      });
      look();
    });
  await says("waiting for events");
  const actionId = await push(deviceIds[2] ?? "", { outcome: "completed" });
  await says(actionId);
  expect(printed).toMatch(/push\.completed {2}msg_\w+ {2}verified/);
  child.kill();
  await once(child, "exit");
});

async function freePort(): Promise<number> {
  const net = await import("node:net");
  const probe = net.createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  // A TCP server's address is an object.
  const { port } = probe.address() as AddressInfo;
  await new Promise<void>((done) => {
    probe.close(() => done());
  });
  return port;
}
