/** Watching an application as it happens: what is told, to whom, and what ends it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createIds, sql } from "../support/factories.ts";
import { Events } from "../support/events.ts";
import { World } from "./world.ts";

interface Told {
  event: string;
  id: string;
  data: Record<string, unknown>;
}

let world: World;
let appId: string;
const open: Watcher[] = [];

/** A client of one stream. */
class Watcher {
  readonly told: Told[] = [];
  readonly response: Response;
  readonly #events = new Events();
  readonly #abort: AbortController;
  ended = false;

  private constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    open.push(this);
    void this.#read();
  }

  static async open(
    path: string,
    headers: Record<string, string> = { authorization: `Bearer ${world.sandboxKey}` },
    of = world,
  ): Promise<Watcher> {
    const abort = new AbortController();
    const accept = "text/event-stream";
    const response = await fetch(`${await of.listen()}${path}`, {
      headers: { accept, ...headers },
      signal: abort.signal,
    });
    return new Watcher(response, abort);
  }

  close(): void {
    this.#abort.abort();
  }

  /** Resolves with the first event that matches. */
  async heard(event: string, data: object = {}): Promise<Told> {
    const find = (): Told | undefined =>
      this.told.find((one) => {
        if (one.event !== event) return false;
        return Object.entries(data).every(([name, value]) => one.data[name] === value);
      });
    await this.#events.until(() => find() !== undefined, {
      describe: () => `${event} ${JSON.stringify(data)} in ${JSON.stringify(this.told)}`,
    });
    const found = find();
    if (found === undefined) throw new Error("It was there.");
    return found;
  }

  async over(): Promise<void> {
    await this.#events.until(() => this.ended);
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    try {
      for await (const chunk of this.response.body ?? []) {
        rest += decoder.decode(chunk, { stream: true });
        const blocks = rest.split("\n\n");
        rest = blocks.pop() ?? "";
        for (const block of blocks) this.#take(block);
        this.#events.signal();
      }
    } catch {
      // Aborted by the test.
    }
    this.ended = true;
    this.#events.signal();
  }

  #take(block: string): void {
    const field = (name: string): string =>
      new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1] ?? "";
    if (field("event") === "") return;
    const data = JSON.parse(field("data")) as Record<string, unknown>;
    this.told.push({ event: field("event"), id: field("id"), data });
  }
}

const live = (id = appId): string => `/api/v1/app/${id}/live`;

async function portal(body: object, id = appId): Promise<string> {
  const path = `/api/v1/auth/app-portal-access/${id}`;
  return String((await world.call("POST", path, { body })).body.token);
}

beforeAll(async () => {
  world = await World.open();
  appId = await world.application({ uid: "watched" });
});
afterEach(() => {
  for (const watcher of open.splice(0)) watcher.close();
});
afterAll(() => world.close());

