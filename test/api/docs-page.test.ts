/** `/docs`: whole, true to the program, and safe to open. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { Svix } from "svix";
import { Compile } from "typebox/compile";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type OpenApi,
  readResources,
  type Resource,
  type Schema,
  Schemas,
} from "../../src/api/docs-page/document.ts";
import { Examples, NAMED } from "../../src/api/docs-page/example.ts";
import { libraryCall } from "../../src/api/docs-page/library.ts";
import { camelCase, Samples } from "../../src/api/docs-page/samples.ts";
import { World } from "./world.ts";

const file = path.resolve(import.meta.dirname, "../../openapi.json");
const document = JSON.parse(readFileSync(file, "utf8")) as OpenApi;
const schemas = new Schemas(document.components.schemas);
const examples = new Examples(schemas);
const resources = readResources(document);
const operations = resources.flatMap((resource) => resource.operations);

let world: World;
beforeAll(async () => {
  world = await World.open({ battery: true });
});
afterAll(() => world.close());

async function page(address: string, headers = {}): Promise<string> {
  const answer = await world.call("GET", address, { key: null, headers });
  expect(answer.status, address).toBe(200);
  expect(answer.headers["content-type"]).toBe("text/html; charset=utf-8");
  return answer.text;
}

const addresses = ["/docs", "/docs/search?q=secret", ...resources.map(addressOf)];
function addressOf({ slug }: Resource): string {
  return `/docs/${slug}`;
}

describe("the pages", () => {
  test.each(resources)("of $name show every operation with its parameters", async (resource) => {
    const text = await page(addressOf(resource));
    for (const { id, method, parameters } of resource.operations) {
      expect(text).toContain(`id="${id.replaceAll(".", "-")}"`);
      expect(text).toContain(`>${method}<`);
      for (const { name } of parameters)
        expect(text).toContain(`<code class="name">${name}</code>`);
    }
    expect(text.match(/class="sample curl"/g)).toHaveLength(resource.operations.length);
    expect(text).not.toMatch(/\{\{|undefined|\[object|NaN/);
  });

  test.each(addresses)("%s runs nothing inline, and asks nobody else", async (address) => {
    const answer = await world.call("GET", address, { key: null });
    const policy = String(answer.headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe");
    expect(answer.text).not.toMatch(/ style=| on\w+=|<style|javascript:/);
    expect(answer.text.match(/<script/g)).toHaveLength(1);
    const asked = [...answer.text.matchAll(/(?:src|href|action)="([^"]+)"/g)].map(([, to]) => to);
    expect(asked.filter((to) => !/^[/#]/.test(to ?? ""))).toEqual([]);
  });

  test("have only links that lead somewhere", async () => {
    const texts = new Map<string, string>();
    for (const address of addresses) texts.set(address, await page(address));
    for (const [from, text] of texts) {
      const links = [...text.matchAll(/href="([^"]+)"/g)].map(([, to = ""]) => to);
      for (const link of new Set(links)) {
        const [to = "", anchor] = link.split("#");
        const target = to === "" ? text : (texts.get(to) ?? "");
        if (anchor !== undefined) expect(target, `${from} → ${link}`).toContain(`id="${anchor}"`);
        else expect((await world.call("GET", to, { key: null })).status, link).toBe(200);
      }
    }
  });

  test("show the address at which they were opened, and nothing that it smuggles", async () => {
    const text = await page("/docs/endpoint", { host: "amps.test:8080" });
    expect(text).toContain("http://amps.test:8080/api/v1/app/default/endpoint");
    expect(await page("/docs/endpoint", { host: '"><script>' })).not.toContain('"><script>');
  });

  test("are found by name and by field; what was asked is only text", async () => {
    const replay = await page("/docs/search?q=replay%20missing");
    expect(replay).toContain('href="/docs/endpoint#v1-endpoint-replay-missing"');
    expect(await page("/docs/search?q=responseDurationMs")).toContain("Fields: responseDurationMs");
    expect(await page("/docs/search?q=%3Cimg%20src%3Dx%3E")).not.toContain("<img");
    expect(await page("/docs/search")).toContain("Type a word");
    expect(await page("/docs/search?q=a&q=b")).toContain("Type a word");
  });

  test("refuse what is not there", async () => {
    for (const address of ["/docs/nothing", "/docs/files/routes.ts", "/docs/files/..%2fauth.ts"]) {
      expect((await world.call("GET", address, { key: null })).status, address).toBe(404);
    }
  });

  test("bring a style and a script whose addresses change with them", async () => {
    const text = await page("/docs");
    const files = [...text.matchAll(/"(\/docs\/files\/[^"]+\?v=[0-9a-f]{12})"/g)];
    expect(files).toHaveLength(2);
    for (const [, address = ""] of files) {
      const answer = await world.call("GET", address, { key: null });
      expect(answer.status).toBe(200);
      expect(answer.headers["cache-control"]).toContain("immutable");
      expect(answer.headers["content-type"]).toMatch(/^text\/(css|javascript); charset=utf-8$/);
    }
  });
});

/** With references written out, as the validator wants it; what is deprecated is not shown. */
function whole(given: Schema, depth = 0): Schema {
  if (depth > 20) throw new Error("This schema goes round in a circle.");
  const { $ref: _ref, ...schema } = schemas.resolve(given);
  const each = (parts: Record<string, Schema>): Record<string, Schema> =>
    Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, whole(part, depth + 1)]));
  const shown = (name: string): boolean => schema.properties?.[name]?.deprecated !== true;
  return {
    ...schema,
    ...(schema.required && { required: schema.required.filter(shown) }),
    ...(schema.properties && { properties: each(schema.properties) }),
    ...(schema.items && { items: whole(schema.items, depth + 1) }),
    ...(schema.anyOf && { anyOf: schema.anyOf.map((part) => whole(part, depth + 1)) }),
    ...(typeof schema.additionalProperties === "object" && {
      additionalProperties: whole(schema.additionalProperties, depth + 1),
    }),
    ...(schema.patternProperties && { patternProperties: each(schema.patternProperties) }),
  };
}

