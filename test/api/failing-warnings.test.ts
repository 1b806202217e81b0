/** Warnings before a failing endpoint is disabled: each once in a failing period, whoever looks, whatever restarts. */
import type { Svix } from "svix";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { FailingWatch } from "../../src/engine/failing-watch.ts";
import { warnOfFailing } from "../../src/storage/endpoints/warn-of-failing.ts";
import { createIds, silentLog, sql } from "../support/factories.ts";
import { answer } from "../support/fake-sender.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";
import { World } from "./world.ts";

const OPERATOR = "http://127.0.0.1:9999/operator";
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
let world: World;
let svix: Svix;
let appId: string;
let endpointId: string;
let clock: ManualClock;
let watch: FailingWatch;
let looked = 0;

beforeAll(async () => {
  world = await World.open({}, { retryScheduleMs: [] });
  svix = await world.client();
  await svix.operationalWebhook.endpoint.create({
    url: OPERATOR,
    eventTypes: ["endpoint.failing", "endpoint.disabled"],
  });
});
afterAll(() => world.close());

function startWatch(): FailingWatch {
  const started = new FailingWatch({
    storage: world.node.storage,
    clock,
    log: silentLog,
    ids: createIds(),
    onLooked: () => {
      looked += 1;
      world.node.events.signal();
    },
  });
  started.start();
  return started;
}

beforeEach(async () => {
  world.node.sender.answer = ({ url }) => answer(url.startsWith(OPERATOR) ? 200 : 500);
  clock = createManualClock();
  watch = startWatch();
  appId = await world.application({ uid: `failing-${Math.random()}` });
  endpointId = await world.endpoint(appId, { uid: "ep-uid" });
});
afterEach(() => watch.stop());

/** As if the endpoint had failed for the first time so long ago. */
async function failingFor(hours: number): Promise<number> {
  const since = Date.now() - hours * HOUR_MS;
  await sql(
    world.node.storage,
    "UPDATE endpoint SET failing_since = to_timestamp($2::float8 / 1000) WHERE endpoint_id = $1",
    [endpointId, since],
  );
  return since;
}

/** As if so much more time had passed since. */
async function age(hours: number): Promise<void> {
  await sql(
    world.node.storage,
    `UPDATE endpoint SET failing_since = failing_since - $2 * interval '1 hour',
       warned_at = warned_at - $2 * interval '1 hour' WHERE endpoint_id = $1`,
    [endpointId, hours],
  );
}

/** A minute passes; resolves when the watch has looked. */
async function look(): Promise<void> {
  const goal = looked + 1;
  clock.advance(MINUTE_MS);
  await world.node.events.until(() => looked >= goal);
}

interface Told {
  type: string;
  data: Record<string, unknown>;
}

/** What was stored to be told about the endpoint, oldest first. */
async function warnings(): Promise<Told[]> {
  const rows = await sql<{ payload: string }>(
    world.node.storage,
    `SELECT convert_from(payload, 'UTF8') AS payload FROM message m
     JOIN environment v ON v.operational_application_id = m.application_id
     WHERE event_type = 'endpoint.failing' ORDER BY message_id`,
  );
  const all = rows.map(({ payload }) => JSON.parse(payload) as Told);
  return all.filter(({ data }) => data["endpointId"] === endpointId);
}
const numbers = async (): Promise<unknown[]> =>
  (await warnings()).map(({ data }) => data["warning"]);

