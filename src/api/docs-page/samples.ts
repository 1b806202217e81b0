/** How an operation is called: with curl, and with the `svix` libraries where they have it. */
import type { Operation, Schema, Schemas } from "./document.ts";
import { type Examples, isPlain, NAMED } from "./example.ts";
import { libraryCall, pythonModel } from "./library.ts";
import texts from "./sample-texts.json" with { type: "json" };

export const LANGUAGES = ["curl", "Node", "Python"] as const;
export type Language = (typeof LANGUAGES)[number];

/** Replaced by the address at which the page was opened. */
export const URL_MARK = "{{url}}";

/** Answers that do not end: they are read as they come. */
const ENDLESS: ReadonlySet<string> = new Set(["v1.live.watch"]);

export function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replaceAll("-", "_");
}

function indent(text: string, spaces: number): string {
  return text.replaceAll("\n", `\n${" ".repeat(spaces)}`);
}

/** As Python writes it. */
function python(value: unknown, depth = 1): string {
  const pad = "    ".repeat(depth);
  const end = `\n${"    ".repeat(depth - 1)}`;
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map((item) => python(item, depth)).join(", ")}]`;
  if (!isPlain(value)) return JSON.stringify(value);
  const members = Object.entries(value);
  if (members.length === 0) return "{}";
  const lines = members.map(([key, inner]) => `${pad}"${key}": ${python(inner, depth + 1)},`);
  return `{\n${lines.join("\n")}${end}}`;
}

/** As JavaScript writes it. */
function javascript(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(/^( *)"([A-Za-z_]\w*)":/gm, "$1$2:");
}

function sampleText(name: string): string {
  const value = NAMED[name];
  return typeof value === "string" ? value : name;
}

function isMoment(schema: Schema | undefined): boolean {
  return schema?.format === "date-time";
}

export class Samples {
  readonly #schemas: Schemas;
  readonly #examples: Examples;

  constructor(schemas: Schemas, examples: Examples) {
    this.#schemas = schemas;
    this.#examples = examples;
  }

  of(operation: Operation): Record<Language, string> {
    const call = libraryCall(operation);
    return {
      curl: this.#curl(operation),
      Node: call === undefined ? this.#plainNode(operation) : this.#node(operation, call),
      Python: call === undefined ? this.#httpx(operation) : this.#python(operation, call),
    };
  }

  #address({ path, parameters }: Operation): string {
    const filled = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => sampleText(name));
    const required = parameters.filter((one) => one.in === "query" && one.required === true);
    const query = required.map(({ name }) => `${name}=${encodeURIComponent(sampleText(name))}`);
    return `${URL_MARK}${filled}${query.length > 0 ? `?${query.join("&")}` : ""}`;
  }

  #curl(operation: Operation): string {
    const body = this.#examples.request(operation);
    const { method, open } = operation;
    const endless = ENDLESS.has(operation.id) ? "-N " : "";
    const lines = [
      `curl ${endless}${method === "GET" ? "" : `-X ${method} `}"${this.#address(operation)}"`,
      ...(open ? [] : ['-H "Authorization: Bearer $AMPS_KEY"']),
      ...(body === undefined ? [] : ["-H 'content-type: application/json'"]),
      ...(body === undefined
        ? []
        : [`-d '${JSON.stringify(body, null, 2).replaceAll("'", String.raw`'\''`)}'`]),
    ];
    return lines.join(" \\\n  ");
  }

  #plainNode(operation: Operation): string {
    const body = this.#examples.request(operation);
    const { method, open } = operation;
    const options = [
      ...(method === "GET" ? [] : [`  method: "${method}",`]),
      ...(open && body === undefined ? [] : ["  headers: {"]),
      ...(open ? [] : [texts.nodeKey]),
      ...(body === undefined ? [] : ['    "content-type": "application/json",']),
      ...(open && body === undefined ? [] : ["  },"]),
      ...(body === undefined ? [] : [`  body: JSON.stringify(${indent(javascript(body), 2)}),`]),
    ];
    const second = options.length === 0 ? "" : `, {\n${options.join("\n")}\n}`;
    const read = operation.answers.some(({ status, schema }) => status[0] === "2" && schema);
    const response = `${texts.nodeRequest}("${this.#address(operation)}"${second});`;
    if (ENDLESS.has(operation.id)) return `${response}\n${texts.nodeEndless}`;
    return read ? `${response}\nconst answer = await response.json();` : response;
  }

  #httpx(operation: Operation): string {
    const body = this.#examples.request(operation);
    const lines = [
      `"${this.#address(operation)}",`,
      ...(operation.open ? [] : [texts.pythonKey]),
      ...(body === undefined ? [] : [`json=${indent(python(body), 4)},`]),
    ];
    if (ENDLESS.has(operation.id)) {
      const start = `with httpx.stream(\n    "${operation.method}",\n    ${lines.join("\n    ")}\n`;
      return `import os\nimport httpx\n\n${start}${texts.pythonEndless}`;
    }
    const call = `response = httpx.${operation.method.toLowerCase()}(\n    ${lines.join("\n    ")}\n)`;
    return `import os\nimport httpx\n\n${call}`;
  }

  /** The values of the path, in its order: how every library takes them. */
  #pathValues({ path }: Operation): string[] {
    return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) =>
      JSON.stringify(sampleText(name)),
    );
  }

  #node(operation: Operation, call: string): string {
    const body = this.#examples.request(operation);
    const steps = call.split(".").map(camelCase).join(".");
    const values = this.#pathValues(operation);
    if (body !== undefined) {
      const properties = this.#schemas.resolve(operation.body ?? {}).properties ?? {};
      const text = javascript(body).replaceAll(
        /^( {2}(\w+): )("[^"]+")/gm,
        (all, start: string, name: string, value: string) =>
          isMoment(properties[name]) ? `${start}new Date(${value})` : all,
      );
      values.push(text);
    }
    return `${texts.nodeStart}${this.#assign(operation, "const ")}await svix.${steps}(${values.join(", ")});`;
  }

  #python(operation: Operation, call: string): string {
    const steps = call.split(".").map(snakeCase).join(".");
    const values = this.#pathValues(operation);
    const resolved = this.#schemas.resolve(operation.body ?? {});
    const title = resolved.title === undefined ? undefined : pythonModel(operation, resolved.title);
    const schema = { ...resolved, ...(title !== undefined && { title }) };
    const body = this.#examples.request(operation);
    if (isPlain(body) && schema.title !== undefined) values.push(this.#model(schema, body));
    const model = body === undefined || schema.title === undefined ? [] : [schema.title];
    const names = [...model, "Svix", "SvixOptions"];
    const usesTime = values.some((value) => value.includes("datetime."));
    const imports = `import os\n${usesTime ? "from datetime import datetime\n" : ""}`;
    const start = `${imports}from svix.api import ${names.join(", ")}\n${texts.pythonStart}`;
    const joined = values.join(", ");
    const text =
      joined.length > 60
        ? `\n    ${values.map((value) => indent(value, 4)).join(",\n    ")},\n`
        : joined;
    return `${start}${this.#assign(operation, "")}svix.${steps}(${text})`;
  }

  #model(schema: Schema, body: Record<string, unknown>): string {
    const fields = Object.entries(body).map(([name, value]) => {
      const text = isMoment(schema.properties?.[name])
        ? `datetime.fromisoformat(${JSON.stringify(value)})`
        : indent(python(value), 4);
      return `    ${snakeCase(name)}=${text},`;
    });
    if (fields.length === 0) return `${schema.title}()`;
    return `${schema.title}(\n${fields.join("\n")}\n)`;
  }

  /** What is answered gets a name; nothing does not. */
  #assign({ answers, path }: Operation, keyword: string): string {
    const found = answers.find(({ status, schema }) => status[0] === "2" && schema !== undefined);
    if (found?.schema === undefined) return "";
    const { title = "", $ref = "" } = found.schema;
    const named = (title || $ref).includes("ListResponse")
      ? "page"
      : path.endsWith("/msg")
        ? "message"
        : "answer";
    return `${keyword}${named} = `;
  }
}
