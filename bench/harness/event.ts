/** The event that everything is measured with: a `push.completed` of some 350 bytes. */
export const EVENT_TYPE = "push.completed";

export const EVENT_BODY = JSON.stringify({
  actionId: "act_2tqVn7Yc4mJx8rLwKzB5dHf1sGp",
  deviceId: "dev_2tqVjQ0eR6uTy3oPaSdFgHjKlZx",
  actionType: "battery:set_operation_mode",
  parameters: {
    mode: "charge",
    target: { value: 90, unit: "percent" },
    power: { value: 3, unit: "kw" },
    reserve: { value: 20, unit: "percent" },
  },
  result: { success: true, message: "Mode applied" },
  completedAt: "2026-05-08T22:00:05.000Z",
});

/** The body of `POST …/msg` that publishes it. */
export function publishBody(channel?: string): string {
  const channels = channel === undefined ? "" : `,"channels":["${channel}"]`;
  return `{"eventType":"${EVENT_TYPE}"${channels},"payload":${EVENT_BODY}}`;
}

/** The body of `POST /battery/{id}` that leads to such an event at once. */
export const PUSH_BODY = JSON.stringify({
  action: {
    command: "charge",
    parameters: { target: { value: 90, unit: "percent" }, power: { value: 3, unit: "kw" } },
  },
  sandbox: { outcome: "completed", delay: "0s" },
});