describe("the examples", () => {
  const sending = operations.filter(({ body }) => body !== undefined);
  test.each(sending)("of $id are accepted by the program", async (operation) => {
    const { method, path: url } = operation;
    const target = url.replaceAll(/\{(\w+)\}/g, (_all, name: string) => String(NAMED[name]));
    const sent = examples.request(operation);
    const { status, text } = await world.call(method, target, { body: sent });
    // What it is about may not exist, nor a password be right; that it is well-formed is the point.
    expect([200, 201, 202, 204, 401, 403, 404, 409], text).toContain(status);
  });

  const answering = operations.flatMap(({ id, answers }) =>
    answers.flatMap(({ status, schema }) => (schema ? [{ id, status, schema }] : [])),
  );
  test.each(answering)("of what $id answers with $status fit its schema", ({ schema }) => {
    const value = examples.response(schema);
    expect([...Compile(whole(schema)).Errors(value)]).toEqual([]);
  });

  test("call the library where it has the operation, and only there", () => {
    const client = new Svix("sk_test_none", { serverUrl: "http://127.0.0.1:1" });
    for (const operation of operations) {
      const call = libraryCall(operation) ?? operation.id.replace(/^v1\./, "");
      let found: unknown = client;
      for (const step of call.split(".").map(camelCase)) {
        found = (found as Record<string, unknown> | undefined)?.[step];
      }
      const expected = libraryCall(operation) === undefined ? "undefined" : "function";
      expect(typeof found, operation.id).toBe(expected);
    }
  });

  test("in Node are JavaScript", async () => {
    const samples = new Samples(schemas, examples);
    const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor as new (
      code: string,
    ) => unknown;
    for (const operation of operations) {
      const code = samples.of(operation).Node.replace(/^import .*$/m, "");
      expect(() => new AsyncFunction(code), code).not.toThrow();
    }
  });
});
