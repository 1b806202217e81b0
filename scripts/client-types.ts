/**
 * The dashboard's view of the API: types out of openapi.json, no code. `npm run openapi` writes them
 * beside it. Types only, so that the browser loads nothing for the 70 routes it may call.
 */

interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
}

interface Parameter {
  $ref?: string;
  name?: string;
  in?: string;
  required?: boolean;
  schema?: Schema;
}

type Content = Record<string, { schema?: Schema }>;

interface Operation {
  parameters?: Parameter[];
  requestBody?: { content: Content };
  responses: Record<string, { content?: Content }>;
}

interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; parameters?: Record<string, Parameter> };
}

const HEADER = `/** Written by \`npm run openapi\` out of openapi.json; never edited by hand. */\n`;
const NAME = /^[A-Za-z_]\w*$/;

const nameOf = (ref: string): string => ref.slice(ref.lastIndexOf("/") + 1);
const quoted = (key: string): string => (NAME.test(key) ? key : JSON.stringify(key));

function writeObject(schema: Schema): string {
  const required = new Set(schema.required);
  const members = Object.entries(schema.properties ?? {}).map(([key, member]) => {
    const type = writeType(member);
    return required.has(key) ? `${quoted(key)}: ${type}` : `${quoted(key)}?: ${type} | undefined`;
  });
  const rest =
    Object.values(schema.patternProperties ?? {})[0] ??
    (typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined);
  if (members.length > 0) return `{ ${members.join("; ")} }`;
  return `Record<string, ${rest === undefined ? "unknown" : writeType(rest)}>`;
}

function writeOne(type: string | undefined, schema: Schema): string {
  switch (type) {
    case "string":
    case "boolean":
    case "null":
      return type;
    case "integer":
    case "number":
      return "number";
    case "array":
      return `Array<${schema.items === undefined ? "unknown" : writeType(schema.items)}>`;
    case "object":
      return writeObject(schema);
    default:
      return schema.properties === undefined ? "unknown" : writeObject(schema);
  }
}

function writeType(schema: Schema): string {
  if (schema.$ref !== undefined) return nameOf(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) {
    const nullable = Array.isArray(schema.type) && schema.type.includes("null");
    const values = new Set([...schema.enum, ...(nullable ? [null] : [])]);
    return [...values].map((one) => JSON.stringify(one)).join(" | ");
  }
  if (schema.anyOf !== undefined) return schema.anyOf.map(writeType).join(" | ");
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  return types.map((type) => writeOne(type, schema)).join(" | ");
}

function writeParameters(parameters: Parameter[], place: string): string {
  const members = parameters
    .filter((parameter) => parameter.in === place)
    .map(({ name = "", required, schema = {} }) =>
      required === true
        ? `${quoted(name)}: ${writeType(schema)}`
        : `${quoted(name)}?: ${writeType(schema)} | undefined`,
    );
  return members.length === 0 ? "none" : `{ ${members.join("; ")} }`;
}

const jsonOf = (content: Content | undefined): Schema | undefined =>
  content?.["application/json"]?.schema;

function writeOperation(operation: Operation, document: OpenApi): string {
  const parameters = (operation.parameters ?? []).map((parameter) =>
    parameter.$ref === undefined
      ? parameter
      : (document.components.parameters?.[nameOf(parameter.$ref)] ?? {}),
  );
  const body = jsonOf(operation.requestBody?.content);
  const answers = Object.entries(operation.responses)
    .filter(([status]) => /^2\d\d$/.test(status))
    .map(([, response]) => jsonOf(response.content))
    .map((schema) => (schema === undefined ? "undefined" : writeType(schema)));
  return [
    `path: ${writeParameters(parameters, "path")}`,
    `query: ${writeParameters(parameters, "query")}`,
    `body: ${body === undefined ? "none" : writeType(body)}`,
    `answer: ${[...new Set(answers)].join(" | ") || "undefined"}`,
  ].join("; ");
}

/** @param openapi the text of openapi.json */
export function writeClientTypes(openapi: string): string {
  const document = JSON.parse(openapi) as OpenApi;
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) => `export type ${name} = ${writeType(schema)};\n`,
  );
  const paths = Object.entries(document.paths).map(([path, operations]) => {
    const methods = Object.entries(operations).map(
      ([method, operation]) => `    ${method}: { ${writeOperation(operation, document)} };\n`,
    );
    return `  ${JSON.stringify(path)}: {\n${methods.join("")}  };\n`;
  });
  const none = "/** Nothing is given here. */\nexport type none = undefined;\n";
  return `${HEADER}${none}${schemas.join("")}\nexport interface Paths {\n${paths.join("")}}\n`;
}
