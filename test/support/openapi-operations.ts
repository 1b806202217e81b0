/** The operations of openapi.json, for tests that go over every one of them. */
import { readFileSync } from "node:fs";
import path from "node:path";

export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  examples?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
}

export interface Operation {
  method: string;
  /** As declared: `/api/v1/app/{app_id}`. */
  path: string;
  name: string;
  /** Names of its query parameters, with their schemas. */
  query: Map<string, Schema>;
  body: Schema | undefined;
  /** Anyone may call it. */
  open: boolean;
}

interface Document {
  paths: Record<
    string,
    Record<
      string,
      {
        parameters?: { name?: string; in?: string; schema?: Schema }[];
        requestBody?: { content: Record<string, { schema: Schema }> };
        security?: unknown[];
        responses: Record<string, { content?: Record<string, unknown> }>;
      }
    >
  >;
  components: { schemas: Record<string, Schema> };
}

const FILE = path.resolve(import.meta.dirname, "../../openapi.json");
// Written by us out of the routes; `test/api/openapi.test.ts` checks that it is valid.
const document = JSON.parse(readFileSync(FILE, "utf8")) as Document;

type Described = Document["paths"][string][string];

/** They have no end to wait for; `test/api/live.test.ts` is about them. */
const isStream = ({ responses }: Described): boolean =>
  responses["200"]?.content?.["text/event-stream"] !== undefined;

export const operations: Operation[] = Object.entries(document.paths).flatMap(([route, item]) =>
  Object.entries(item)
    .filter(([, described]) => !isStream(described))
    .map(([method, { parameters = [], requestBody, security }]) => ({
      method: method.toUpperCase(),
      path: route,
      name: `${method.toUpperCase()} ${route}`,
      query: new Map(
        parameters.flatMap(({ name, in: where, schema }) =>
          where === "query" && name !== undefined && schema !== undefined ? [[name, schema]] : [],
        ),
      ),
      body: requestBody?.content["application/json"]?.schema,
      open: security?.length === 0,
    })),
);

/** The schema itself, where a reference names it. */
export function resolved(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.replace("#/components/schemas/", "");
  const found = document.components.schemas[name];
  if (found === undefined) throw new Error(`openapi.json has no schema ${name}.`);
  return resolved(found);
}

/** The path with its parameters filled in; what is not named is `missing`. */
export function fillPath(route: string, values: Record<string, string>): string {
  return route.replaceAll(/\{(\w+)\}/g, (_all, name: string) => values[name] ?? "missing");
}

/** Recent enough for whatever looks back. */
const AN_HOUR_AGO = new Date(Date.now() - 3_600_000).toISOString();

/** The smallest body that the schema takes. */
export function smallestOf(given: Schema): unknown {
  const schema = resolved(given);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.examples !== undefined) return schema.examples[0];
  const [first] = schema.anyOf ?? [];
  if (first !== undefined) return smallestOf(first);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === "object" || (type === undefined && schema.properties !== undefined)) {
    const { properties = {}, required = [] } = schema;
    return Object.fromEntries(required.map((name) => [name, smallestOf(properties[name] ?? {})]));
  }
  if (type === "array") return [];
  if (type === "integer" || type === "number") return schema.minimum ?? 1;
  if (type === "boolean") return false;
  if (type === "string") return schema.format === "date-time" ? AN_HOUR_AGO : "a";
  return {};
}
