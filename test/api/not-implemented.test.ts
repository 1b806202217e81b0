/** What Amps does not do is said in JSON, whatever is asked of it, and is in no description of the API. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NOT_IMPLEMENTED } from "../../src/api/not-implemented.ts";
import { refusal } from "./refusal.ts";
import { World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const PATHS = Object.keys(NOT_IMPLEMENTED);

test.each(PATHS)("%s is 501", async (declared) => {
  const url = `/api/v1${declared.replaceAll(/:\w+/g, "x")}`;
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
    for (const below of ["", "/", "/more/of/it"]) {
      const answer = await world.call(method, url + below);
      expect([answer.status, answer.body.code], `${method} ${url}${below}`).toEqual([
        501,
        "not_implemented",
      ]);
      expect(answer.body.detail).toBe(
        `Amps does not have this operation yet: ${NOT_IMPLEMENTED[declared]}.`,
      );
    }
  }
  expect((await world.call("GET", url, { key: null })).status).toBe(401);
});

test("the client reports it as such, and nothing of it is in openapi.json", async () => {
  const svix = await world.client();
  const calls = [
    (): Promise<unknown> => svix.endpoint.transformation.get("default", "x"),
    (): Promise<unknown> => svix.integration.list("default"),
    (): Promise<unknown> => svix.connector.list(),
    (): Promise<unknown> => svix.environment.export(),
    (): Promise<unknown> => svix.eventType.importOpenapi({ specRaw: "{}" }),
    (): Promise<unknown> => svix.statistics.aggregateEventTypes(),
    (): Promise<unknown> => svix.message.poller.poll("default", "x"),
    (): Promise<unknown> => svix.streaming.stream.list(),
  ];
  for (const call of calls) {
    const error = await refusal(call());
    // The client parses the bodies of 4xx only.
    expect(error.code, String(call)).toBe(501);
    expect(JSON.stringify(error.body)).toContain("not_implemented");
  }
  const file = path.resolve(import.meta.dirname, "../../openapi.json");
  const { paths } = JSON.parse(readFileSync(file, "utf8")) as { paths: object };
  const described = Object.keys(paths).map((url) => url.replaceAll(/\{\w+\}/g, "x"));
  for (const declared of PATHS) {
    const url = `/api/v1${declared.replaceAll(/:\w+/g, "x")}`;
    expect(described.filter((known) => known === url || known.startsWith(`${url}/`))).toEqual([]);
  }
});

test("docs/webhook-api.md names every one of them", () => {
  const file = path.resolve(import.meta.dirname, "../../docs/webhook-api.md");
  const [, section = ""] = readFileSync(file, "utf8").split("## What is not there");
  for (const declared of PATHS) {
    const [word = ""] = declared
      .split("/")
      .filter((step) => step !== "" && !step.startsWith(":"))
      .slice(-1);
    expect(section, declared).toContain(word);
  }
});
