/**
 * What the battery API takes and answers. Bodies and queries are checked against these schemas, and
 * `openapi.json` is made from them; what depends on the battery is checked in `read-push.ts`.
 */
import { Type, type TSchema } from "typebox";
import { dateTime } from "../api/schemas.ts";
import { ACTION_STATES, ACTION_TYPE, COMMANDS } from "../core/action.ts";

const PAGE_MAX = 250;
const PAGE_DEFAULT = 50;
/** Rows before the page are read and thrown away. */
const OFFSET_MAX = 100_000;

function oneOf<const T extends string>(...values: T[]): TSchema & { enum: T[] } {
  return { ...Type.Unsafe<T>({ type: "string" }), enum: values };
}

function closed(properties: Record<string, TSchema>, options: object = {}): TSchema {
  return Type.Object(properties, { additionalProperties: false, ...options });
}

function orNull(schema: TSchema): TSchema {
  return Type.Union([schema, Type.Null()]);
}

const instant = Type.String({ format: "date-time", description: "UTC with milliseconds." });
const id = (prefix: string): TSchema =>
  Type.String({
    description: `Starts with ${prefix}.`,
    examples: [`${prefix}2tqVn7Yc4mJx8rLwKzB5dHf1sGp`],
  });

const Quantity = closed(
  { value: Type.Number(), unit: Type.String({ maxLength: 64, examples: ["percent", "kw"] }) },
  { title: "Quantity" },
);

const Sandbox = closed(
  {
    outcome: oneOf("completed", "failed"),
    errorCode: Type.Optional(
      Type.String({
        pattern: "^[A-Z][A-Z0-9_]{0,63}$",
        description: "Only with outcome failed; DEVICE_REJECTED unless given.",
      }),
    ),
    delay: Type.Optional(
      Type.String({ maxLength: 20, description: "Simulated time, such as 2s.", examples: ["2s"] }),
    ),
  },
  { title: "Sandbox", description: "Forces the end of the action. Ignored in live." },
);

export const PushBody = closed(
  {
    action: closed({
      command: Type.String({ maxLength: 64, examples: [...COMMANDS] }),
      parameters: Type.Optional(
        Type.Object(
          {
            target: Type.Optional(Quantity),
            power: Type.Optional(Quantity),
            reserve: Type.Optional(Quantity),
          },
          { additionalProperties: Quantity, description: "As `capabilities.commands` names them." },
        ),
      ),
      start: Type.Optional(
        Type.String({ maxLength: 64, description: "ISO 8601 with zone, or relative such as 30m." }),
      ),
      end: Type.Optional(
        Type.String({ maxLength: 64, description: "As start; relative: from the start." }),
      ),
    }),
    onConflict: Type.Optional(oneOf("cancel_and_replace", "queue_after")),
    sandbox: Type.Optional(Sandbox),
  },
  {
    title: "PushIn",
    examples: [
      { action: { command: "charge", parameters: { target: { value: 90, unit: "percent" } } } },
    ],
  },
);

export const SettingsBody = Type.Object(
  {},
  {
    additionalProperties: true,
    title: "SettingsIn",
    description: "Setting → new value.",
    examples: [{ reserve: 20 }],
  },
);

const offset = Type.Optional(Type.Integer({ minimum: 0, maximum: OFFSET_MAX, default: 0 }));
const limit = Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE_MAX, default: PAGE_DEFAULT }));

export interface PageQuery {
  offset?: number;
  limit?: number;
}

export function pageOf(query: PageQuery): { offset: number; limit: number } {
  return { offset: query.offset ?? 0, limit: query.limit ?? PAGE_DEFAULT };
}

export const PageQuerySchema = closed({ offset, limit });
const made = {
  after: Type.Optional({ ...dateTime, description: "Pushed at this time or later." }),
  before: Type.Optional({ ...dateTime, description: "Pushed before this time." }),
};
export const ActionsQuerySchema = closed({
  offset,
  limit,
  state: Type.Optional(oneOf(...ACTION_STATES)),
  deviceId: Type.Optional(Type.String({ maxLength: 256 })),
  deviceType: Type.Optional(Type.String({ maxLength: 64 })),
  userId: Type.Optional(Type.String({ maxLength: 256 })),
  ...made,
});
export const DeviceActionsQuerySchema = closed({
  offset,
  limit,
  state: Type.Optional(oneOf(...ACTION_STATES)),
  ...made,
});
export const BatteryQuerySchema = closed({
  expedite: Type.Optional({
    ...oneOf("", "true", "false", "1", "0"),
    description: "Read the battery now, even where a reading costs.",
  }),
});
export const NoQuerySchema = closed({});
export const DeviceParams = Type.Object({ deviceId: id("dev_") });
export const ActionParams = Type.Object({ actionId: id("act_") });

