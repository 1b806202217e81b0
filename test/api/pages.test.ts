/** Every list of the webhook API, on the real database: whole, in order, page by page, both ways. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { World } from "./world.ts";

let world: World;
const paths: Record<string, string> = {};
const SIZE = 7;

beforeAll(async () => {
  world = await World.open();
  const appId = await world.application();
  const app = `/api/v1/app/${appId}`;
  const endpoints: string[] = [];
  for (let n = 0; n < SIZE; n += 1) {
    await world.application();
    endpoints.push(await world.endpoint(appId));
    await world.call("POST", "/api/v1/event-type", {
      body: { name: `type.${n}`, description: "" },
    });
  }
  const messages: string[] = [];
  for (let n = 0; n < SIZE; n += 1) messages.push(await world.message(appId));
  for (const messageId of messages) await world.attempts(appId, messageId, SIZE);
  const [endpointId = ""] = endpoints;
  const [messageId = ""] = messages;
  Object.assign(paths, {
    applications: "/api/v1/app",
    endpoints: `${app}/endpoint`,
    "event types": "/api/v1/event-type",
    messages: `${app}/msg`,
    "attempts of an endpoint": `${app}/attempt/endpoint/${endpointId}`,
    "attempts of a message": `${app}/attempt/msg/${messageId}`,
    "messages of an endpoint": `${app}/endpoint/${endpointId}/msg`,
    "destinations of a message": `${app}/msg/${messageId}/endpoint`,
  });
});
afterAll(() => world.close());

interface Page {
  data: { id?: string; name: string }[];
  iterator: string | null;
  prevIterator: string | null;
  done: boolean;
}

async function page(path: string, query: string): Promise<{ keys: string[]; page: Page }> {
  const { status, body, text } = await world.call("GET", `${path}?${query}`);
  expect(status, text).toBe(200);
  const found = body as Page;
  return { keys: found.data.map(({ id, name }) => id ?? name), page: found };
}

const ASCENDING = new Set(["applications", "event types", "destinations of a message"]);

describe.each([
  "applications",
  "endpoints",
  "event types",
  "messages",
  "attempts of an endpoint",
  "attempts of a message",
  "messages of an endpoint",
  "destinations of a message",
])("%s", (name) => {
  test("whole, in its order", async () => {
    const { keys, page: whole } = await page(paths[name] ?? "", "limit=250");
    expect(keys.length).toBeGreaterThanOrEqual(SIZE);
    const sorted = keys.toSorted();
    expect(keys).toEqual(ASCENDING.has(name) ? sorted : sorted.toReversed());
    expect(whole).toMatchObject({ done: true, iterator: keys.at(-1), prevIterator: `-${keys[0]}` });
  });

  test("page by page, forwards and back again", async () => {
    const path = paths[name] ?? "";
    const { keys: whole } = await page(path, "limit=250");
    const seen: string[][] = [];
    let query = "limit=3";
    let prevIterator: string | null = null;
    for (;;) {
      const next = await page(path, query);
      seen.push(next.keys);
      ({ prevIterator } = next.page);
      if (next.page.done) break;
      query = `limit=3&iterator=${next.page.iterator}`;
    }
    expect(seen.flat()).toEqual(whole);
    for (const expected of seen.slice(0, -1).toReversed()) {
      const back = await page(path, `limit=3&iterator=${prevIterator}`);
      expect(back.keys).toEqual(expected);
      ({ prevIterator } = back.page);
      expect(back.page.done).toBe(expected === seen[0]);
    }
  });
});

describe.each(["applications", "endpoints"])("%s", (name) => {
  test("the other order is the same list turned round", async () => {
    const path = paths[name] ?? "";
    const ascending = await page(path, "limit=250&order=ascending");
    const descending = await page(path, "limit=250&order=descending");
    expect(ascending.keys).toEqual(descending.keys.toReversed());
    const after = ascending.keys[2];
    const rest = await page(path, `order=ascending&iterator=${after}`);
    expect(rest.keys).toEqual(ascending.keys.slice(3, 3 + 50));
  });
});

test("an empty list", async () => {
  const appId = await world.application();
  for (const list of ["endpoint", "msg"]) {
    const { body } = await world.call("GET", `/api/v1/app/${appId}/${list}`);
    expect(body).toEqual({ data: [], iterator: null, prevIterator: null, done: true });
  }
});
