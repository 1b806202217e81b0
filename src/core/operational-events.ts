/** What operational webhooks tell (`svix-api.md` §10): the event types that may be asked for. */

export const OPERATIONAL_EVENT_TYPES: readonly string[] = [
  "background_task.finished",
  "endpoint.created",
  "endpoint.deleted",
  "endpoint.disabled",
  "endpoint.enabled",
  "endpoint.failing",
  "endpoint.updated",
  "message.attempt.exhausted",
  "message.attempt.failing",
  "message.attempt.recovered",
];
