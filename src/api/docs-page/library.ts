/** Which operations the `svix` libraries have, and what they call them; a test holds this against the library. */
import type { Operation } from "./document.ts";

/** Resource → its operations, as in operation ids; Amps's own are not among them. */
const OPERATIONS: Readonly<Record<string, string>> = {
  application: "create delete get list patch update",
  authentication: "app-portal-access expire-all logout",
  "background-task": "get list",
  endpoint:
    "bulk-replay create delete get get-headers get-secret get-stats list " +
    "patch patch-headers recover replay-missing rotate-secret send-example update update-headers",
  "event-type": "create delete get list patch update",
  health: "get",
  "message-attempt":
    "expunge-content get list-attempted-destinations list-attempted-messages list-by-endpoint list-by-msg resend",
  message: "bulk-expunge-content create expunge-all-contents expunge-content get list precheck",
  "operational-webhook.endpoint":
    "create delete get get-headers get-secret list rotate-secret update update-headers",
};
const KNOWN: ReadonlySet<string> = new Set(
  Object.entries(OPERATIONS).flatMap(([resource, names]) =>
    names.split(" ").map((name) => `v1.${resource}.${name}`),
  ),
);

/** Operations that the libraries name otherwise. */
const RENAMED: Readonly<Record<string, string>> = {
  "v1.application.update": "application.upsert",
  "v1.endpoint.update": "endpoint.upsert",
  "v1.endpoint.update-headers": "endpoint.set-headers",
  "v1.event-type.update": "event-type.upsert",
  "v1.operational-webhook.endpoint.update": "operational-webhook.endpoint.upsert",
  "v1.operational-webhook.endpoint.update-headers": "operational-webhook.endpoint.set-headers",
};

/** `endpoint.get-secret`, or undefined where plain HTTP is the way. */
export function libraryCall({ id }: Operation): string | undefined {
  return KNOWN.has(id) ? (RENAMED[id] ?? id.slice("v1.".length)) : undefined;
}

/** Bodies that the Python library calls otherwise. */
const PYTHON_MODELS: Readonly<Record<string, string>> = {
  EndpointUpdate: "EndpointUpsertIn",
  EventTypeUpdate: "EventTypeUpsertIn",
};
const PYTHON_OPERATIONAL: Readonly<Record<string, string>> = {
  EndpointIn: "OperationalWebhookEndpointIn",
  EndpointUpdate: "OperationalWebhookEndpointUpsertIn",
  EndpointHeadersIn: "OperationalWebhookEndpointHeadersIn",
  EndpointSecretRotateIn: "OperationalWebhookEndpointSecretIn",
};

export function pythonModel({ id }: Operation, title: string): string {
  const names = id.startsWith("v1.operational-webhook.") ? PYTHON_OPERATIONAL : PYTHON_MODELS;
  return names[title] ?? title;
}
