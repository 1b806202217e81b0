/** openapi.json is the program's, is valid, and promises what Svix's clients require. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, test } from "vitest";
import { writeClientTypes } from "../../scripts/client-types.ts";
import { CLIENT_TYPES, writeOpenApi } from "../../scripts/openapi.ts";

const text = readFileSync(path.resolve(import.meta.dirname, "../../openapi.json"), "utf8");

interface Operation {
  operationId: string;
  security?: unknown[];
  responses: Record<string, unknown>;
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { required?: string[]; properties?: object }> };
}
const document = JSON.parse(text) as Document;

test("openapi.json is up to date: otherwise run `npm run openapi`", async () => {
  expect(await writeOpenApi()).toBe(text);
});

test("the dashboard's types are up to date: otherwise run `npm run openapi`", () => {
  const types = readFileSync(path.resolve(import.meta.dirname, "../..", CLIENT_TYPES), "utf8");
  expect(writeClientTypes(text)).toBe(types);
});

test("it is valid OpenAPI 3.1, with unique operation ids", async () => {
  const validator = new Validator();
  const result = await validator.validate(JSON.parse(text) as Record<string, unknown>);
  expect(result.errors).toBeUndefined();
  expect(validator.version).toBe("3.1");
  const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).not.toContain(undefined);
});

test("every reference leads somewhere, and both APIs are in it", () => {
  for (const [, name = ""] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
    expect(Object.keys(document.components.schemas)).toContain(name);
  }
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining(["/battery/{deviceId}", "/api/v1/app/{app_id}/msg/{msg_id}"]),
  );
});

/** Fields without `?` or null in the client's models. */
function requiredBy(model: string): string[] {
  const root = path.resolve(import.meta.dirname, "../../node_modules/svix/src/models");
  const source = readFileSync(path.join(root, `${model}.ts`), "utf8");
  const body = /export interface \w+ \{\n([\s\S]*?)\n\}/.exec(source)?.[1] ?? "";
  return [...body.matchAll(/^ {2}(\w+): /gm)].map(([, field = ""]) => field);
}

describe("the client's models", () => {
  test.each([
    "ApplicationOut",
    "EndpointOut",
    "EndpointSecretOut",
    "EndpointHeadersOut",
    "EventTypeOut",
    "MessageOut",
    "MessageAttemptOut",
    "EndpointMessageOut",
    "MessageEndpointOut",
  ])("%s: what the client requires is promised", (name) => {
    const model = name.slice(0, 1).toLowerCase() + name.slice(1);
    const required = requiredBy(model);
    expect(required.length).toBeGreaterThan(0);
    expect(document.components.schemas[name]?.required).toEqual(expect.arrayContaining(required));
  });
});
