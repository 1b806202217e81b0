/** Example values for schemas: what stands in them, else what a field of that name usually holds. */
import type { Operation, Schema, Schemas } from "./document.ts";

const MOMENT = "2026-05-08T22:00:05.000Z";
const SUFFIX = "2tqVn7Yc4mJx8rLwKzB5dHf1sGp";
const DEPTH_MAX = 8;

/** Of path parameters and of fields, by name. The application `default` always exists. */
export const NAMED: Readonly<Record<string, unknown>> = {
  app_id: "default",
  endpoint_id: `ep_${SUFFIX}`,
  msg_id: `msg_${SUFFIX}`,
  attempt_id: `atmpt_${SUFFIX}`,
  issue_id: `iss_${SUFFIX}`,
  key_id: `key_${SUFFIX}`,
  task_id: `qtask_${SUFFIX}`,
  event_type_name: "push.completed",
  deviceId: `dev_${SUFFIX}`,
  actionId: `act_${SUFFIX}`,
  appId: `app_${SUFFIX}`,
  endpointId: `ep_${SUFFIX}`,
  msgId: `msg_${SUFFIX}`,
  iterator: `ep_${SUFFIX}`,
  prevIterator: `-ep_${SUFFIX}`,
  done: true,
  name: "Home batteries",
  uid: "home-batteries",
  description: "Books finished actions",
  eventType: "push.completed",
  eventTypes: ["push.completed", "push.failed"],
  eventId: "act-4711-completed",
  url: "https://example.com/webhooks",
  payload: { actionId: `act_${SUFFIX}`, result: { success: true } },
  headers: { "X-Tenant": "north" },
  metadata: { team: "trading" },
  ids: [`msg_${SUFFIX}`],
  since: "2026-05-01T00:00:00.000Z",
  timestamp: MOMENT,
  requestId: "req_9f2c01a7b3d4000001",
  environment: "sandbox",
  latencyMs: 4,
  response: "ok",
  responseStatusCode: 200,
  responseDurationMs: 41,
  status: 0,
  statusText: "success",
  disabled: false,
  responseTruncated: false,
  archived: false,
  deprecated: false,
  version: 1,
  results: { [`msg_${SUFFIX}`]: "expunged" },
  deviceType: "battery",
  userId: "user-17",
  completedAt: MOMENT,
  value: 80,
  unit: "percent",
  total: 128,
  commands: {
    charge: {
      parameters: { target: { units: ["percent"], min: 0, max: 100, default: 100 } },
      executions: ["now"],
    },
  },
  settings: {},
  conflictStrategies: [],
  errorCode: null,
  key: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
  token: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhcHBf….signature",
  code: "not_found",
  detail: "There is no such endpoint.",
  messagesSent: 1500,
  progress: 0.42,
  soc: { value: 63, unit: "percent" },
  power: { value: 4.2, unit: "kw" },
  mode: "charge",
  reachable: true,
  units: ["percent"],
  success: true,
  message: "Mode applied",
  updated: ["reserve"],
  self: `/actions/act_${SUFFIX}`,
  schemas: {
    "1": {
      type: "object",
      properties: { actionId: { type: "string" } },
      examples: [{ actionId: "act_1" }],
    },
  },
  sensitive: ["Authorization"],
};

/** What a first request of this body sends beside what it must. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  ApplicationIn: ["uid"],
  ApplicationPatch: ["metadata"],
  EndpointIn: ["description", "eventTypes"],
  EndpointUpdate: ["description", "eventTypes"],
  EndpointPatch: ["disabled"],
  EndpointHeadersPatchIn: ["headers"],
  EventTypeIn: ["schemas"],
  EventTypeUpdate: ["schemas"],
  EventTypePatch: ["description"],
  MessageIn: ["eventId", "payload"],
  DashboardLoginIn: ["password"],
};

function typeOf(schema: Schema): string | undefined {
  return Array.isArray(schema.type) ? schema.type[0] : schema.type;
}

function isNullable(schema: Schema): boolean {
  return Array.isArray(schema.type) && schema.type.includes("null");
}

function fits(value: unknown, type: string | undefined): boolean {
  if (type === undefined) return true;
  if (type === "integer" || type === "number") return typeof value === "number";
  if (type === "array") return Array.isArray(value);
  return typeof value === type && !Array.isArray(value);
}

/** What the schema itself says; undefined when it says nothing. */
function stated(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const;
  return schema.examples?.[0];
}

function plainValue(schema: Schema, type: string | undefined): unknown {
  if (schema.default !== undefined) return schema.default;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.format === "date-time" || schema.description?.includes("UTC")) return MOMENT;
  if (type === "boolean") return false;
  if (type === "integer" || type === "number") return schema.minimum ?? 0;
  return type === "string" ? "…" : {};
}

/** These have event types of their own. */
const OPERATIONAL = "v1.operational-webhook.";
const OPERATIONAL_TYPES = ["endpoint.disabled", "message.attempt.exhausted"];

export function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export class Examples {
  readonly #schemas: Schemas;

  constructor(schemas: Schemas) {
    this.#schemas = schemas;
  }

  /** A body to send: what is required, and what one usually says; undefined without one. */
  request({ id, body }: Operation): unknown {
    if (body === undefined) return undefined;
    const made = this.#request(this.#schemas.resolve(body));
    return id.startsWith(OPERATIONAL) && isPlain(made) && "eventTypes" in made
      ? { ...made, description: "Tells the people on call", eventTypes: OPERATIONAL_TYPES }
      : made;
  }

  #request(resolved: Schema): unknown {
    if (stated(resolved) !== undefined) return stated(resolved);
    const shown = SHOWN[resolved.title ?? ""] ?? [];
    const names = [...(resolved.required ?? []), ...shown];
    return this.#members(resolved, 0, names);
  }

  /** A body as it is answered: every field. */
  response(schema: Schema): unknown {
    return this.#value(schema, "", 0);
  }

  #value(given: Schema, name: string, depth: number): unknown {
    const schema = this.#schemas.resolve(given);
    const said = stated(schema);
    if (said !== undefined) return said;
    if (depth > DEPTH_MAX) return {};
    const first = schema.anyOf?.find((option) => option.type !== "null");
    if (first !== undefined) return this.#value(first, name, depth);
    const type = typeOf(schema);
    const known = NAMED[name];
    const structured = schema.properties !== undefined && Object.keys(schema.properties).length > 0;
    if (known !== undefined && fits(known, type)) return known;
    if (isNullable(schema) && schema.enum === undefined) return null;
    if (structured) return this.#members(schema, depth);
    if (type === "array") return schema.items ? [this.#value(schema.items, "", depth + 1)] : [];
    return plainValue(schema, type);
  }

  #members(schema: Schema, depth: number, names?: readonly string[]): Record<string, unknown> {
    const properties = Object.entries(schema.properties ?? {});
    const chosen = properties.filter(([key, inner]) =>
      names === undefined ? inner.deprecated !== true : names.includes(key),
    );
    return Object.fromEntries(
      chosen.map(([key, inner]) => [key, this.#value(inner, key, depth + 1)]),
    );
  }
}
