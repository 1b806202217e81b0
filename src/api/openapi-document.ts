/**
 * Describes every route of the server as OpenAPI 3.1, out of the schemas beside the routes. A schema
 * with a title becomes a component of that name.
 */
import type { FastifySchema } from "fastify";
import type { Route } from "./route-table.ts";

type Json = Record<string, unknown>;

const DESCRIBED = new Set(["GET", "POST", "PUT", "PATCH", "DELETE"]);
const KEY_HEADER = "Idempotency-Key";

/** Members of a schema that are data. */
const DATA = new Set(["examples", "enum", "const", "default", "required"]);

/** Components found so far, by title. */
type Components = Map<string, string>;

function isPlain(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The schema with every titled part replaced by a reference. */
function hoist(schema: unknown, components: Components): unknown {
  if (Array.isArray(schema)) return schema.map((part) => hoist(part, components));
  if (!isPlain(schema)) return schema;
  const { title, ...members } = schema;
  const hoistMember = (key: string, part: unknown): unknown => {
    if (DATA.has(key)) return part;
    // The keys of `properties` are names of fields, whatever they are.
    if (key !== "properties" || !isPlain(part)) return hoist(part, components);
    const fields = Object.entries(part).map(([field, inner]) => [field, hoist(inner, components)]);
    return Object.fromEntries(fields) as Json;
  };
  const hoisted: unknown = Object.fromEntries(
    Object.entries(members).map(([key, part]) => [key, hoistMember(key, part)]),
  );
  if (typeof title !== "string") return hoisted;
  const text = JSON.stringify(hoisted);
  const known = components.get(title);
  if (known !== undefined && known !== text) throw new Error(`Two schemas are titled ${title}.`);
  components.set(title, text);
  return { $ref: `#/components/schemas/${title}` };
}

/** The webhook API names its parameters as Svix does. */
function parameterName(name: string, url: string): string {
  if (!url.startsWith("/api/")) return name;
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What parts of a path mean; a uid stands for an id wherever there are uids. */
const PATH_MEANING: Readonly<Record<string, string>> = {
  appId: "Id or uid of the application, `default` for the one that always exists.",
  endpointId: "Id or uid of the endpoint.",
  msgId: "Id of the message, or its eventId.",
  attemptId: "Id of the attempt.",
  eventTypeName: "Name of the event type, such as `push.completed`.",
  taskId: "Id of the task.",
  deviceId: "Id of the battery.",
  actionId: "Id of the action.",
};

function pathParameters(url: string): Json[] {
  return [...url.matchAll(/:(\w+)/g)].map(([, name = ""]) => ({
    name: parameterName(name, url),
    in: "path",
    required: true,
    ...(PATH_MEANING[name] !== undefined && { description: PATH_MEANING[name] }),
    schema: { type: "string" },
  }));
}

function queryParameters(schema: FastifySchema, components: Components): Json[] {
  const query = schema.querystring;
  if (!isPlain(query) || !isPlain(query["properties"])) return [];
  const required = Array.isArray(query["required"]) ? query["required"] : [];
  return Object.entries(query["properties"]).map(([name, property]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema: hoist(property, components),
    ...(isPlain(property) && property["type"] === "array" && { style: "form", explode: false }),
  }));
}

function describeResponses(schema: FastifySchema, components: Components): Json {
  const { response } = schema;
  if (!isPlain(response)) return { default: { description: "The answer." } };
  const described = Object.entries(response).map(([status, body]) => {
    const { description } = isPlain(body) ? body : {};
    const empty = isPlain(body) && body["type"] === "null";
    const ok = status.startsWith("2");
    const media = isPlain(body) && body["contentMediaType"];
    return [
      status.toUpperCase(),
      {
        description: typeof description === "string" ? description : ok ? "Done." : "Refused.",
        ...(!empty && {
          content: {
            [typeof media === "string" ? media : "application/json"]: {
              schema: hoist(body, components),
            },
          },
        }),
      },
    ];
  });
  return Object.fromEntries(described) as Json;
}

function describeOperation(route: Route, schema: FastifySchema, components: Components): Json {
  const { method, url, config } = route;
  const parameters = [...pathParameters(url), ...queryParameters(schema, components)];
  if (method === "POST") parameters.push({ $ref: "#/components/parameters/IdempotencyKey" });
  const { operationId, summary, description, tags, deprecated, body } = schema;
  return {
    ...(operationId !== undefined && { operationId }),
    ...(summary !== undefined && { summary }),
    ...(description !== undefined && { description }),
    ...(tags !== undefined && { tags }),
    ...(deprecated === true && { deprecated }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: {
        required: true,
        content: { "application/json": { schema: hoist(body, components) } },
      },
    }),
    responses: describeResponses(schema, components),
    ...(config?.access === "none" && { security: [] }),
  };
}

function describePaths(routes: readonly Route[], components: Components): Json {
  const paths = new Map<string, Json>();
  for (const route of routes) {
    const { method, url, schema } = route;
    if (!DESCRIBED.has(method) || schema === undefined || schema.hide === true) continue;
    // Titles and options of typebox are plain members; its own marks are not enumerable.
    const plain = JSON.parse(JSON.stringify(schema)) as FastifySchema;
    const path = url.replaceAll(/:(\w+)/g, (_all, name: string) => `{${parameterName(name, url)}}`);
    const item = paths.get(path) ?? {};
    item[method.toLowerCase()] = describeOperation(route, plain, components);
    paths.set(path, item);
  }
  return Object.fromEntries([...paths].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The whole document. @throws when two schemas share a title but not their content */
export function describeApi(routes: readonly Route[], version: string): Json {
  const components: Components = new Map();
  const paths = describePaths(routes, components);
  const schemas = [...components].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    openapi: "3.1.0",
    info: {
      title: "Amps",
      version,
      description:
        "The battery API at `/`, the webhook API at `/api/v1`. The webhook API speaks Svix's REST API.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{ bearer: [] }, { apiKey: [] }],
    paths,
    components: {
      schemas: Object.fromEntries(schemas.map(([name, text]) => [name, JSON.parse(text)])),
      parameters: {
        IdempotencyKey: {
          name: KEY_HEADER,
          in: "header",
          required: false,
          description: "The same key with the same request is done once and answered the same.",
          schema: { type: "string", minLength: 1, maxLength: 255 },
        },
      },
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "An API key, `sk_…`, or a token." },
        apiKey: { type: "apiKey", in: "header", name: "x-api-key", description: "The same key." },
      },
    },
  };
}
