/** A JSON Schema as people read it: fields with types and meanings. Whatever cannot be read so is left to its JSON. */
import type { ReactNode } from "react";
import { ChevronRight } from "lucide-react";
import { WithCode } from "../ui/with-code.tsx";

export type JsonSchema = Record<string, unknown>;

const DEPTH_MAX = 12;

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];

function typeOf(schema: JsonSchema): string {
  const { type, format, items, const: only } = schema;
  if (only !== undefined) return JSON.stringify(only);
  if (type === "array") return isObject(items) ? `${typeOf(items)}[]` : "array";
  const base = typeof type === "string" ? type : texts(type).join(" or ");
  if (typeof format === "string") return base === "" ? format : `${base}, ${format}`;
  if (base !== "") return base;
  if (typeof schema["$ref"] === "string") return schema["$ref"];
  return isObject(schema["properties"]) ? "object" : "any";
}

const LIMITS: readonly (readonly [string, string])[] = [
  ["minimum", "≥"],
  ["exclusiveMinimum", ">"],
  ["maximum", "≤"],
  ["exclusiveMaximum", "<"],
  ["minLength", "length ≥"],
  ["maxLength", "length ≤"],
  ["minItems", "items ≥"],
  ["maxItems", "items ≤"],
  ["pattern", "matches"],
];

function limitsOf(schema: JsonSchema): string {
  return LIMITS.filter(([key]) => schema[key] !== undefined)
    .map(([key, sign]) => `${sign} ${String(schema[key])}`)
    .join(", ");
}

/** What is below a field: its own fields, or those of its items. */
function below(schema: JsonSchema): JsonSchema | undefined {
  if (isObject(schema["properties"])) return schema;
  const { items } = schema;
  return isObject(items) ? below(items) : undefined;
}

interface FieldRowProps {
  name: string;
  schema: JsonSchema;
  required: boolean;
  depth: number;
}

function FieldHead({ name, schema, required }: Omit<FieldRowProps, "depth">): ReactNode {
  const { description, enum: choices } = schema;
  const limits = limitsOf(schema);
  return (
    <span className="min-w-0 flex-1">
      <span className="flex flex-wrap items-baseline gap-x-2">
        <code className="font-mono text-xs font-medium">{name}</code>
        <span className="text-xs text-faint">{typeOf(schema)}</span>
        {!required && <span className="text-2xs text-faint italic">optional</span>}
      </span>
      {typeof description === "string" && (
        <span className="block text-xs text-muted">
          <WithCode text={description} />
        </span>
      )}
      {Array.isArray(choices) && (
        <span className="mt-1 flex flex-wrap gap-1">
          {choices.map((choice: unknown) => (
            <code
              key={JSON.stringify(choice)}
              className="rounded bg-sunken px-1 font-mono text-2xs text-muted"
            >
              {JSON.stringify(choice)}
            </code>
          ))}
        </span>
      )}
      {limits !== "" && <span className="block font-mono text-2xs text-faint">{limits}</span>}
    </span>
  );
}

function FieldRow({ name, schema, required, depth }: FieldRowProps): ReactNode {
  const inner = below(schema);
  const head = <FieldHead name={name} schema={schema} required={required} />;
  if (inner === undefined || depth >= DEPTH_MAX) return <div className="py-1.5 pl-5">{head}</div>;
  return (
    <details open={depth < 1} className="group">
      <summary className="flex cursor-pointer list-none items-start gap-1.5 rounded-md py-1.5 hover:bg-hover">
        <ChevronRight
          className="mt-0.5 size-3.5 shrink-0 text-faint transition-transform [details[open]>summary>&]:rotate-90"
          aria-hidden
        />
        {head}
      </summary>
      <div className="ml-1.5 border-l border-line pl-3">
        <FieldRows schema={inner} depth={depth + 1} />
      </div>
    </details>
  );
}

function FieldRows({ schema, depth }: { schema: JsonSchema; depth: number }): ReactNode {
  const { properties } = schema;
  const required = new Set(texts(schema["required"]));
  return Object.entries(isObject(properties) ? properties : {}).map(([name, field]) => (
    <FieldRow
      key={name}
      name={name}
      schema={isObject(field) ? field : {}}
      required={required.has(name)}
      depth={depth}
    />
  ));
}

export function hasFields(schema: JsonSchema): boolean {
  return isObject(schema["properties"]) && Object.keys(schema["properties"]).length > 0;
}

export function SchemaTree({ schema }: { schema: JsonSchema }): ReactNode {
  return (
    <div className="-my-1.5 divide-y divide-line">
      <FieldRows schema={schema} depth={0} />
    </div>
  );
}
