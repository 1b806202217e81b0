/** `openapi.json` as the pages read it: operations by resource, references followed. */
export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  examples?: unknown[];
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  deprecated?: boolean;
  $ref?: string;
}

export interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required?: boolean;
  description?: string;
  schema: Schema;
}

interface Body {
  description?: string;
  content?: Record<string, { schema: Schema }>;
}

/** As it stands in the file. */
interface Described {
  operationId: string;
  summary?: string;
  description?: string;
  tags?: string[];
  deprecated?: boolean;
  parameters?: ({ $ref: string } | Parameter)[];
  requestBody?: Body;
  responses: Record<string, Body>;
  security?: unknown[];
}

export interface OpenApi {
  info: { version: string };
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, Schema>; parameters: Record<string, Parameter> };
}

export interface Answer {
  status: string;
  description: string;
  schema: Schema | undefined;
}

export interface Operation {
  id: string;
  /** Upper case. */
  method: string;
  path: string;
  summary: string;
  description: string;
  deprecated: boolean;
  open: boolean;
  parameters: Parameter[];
  body: Schema | undefined;
  answers: Answer[];
}

export interface Resource {
  /** Last part of the page's address. */
  slug: string;
  name: string;
  battery: boolean;
  operations: Operation[];
}

const COMPONENT = "#/components/schemas/";
const METHODS = ["POST", "GET", "PUT", "PATCH", "DELETE"];

/** Follows references of schemas, and tells their names. */
export class Schemas {
  readonly #named: Record<string, Schema>;

  constructor(named: Record<string, Schema>) {
    this.#named = named;
  }

  /** The schema itself; a component carries its name as the title. */
  resolve(schema: Schema): Schema {
    if (schema.$ref === undefined) return schema;
    const title = schema.$ref.slice(COMPONENT.length);
    const found = this.#named[title];
    if (found === undefined) throw new Error(`openapi.json has no ${schema.$ref}.`);
    return { ...found, title };
  }
}

export function slugOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}

function schemaOf(body: Body | undefined): Schema | undefined {
  return body?.content?.["application/json"]?.schema;
}

function readOperation(
  document: OpenApi,
  path: string,
  [method, described]: [string, Described],
): Operation {
  const parameters = (described.parameters ?? []).map((parameter) => {
    if (!("$ref" in parameter)) return parameter;
    const found = document.components.parameters[parameter.$ref.split("/").at(-1) ?? ""];
    if (found === undefined) throw new Error(`openapi.json has no ${parameter.$ref}.`);
    return found;
  });
  return {
    id: described.operationId,
    method: method.toUpperCase(),
    path,
    summary: described.summary ?? described.operationId,
    description: described.description ?? "",
    deprecated: described.deprecated === true,
    open: described.security?.length === 0,
    parameters,
    body: schemaOf(described.requestBody),
    answers: Object.entries(described.responses).map(([status, answer]) => ({
      status,
      description: answer.description ?? "",
      schema: schemaOf(answer),
    })),
  };
}

function byPath(one: Operation, other: Operation): number {
  const depth = one.path.split("/").length - other.path.split("/").length;
  if (depth !== 0) return depth;
  if (one.path !== other.path) return one.path < other.path ? -1 : 1;
  return METHODS.indexOf(one.method) - METHODS.indexOf(other.method);
}

/** The order in which people meet them; what is not named follows. */
const ORDER = [
  "Battery",
  "Action",
  "Application",
  "Event Type",
  "Endpoint",
  "Message",
  "Message Attempt",
  "Delivery Log",
  "Issue",
  "Live",
  "Background Tasks",
  "Operational Webhook Endpoint",
  "Authentication",
  "API Keys",
  "Dashboard",
  "System",
  "Health",
  "Meta",
];

function place(name: string): number {
  const index = ORDER.indexOf(name);
  return index === -1 ? ORDER.length : index;
}

export function readResources(document: OpenApi): Resource[] {
  const resources = new Map<string, Resource>();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const entry of Object.entries(item)) {
      const name = entry[1].tags?.[0] ?? "Other";
      const battery = !path.startsWith("/api/");
      const known = resources.get(name) ?? { slug: slugOf(name), name, battery, operations: [] };
      known.operations.push(readOperation(document, path, entry));
      resources.set(name, known);
    }
  }
  const sorted = [...resources.values()].sort((one, other) => place(one.name) - place(other.name));
  for (const { operations } of sorted) operations.sort(byPath);
  return sorted;
}