describe("a warning", () => {
  test("reaches the operator, and says what and until when", async () => {
    const since = await failingFor(25);
    await look();
    const told = (): Told | undefined =>
      world.node.sender.requests
        .filter(({ url }) => url === OPERATOR)
        .map(({ body }) => JSON.parse(Buffer.from(body).toString()) as Told)
        .find(({ data }) => data["endpointId"] === endpointId);
    await world.node.events.until(() => told() !== undefined);
    const { uid: appUid } = await svix.application.get(appId);
    expect(told()).toEqual({
      type: "endpoint.failing",
      data: {
        appId,
        appUid,
        endpointId,
        endpointUid: "ep-uid",
        failSince: new Date(since).toISOString(),
        disablesAt: new Date(since + 120 * HOUR_MS).toISOString(),
        warning: 1,
        warnings: 3,
      },
    });
  });

  test.each([
    [23.9, []],
    [24.1, [1]],
    [71.9, [1]],
    [72.1, [2]],
    [108.1, [3]],
    [500, [3]],
  ])("after %d hours, with nothing told before, is the last one due: %j", async (hours, told) => {
    await failingFor(hours);
    await look();
    expect(await numbers()).toEqual(told);
  });

  test("is told once, however often and by whomever it is looked for", async () => {
    await failingFor(30);
    await look();
    await look();
    await watch.stop();
    watch = startWatch();
    await look();
    const ids = createIds();
    const { storage } = world.node;
    const both = [1, 2].map(() => warnOfFailing(storage, () => ids.make("msg_")));
    expect((await Promise.all(both)).flatMap(({ warned }) => warned)).toEqual([]);
    expect(await numbers()).toEqual([1]);
    await age(43);
    const again = [1, 2, 3].map(() => warnOfFailing(storage, () => ids.make("msg_")));
    const warned = (await Promise.all(again)).flatMap((found) => found.warned);
    expect(warned.map((found) => found.endpointId)).toEqual([endpointId]);
    expect(await numbers()).toEqual([1, 2]);
    await age(36);
    await look();
    expect(await numbers()).toEqual([1, 2, 3]);
  });

  test("comes anew in the next failing period", async () => {
    await failingFor(110);
    await look();
    expect(await numbers()).toEqual([3]);
    // It has succeeded since then, and failed again: as long ago as warnings need, before the warning above.
    const text =
      "UPDATE endpoint SET warned_at = now() - interval '26 hours' WHERE endpoint_id = $1";
    await sql(world.node.storage, text, [endpointId]);
    await failingFor(25);
    await look();
    expect(await numbers()).toEqual([3, 1]);
  });

  test("is not for endpoints that are disabled, deleted or well", async () => {
    await failingFor(100);
    await world.call("PATCH", `/api/v1/app/${appId}/endpoint/${endpointId}`, {
      body: { disabled: true },
    });
    await look();
    expect(await warnings()).toEqual([]);
  });

  test("is given again when its transaction failed", async () => {
    await failingFor(30);
    const ids = createIds();
    const broken = warnOfFailing(world.node.storage, () => {
      ids.make("msg_");
      throw new Error("This process ends here.");
    });
    await expect(broken).rejects.toThrow("ends here");
    await look();
    expect(await numbers()).toEqual([1]);
  });

  test("is given to all in turns of a bounded number", async () => {
    const others = await Promise.all([1, 2, 3].map(() => world.endpoint(appId)));
    await sql(
      world.node.storage,
      "UPDATE endpoint SET failing_since = now() - interval '2 days' WHERE application_id = $1",
      [appId],
    );
    const ids = createIds();
    const warned: string[] = [];
    for (let more = true; more;) {
      const found = await warnOfFailing(world.node.storage, () => ids.make("msg_"), 2);
      warned.push(...found.warned.map((each) => each.endpointId));
      ({ more } = found);
    }
    expect(warned.toSorted()).toEqual([endpointId, ...others].toSorted());
  });
});

describe("an endpoint shows", () => {
  const path = (): string => `/api/v1/app/${appId}/endpoint/${endpointId}`;

  test("since when it fails, and when that ends it", async () => {
    const well = { failingSince: null, disablesAt: null, disabledAt: null };
    expect((await world.call("GET", path())).body).toMatchObject(well);
    await world.attempts(appId, await world.message(appId), 1);
    await world.node.events.until(
      async () => (await world.call("GET", path())).body.failingSince !== null,
    );
    const { body } = await world.call("GET", path());
    const since = Date.parse(body.failingSince);
    expect(Math.abs(Date.now() - since)).toBeLessThan(60_000);
    expect(Date.parse(body.disablesAt)).toBe(since + 120 * HOUR_MS);
    world.node.sender.answer = () => answer(200);
    await world.attempts(appId, await world.message(appId), 1);
    await world.node.events.until(
      async () => (await world.call("GET", path())).body.failingSince === null,
    );
    expect((await world.call("GET", path())).body).toMatchObject(well);
  });

  test("since when it is disabled, whatever is changed meanwhile", async () => {
    const patch = async (body: object): ReturnType<World["call"]> =>
      await world.call("PATCH", path(), { body });
    const disabled = await patch({ disabled: true });
    expect(disabled.body.disabledAt).toBe(disabled.body.updatedAt);
    const later = await patch({ description: "later" });
    expect(later.body.disabledAt).toBe(disabled.body.disabledAt);
    expect((await patch({ disabled: false })).body.disabledAt).toBeNull();
    const url = "http://127.0.0.1:9999/webhooks";
    const made = await svix.endpoint.create(appId, { url, disabled: true });
    const shown = await world.call("GET", `/api/v1/app/${appId}/endpoint/${made.id}`);
    expect(shown.body.disabledAt).toBe(made.createdAt.toISOString());
  });

  test("since when its receiver ended it", async () => {
    world.node.sender.answer = () => answer(410);
    await world.message(appId);
    await world.node.events.until(async () => (await world.call("GET", path())).body.disabled);
    const { body } = await world.call("GET", path());
    expect(body).toMatchObject({ disabledReason: "gone", disablesAt: null });
    expect(Date.now() - Date.parse(body.disabledAt)).toBeLessThan(60_000);
  });
});
