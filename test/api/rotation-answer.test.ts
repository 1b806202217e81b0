/** Svix changed what a rotation answers: each library gets what it was made for. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { World } from "./world.ts";

let world: World;
let place: string;
beforeAll(async () => {
  world = await World.open();
  place = `/api/v1/app/default/endpoint/${await world.endpoint("default")}/secret`;
});
afterAll(() => world.close());

test.each([
  ["svix-libs/1.99.1/javascript", 204],
  ["svix-libs/2.6.2/python", 204],
  ["svix-libs/2.7.0/python", 200],
  ["svix-libs/2.10.0/go", 200],
  ["svix-libs/3.0.0/rust", 200],
  ["curl/8.5.0", 204],
  ["svix-libs/9", 204],
])("%s is answered %i", async (userAgent, status) => {
  const before = (await world.call("GET", place)).body.key as string;
  const rotated = await world.call("POST", `${place}/rotate`, {
    headers: { "user-agent": userAgent },
    body: { gracePeriodSeconds: 0 },
  });
  const { key } = (await world.call("GET", place)).body as { key: string };
  expect(rotated.status).toBe(status);
  expect(rotated.body).toEqual(status === 200 ? { key } : null);
  expect(key).not.toBe(before);
});
