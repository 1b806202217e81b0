/** An event type while it is edited: text as people type it, and what of it is sent. */
import type { EventTypeOut } from "../../api/generated/paths.ts";
import type { EventTypeChange } from "./event-type-queries.ts";
import { inferSchema } from "./infer-schema.ts";

export interface EventTypeDraft {
  name: string;
  description: string;
  groupName: string;
  featureFlag: string;
  deprecated: boolean;
  /** JSON, without its examples. Empty: none. */
  schema: string;
  /** JSON. Empty: none. */
  example: string;
}

/** What examples are taken from; other versions are kept as they are. */
export const VERSION = "1";

const write = (value: unknown): string => JSON.stringify(value, null, 2);

export function schemaOf({ schemas }: EventTypeOut): Record<string, unknown> | undefined {
  const schema = schemas?.[VERSION];
  return typeof schema === "object" && schema !== null
    ? (schema as Record<string, unknown>)
    : undefined;
}

export function draftOf(eventType: EventTypeOut | undefined): EventTypeDraft {
  const { examples, ...schema } = (eventType && schemaOf(eventType)) ?? {};
  const first: unknown = Array.isArray(examples) ? examples[0] : undefined;
  return {
    name: eventType?.name ?? "",
    description: eventType?.description ?? "",
    groupName: eventType?.groupName ?? "",
    featureFlag: eventType?.featureFlags?.join(", ") ?? "",
    deprecated: eventType?.deprecated ?? false,
    schema: Object.keys(schema).length === 0 ? "" : write(schema),
    example: first === undefined ? "" : write(first),
  };
}

type Parsed = { ok: true; value: unknown } | { ok: false; problem: string };

function parse(text: string, what: string): Parsed {
  if (text.trim() === "") return { ok: true, value: undefined };
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { ok: false, problem: `${what} is not JSON: ${said}` };
  }
}

export interface DraftProblems {
  schema?: string | undefined;
  example?: string | undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function problemsOf({ schema, example }: EventTypeDraft): DraftProblems {
  const [parsed, sample] = [parse(schema, "The schema"), parse(example, "The example")];
  const wrong = parsed.ok && parsed.value !== undefined && !isObject(parsed.value);
  return {
    ...(!parsed.ok && { schema: parsed.problem }),
    ...(wrong && { schema: "A schema is a JSON object." }),
    ...(!sample.ok && { example: sample.problem }),
  };
}

/** Made from the example; undefined: there is none to make it from. */
export function schemaFromExample({ example }: EventTypeDraft): string | undefined {
  const parsed = parse(example, "");
  return parsed.ok && parsed.value !== undefined ? write(inferSchema(parsed.value)) : undefined;
}

function schemasOf(
  draft: EventTypeDraft,
  before: EventTypeOut | undefined,
): Record<string, unknown> | null {
  const [schema, example] = [parse(draft.schema, ""), parse(draft.example, "")];
  if (!schema.ok || !example.ok) return before?.schemas ?? null;
  const { [VERSION]: _, ...others } = before?.schemas ?? {};
  const old = before && schemaOf(before)?.["examples"];
  const rest: unknown[] = Array.isArray(old) ? old.slice(1) : [];
  const own = {
    ...(isObject(schema.value) && schema.value),
    ...(example.value !== undefined && { examples: [example.value, ...rest] }),
  };
  const all = Object.keys(own).length === 0 ? others : { ...others, [VERSION]: own };
  return Object.keys(all).length === 0 ? null : all;
}

/** Only what was changed: numbers that JavaScript cannot hold stay as they are unless the schema is touched. */
export function changeOf(draft: EventTypeDraft, before: EventTypeOut | undefined): EventTypeChange {
  const flags = draft.featureFlag
    .split(",")
    .map((flag) => flag.trim())
    .filter((flag) => flag !== "");
  const fields = {
    description: draft.description.trim(),
    groupName: draft.groupName.trim() === "" ? null : draft.groupName.trim(),
    featureFlags: flags.length === 0 ? null : flags,
    deprecated: draft.deprecated,
  };
  if (before === undefined) {
    const schemas = schemasOf(draft, undefined);
    return { kind: "create", body: { name: draft.name.trim(), ...fields, schemas } };
  }
  const was = draftOf(before);
  const isTouched = was.schema !== draft.schema || was.example !== draft.example;
  const body = { ...fields, ...(isTouched && { schemas: schemasOf(draft, before) }) };
  return { kind: "patch", name: before.name, body };
}
