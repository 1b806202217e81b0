/** The two events of a push and their JSON Schemas with examples, exactly as `contract.md` §5 has them. */

export interface PushEventType {
  name: "push.completed" | "push.failed";
  description: string;
  /** Version → JSON Schema (draft 2020-12). */
  schemas: Record<string, object>;
}

const quantity = {
  type: "object",
  properties: { value: { type: "number" }, unit: { type: "string", enum: ["percent", "kw"] } },
  required: ["value", "unit"],
};

const shared = {
  actionId: { type: "string", description: "The action, `act_…`." },
  deviceId: { type: "string", description: "The battery, `dev_…`." },
  actionType: { type: "string", const: "battery:set_operation_mode" },
  parameters: {
    type: "object",
    description: "The action as it was pushed.",
    properties: {
      mode: {
        type: "string",
        enum: ["charge", "discharge", "idle", "auto.balanced", "auto.reserve", "auto.export"],
      },
      target: quantity,
      power: quantity,
      reserve: quantity,
    },
    required: ["mode"],
  },
};

const time = { type: "string", format: "date-time", description: "UTC with milliseconds." };

const example = {
  actionId: "act_2tqVn7Yc4mJx8rLwKzB5dHf1sGp",
  deviceId: "dev_2tqVjQ0eR6uTy3oPaSdFgHjKlZx",
  actionType: "battery:set_operation_mode",
  parameters: {
    mode: "charge",
    target: { value: 90, unit: "percent" },
    power: { value: 3, unit: "kw" },
  },
};

export const PUSH_EVENT_TYPES: readonly PushEventType[] = [
  {
    name: "push.completed",
    description: "The battery, or its vendor, confirmed the pushed action.",
    schemas: {
      "1": {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        title: "push.completed",
        description: "Route on `result`: only this event has it.",
        type: "object",
        properties: {
          ...shared,
          result: {
            type: "object",
            properties: { success: { const: true }, message: { type: "string" } },
            required: ["success", "message"],
          },
          completedAt: time,
        },
        required: ["actionId", "deviceId", "actionType", "parameters", "result", "completedAt"],
        examples: [
          {
            ...example,
            result: { success: true, message: "Mode applied" },
            completedAt: "2026-05-08T22:00:05.000Z",
          },
        ],
      },
    },
  },
  {
    name: "push.failed",
    description: "The pushed action failed; `error` says why.",
    schemas: {
      "1": {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        title: "push.failed",
        description: "Route on `error`: this event has no `result`.",
        type: "object",
        properties: {
          ...shared,
          error: {
            type: "object",
            properties: {
              code: {
                type: "string",
                description:
                  "Stable, e.g. DEVICE_OFFLINE, SCHEDULER_ACTIVE, DEVICE_REJECTED, OUTCOME_UNKNOWN.",
              },
              message: { type: "string" },
            },
            required: ["code", "message"],
          },
          failedAt: time,
        },
        required: ["actionId", "deviceId", "actionType", "parameters", "error", "failedAt"],
        not: { required: ["result"] },
        examples: [
          {
            ...example,
            error: {
              code: "SCHEDULER_ACTIVE",
              message: "The battery follows a schedule of its own.",
            },
            failedAt: "2026-05-08T22:00:05.000Z",
          },
        ],
      },
    },
  },
];