describe("what is told", () => {
  test("messages and attempts, with ids and how it went", async () => {
    const endpointId = await world.endpoint(appId);
    const watcher = await Watcher.open(live());
    expect(watcher.response.status).toBe(200);
    expect(watcher.response.headers.get("content-type")).toBe("text/event-stream");
    expect(watcher.response.headers.get("cache-control")).toBe("no-store");
    expect(watcher.response.headers.get("x-content-type-options")).toBe("nosniff");
    const id = await world.message(appId, { payload: { secret: "payload" } });
    const message = await watcher.heard("message", { id });
    expect(message.data).toEqual({
      id,
      eventType: "test.event",
      timestamp: expect.stringMatching(/Z$/) as string,
    });
    const attempt = await watcher.heard("attempt", { msgId: id });
    expect(attempt.data).toMatchObject({
      endpointId,
      status: "success",
      responseStatusCode: 200,
      triggerType: 0,
      nextAttempt: null,
    });
    expect(attempt.id).toMatch(/^\d{13}$/);
    expect(JSON.stringify(watcher.told)).not.toContain("payload");
  });

  test("endpoints that change, and tasks as they proceed", async () => {
    const endpointId = await world.endpoint(appId);
    const watcher = await Watcher.open(live("watched"));
    await watcher.heard("endpoint", { id: endpointId });
    const path = `/api/v1/app/${appId}/endpoint/${endpointId}`;
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const task = await world.call("POST", `${path}/recover`, { body: { since } });
    await watcher.heard("task", { id: String(task.body.id) });
    await watcher.heard("task", { id: String(task.body.id), status: "finished" });
    await world.call("PATCH", path, { body: { disabled: true } });
    await watcher.heard("endpoint", { id: endpointId, disabled: true, deleted: false });
    await world.call("DELETE", path);
    await watcher.heard("endpoint", { id: endpointId, deleted: true });
  });

  test("what another node did, however late it was committed, and nothing of other applications", async () => {
    const endpointId = await world.endpoint(appId);
    const other = await world.application();
    const watcher = await Watcher.open(live());
    await watcher.heard("endpoint", { id: endpointId });
    const earlier = createIds(() => Date.now() - 8_000);
    const attemptId = earlier.make("atmpt_");
    const insert = (application: string, id: string): Promise<unknown> =>
      sql(
        world.node.storage,
        `INSERT INTO attempt (application_id, attempt_id, endpoint_id, message_id, event_type, trigger,
           succeeded, response_status, response_body, duration_ms, error_code, url, attempted_at)
         VALUES ($1, $2, $3, 'msg_x', 'a', 1, false, 0, '', 5, 'timeout', '', now())`,
        [application, id, endpointId],
      );
    await insert(other, earlier.make("atmpt_"));
    await insert(appId, attemptId);
    const told = await watcher.heard("attempt", { id: attemptId });
    expect(told.data).toMatchObject({ status: "fail", errorCode: "timeout", triggerType: 1 });
    const foreign = await world.message(other);
    const own = await world.message(appId);
    await watcher.heard("message", { id: own });
    expect(JSON.stringify(watcher.told)).not.toContain(foreign);
    // Each thing once, although it was read many times.
    const keys = watcher.told.map(({ event, data }) => `${event} ${JSON.stringify(data)}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("after a break what was missed, or that too much was", async () => {
    const first = await Watcher.open(live());
    const before = await world.message(appId);
    const { id } = await first.heard("message", { id: before });
    first.close();
    const missed = await world.message(appId);
    const authorization = `Bearer ${world.sandboxKey}`;
    const second = await Watcher.open(live(), { authorization, "last-event-id": id });
    await second.heard("message", { id: missed });
    const long = String(Date.now() - 2 * 3_600_000);
    const third = await Watcher.open(live(), { authorization, "last-event-id": long });
    await third.heard("gap");
  });

  test("that there was more than can be told", async () => {
    const busy = await world.application();
    const watcher = await Watcher.open(live(busy));
    const first = await world.message(busy);
    await watcher.heard("message", { id: first });
    const ids = createIds();
    const messageIds = Array.from({ length: 600 }, () => ids.make("msg_"));
    await sql(
      world.node.storage,
      `INSERT INTO message (application_id, message_id, event_type, payload)
       SELECT $1, unnest($2::text[]), 'a', '{}'`,
      [busy, messageIds],
    );
    await watcher.heard("gap");
    await watcher.heard("message", { id: messageIds.toSorted().at(-1) ?? "" });
  });

  test("to many who watch the same, by one reading", async () => {
    const id = await world.application();
    const { storage } = world.node;
    const { before } = storage;
    let readings = 0;
    storage.before = (name) => {
      if (name === "find-new-messages") readings += 1;
    };
    const startedAt = performance.now();
    const watchers = await Promise.all(Array.from({ length: 5 }, () => Watcher.open(live(id))));
    for (let round = 0; round < 2; round += 1) {
      const message = await world.message(id);
      await Promise.all(watchers.map((watcher) => watcher.heard("message", { id: message })));
    }
    storage.before = before;
    expect(readings).toBeLessThanOrEqual((performance.now() - startedAt) / 1_000 + 2);
  });
});

describe("who may watch", () => {
  test("a session, whose EventSource names the environment in the query", async () => {
    const { cookie = "" } = await world.logIn();
    const watcher = await Watcher.open(`${live()}?environment=sandbox`, { cookie });
    expect(watcher.response.status).toBe(200);
    const id = await world.message(appId);
    await watcher.heard("message", { id });
    const elsewhere = await Watcher.open(`${live()}?environment=live`, { cookie });
    expect(elsewhere.response.status).toBe(404);
    const unnamed = await Watcher.open(live(), { cookie });
    expect(unnamed.response.status).toBe(400);
  });

  test("a portal its own application, with ViewBase", async () => {
    const as = async (token: string, id = appId): Promise<number> =>
      (await Watcher.open(live(id), { authorization: `Bearer ${token}` })).response.status;
    const token = await portal({});
    expect(await as(token)).toBe(200);
    expect(await as(token, await world.application())).toBe(404);
    expect(await as(await portal({ capabilities: ["ManageEndpoint"] }))).toBe(403);
  });

  test("nobody else, and no other environment", async () => {
    for (const [headers, status] of [
      [{}, 401],
      [{ authorization: "Bearer sk_test_unknown" }, 401],
      [{ authorization: `Bearer ${world.liveKey}` }, 404],
    ] as const) {
      const watcher = await Watcher.open(live(), headers);
      expect(watcher.response.status).toBe(status);
    }
    expect((await world.call("HEAD", live())).status).toBe(405);
  });
});

describe("what ends it", () => {
  test("a revoked key, an ended session or token, a deleted application; for these only", async () => {
    const made = await world.call("POST", "/api/v1/api-key", { body: { name: "watcher" } });
    const session = await world.logIn();
    const token = await portal({});
    const gone = await world.application();
    const stays = await Watcher.open(live());
    const watchers = [
      await Watcher.open(live(), { authorization: `Bearer ${made.body.key}` }),
      await Watcher.open(live(), session),
      await Watcher.open(live(), { authorization: `Bearer ${token}` }),
      await Watcher.open(live(gone)),
    ];
    expect(watchers.map(({ response }) => response.status)).toEqual([200, 200, 200, 200]);
    await world.call("DELETE", `/api/v1/api-key/${made.body.id}`);
    await world.call("POST", "/api/v1/dashboard/logout", { key: null, headers: session });
    await world.call("POST", "/api/v1/auth/logout", { key: token });
    await world.call("DELETE", `/api/v1/app/${gone}`);
    for (const watcher of watchers) {
      expect((await watcher.heard("end")).data).toEqual({ reason: "access" });
      await watcher.over();
    }
    expect(stays.ended).toBe(false);
  });

  test("a server that stops, at once", async () => {
    const own = await World.open();
    const id = await own.application();
    const headers = { authorization: `Bearer ${own.sandboxKey}` };
    const watcher = await Watcher.open(live(id), headers, own);
    await own.close();
    expect((await watcher.heard("end")).data).toEqual({ reason: "stopping" });
    await watcher.over();
  });
});

test("one caller watches in 32 places at once, and in another when one is closed", async () => {
  const watchers: Watcher[] = [];
  for (let n = 0; n < 32; n += 1) watchers.push(await Watcher.open(live()));
  expect(watchers.every(({ response }) => response.status === 200)).toBe(true);
  const refused = await Watcher.open(live());
  expect(refused.response.status).toBe(429);
  expect(refused.response.headers.get("retry-after")).toBe("10");
  const { cookie = "" } = await world.logIn();
  const other = await Watcher.open(`${live()}?environment=sandbox`, { cookie });
  expect(other.response.status).toBe(200);
  watchers[0]?.close();
  await expect.poll(async () => (await Watcher.open(live())).response.status).toBe(200);
});