export const ActionOut = Type.Object(
  {
    id: id("act_"),
    deviceId: id("dev_"),
    deviceType: Type.String(),
    actionType: oneOf(ACTION_TYPE),
    command: oneOf(...COMMANDS),
    parameters: Type.Record(Type.String(), Quantity),
    state: oneOf(...ACTION_STATES),
    result: orNull(Type.Object({ success: Type.Boolean(), message: Type.String() })),
    errorCode: orNull(Type.String()),
    errorMessage: orNull(Type.String()),
    createdAt: instant,
    updatedAt: instant,
    acknowledgedAt: orNull(instant),
    completedAt: orNull(instant),
    start: orNull(instant),
    end: orNull(instant),
    links: Type.Object({ self: Type.String() }),
  },
  { title: "ActionOut" },
);

const Range = Type.Object({
  units: Type.Array(Type.String()),
  min: Type.Number(),
  max: Type.Number(),
  default: Type.Number(),
});
const Capabilities = Type.Object(
  {
    commands: Type.Record(
      Type.String(),
      Type.Object({
        parameters: Type.Record(Type.String(), Range),
        executions: Type.Array(Type.String()),
      }),
    ),
    settings: Type.Record(Type.String(), Type.Unknown()),
    conflictStrategies: Type.Array(Type.String()),
  },
  { title: "Capabilities" },
);

export const BatteryOut = Type.Object(
  {
    id: id("dev_"),
    deviceId: id("dev_"),
    deviceType: Type.String(),
    name: Type.String(),
    userId: orNull(Type.String()),
    reachable: orNull(Type.Boolean({ description: "Null: it was not asked for this response." })),
    state: orNull(
      Type.Object(
        {
          soc: Quantity,
          power: Quantity,
          mode: Type.String(),
          target: Type.Optional(Quantity),
          powerLimit: Type.Optional(Quantity),
          reserve: Type.Optional(Quantity),
          observedAt: instant,
        },
        { description: "Last known. Power: + = charge." },
      ),
    ),
    capabilities: Capabilities,
    lastAction: orNull(ActionOut),
    createdAt: instant,
    links: Type.Object({ self: Type.String() }),
  },
  { title: "BatteryOut" },
);

export const SettingsOut = Type.Object(
  { deviceId: id("dev_"), updated: Type.Array(Type.String()) },
  { title: "SettingsOut" },
);

const metaProperties = {
  requestId: Type.String(),
  environment: orNull(oneOf("sandbox", "live")),
  timestamp: instant,
  latencyMs: Type.Integer(),
};
const Meta = Type.Object(metaProperties, { title: "Meta" });
const PageMeta = Type.Object(
  {
    ...metaProperties,
    pagination: Type.Object({
      offset: Type.Integer(),
      limit: Type.Integer(),
      total: orNull(Type.Integer({ description: "Null: more than are counted." })),
      hasMore: Type.Boolean(),
    }),
  },
  { title: "PageMeta" },
);

const Refused = Type.Object(
  {
    success: Type.Literal(false),
    error: Type.Object({
      code: Type.String(),
      message: Type.String(),
      details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    }),
    meta: Meta,
  },
  { title: "RefusalOut" },
);

/** Responses of a route that answers `status` with one resource. */
export function answers(status: number, data: TSchema): Record<string, TSchema> {
  const success = Type.Object({ success: Type.Literal(true), data, meta: Meta });
  return { [status]: success, "4xx": Refused, "5xx": Refused };
}

/** Responses of a list. */
export function answersPage(item: TSchema): Record<string, TSchema> {
  const data = Type.Array(item);
  const success = Type.Object({ success: Type.Literal(true), data, meta: PageMeta });
  return { 200: success, "4xx": Refused, "5xx": Refused };
}
