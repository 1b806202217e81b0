/**
 * Checks requests against the schemas beside the routes. Bodies are never coerced: `"true"` is not a
 * boolean. Query strings are text, so each parameter is read as its schema says, arrays in the three
 * forms clients use (`a=1&a=2`, `a[]=1`, `a=1,2`).
 */
import type { FastifySchemaCompiler } from "fastify";
import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { type ApiError, invalid, type InvalidItem } from "./errors.ts";

interface SchemaProblem {
  keyword: string;
  instancePath: string;
  params: object;
  message: string;
}

/** `["body", "eventTypes", "[0]"]` from `/eventTypes/0`. */
function locOf(part: string, instancePath: string): string[] {
  const steps = instancePath
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  return [part, ...steps.map((step) => (/^\d+$/.test(step) ? `[${step}]` : step))];
}

function listParam(params: object, key: string): string[] {
  const value = (params as Record<string, unknown>)[key];
  return Array.isArray(value) ? value.map(String) : [];
}

function itemsOf(part: string, problem: SchemaProblem): InvalidItem[] {
  const loc = locOf(part, problem.instancePath);
  const { keyword, params } = problem;
  if (keyword === "required") {
    return listParam(params, "requiredProperties").map((field) => ({
      loc: [...loc, field],
      msg: `${field} is required.`,
      type: "value_error.missing",
    }));
  }
  if (keyword === "additionalProperties") {
    return listParam(params, "additionalProperties").map((field) => ({
      loc: [...loc, field],
      msg: `${field} is not a known field.`,
      type: "value_error.unknown",
    }));
  }
  // The plain consequence of an unknown field, reported by itself.
  if (keyword === "boolean") return [];
  const allowed = listParam(params, "allowedValues");
  const field = loc.length === 1 ? `The ${part}` : loc.slice(1).join(".");
  const msg =
    allowed.length > 0
      ? `${field} must be one of ${allowed.join(", ")}.`
      : `${field} ${problem.message}.`;
  const type = keyword === "type" ? "value_error.jsondecode" : "value_error";
  return [{ loc, msg, type }];
}

type Validator = { Check(value: unknown): boolean; Errors(value: unknown): SchemaProblem[] };

function compile(schema: TSchema): Validator {
  return Compile(schema) as Validator;
}

function problemsOf(part: string, validator: Validator, value: unknown): ApiError {
  return invalid(validator.Errors(value).flatMap((problem) => itemsOf(part, problem)));
}

const DATE_TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** RFC 3339 with zone → Unix milliseconds; undefined for anything else. */
export function parseDateTime(value: string): number | undefined {
  if (!DATE_TIME.test(value)) return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}

interface ParameterSchema {
  type: string | string[];
  format?: string;
  items?: ParameterSchema;
}

/** The text of one parameter as the value its schema means; unreadable text stays text. */
function readParameter(raw: string, schema: ParameterSchema): unknown {
  if (schema.type === "integer" && /^-?\d{1,15}$/.test(raw)) return Number(raw);
  if (schema.type === "number" && /^-?\d{1,15}(?:\.\d{1,15})?$/.test(raw)) return Number(raw);
  if (schema.type === "boolean" && raw === "true") return true;
  if (schema.type === "boolean" && raw === "false") return false;
  return raw;
}

function splitList(values: string[]): string[] {
  return values.flatMap((value) => value.split(",")).filter((value) => value !== "");
}

type QueryReader = (query: Record<string, unknown>) => { value: object } | { error: ApiError };

/** `a`, `a[]` and `a[0]` are one parameter. */
function groupByName(query: Record<string, unknown>): Map<string, string[]> {
  const grouped = new Map<string, string[]>();
  for (const [key, raw] of Object.entries(query)) {
    const parameter = key.replace(/\[\d{0,4}\]$/, "");
    const values = Array.isArray(raw) ? raw.map(String) : [String(raw)];
    grouped.set(parameter, [...(grouped.get(parameter) ?? []), ...values]);
  }
  return grouped;
}

function queryReader(schema: TSchema): QueryReader {
  const validator = compile(schema);
  const { properties } = schema as { properties?: Record<string, ParameterSchema> };
  const known = properties ?? {};
  const read: QueryReader = (query) => {
    const value: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    const items: InvalidItem[] = [];
    for (const [parameter, values] of groupByName(query)) {
      const own = Object.hasOwn(known, parameter) ? known[parameter] : undefined;
      const loc = ["query", parameter];
      // PostgreSQL has no such text, so nothing can be found by it.
      if (values.some((raw) => raw.includes("\0"))) {
        items.push({ loc, msg: `${parameter} has a zero byte.`, type: "value_error" });
        continue;
      }
      if (own === undefined) {
        value[parameter] = values[0];
      } else if (own.type === "array") {
        const item = own.items ?? { type: "string" };
        value[parameter] = splitList(values).map((raw) => readParameter(raw, item));
      } else if (values.length > 1) {
        items.push({ loc, msg: `${parameter} is given more than once.`, type: "value_error" });
      } else {
        const [raw = ""] = values;
        value[parameter] = readParameter(raw, own);
        if (own.format === "date-time" && parseDateTime(raw) === undefined) {
          const form = "a date and time with its zone, such as 2026-01-31T08:00:00Z";
          items.push({ loc, msg: `${parameter} must be ${form}.`, type: "value_error" });
        }
      }
    }
    if (items.length === 0 && validator.Check(value)) return { value };
    const found = validator.Errors(value).flatMap((problem) => itemsOf("query", problem));
    return { error: invalid([...items, ...found]) };
  };
  // Most requests have none.
  const none = read({});
  return (query) => (Object.keys(query).length === 0 && "value" in none ? none : read(query));
}

/** Fastify's validator compiler: refusals are `ApiError`s of status 422 with an item per problem. */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  // Path parameters are looked up; what is not found is 404, however it is spelt.
  if (httpPart === "params") return () => true;
  if (httpPart === "querystring") return queryReader(schema);
  const validator = compile(schema);
  const part = httpPart ?? "body";
  return (value: unknown) =>
    validator.Check(value) ? true : { error: problemsOf(part, validator, value) };
};
