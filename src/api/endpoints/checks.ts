/** What an endpoint may be, beyond its schema: where it points, what it asks for, how it signs. */
import type { FastifyRequest } from "fastify";
import { checkCustomHeaders } from "../../core/custom-headers.ts";
import { checkEndpointUrl, type Credentials } from "../../core/endpoint-url.ts";
import { formatSecret } from "../../core/signature.ts";
import {
  formatPrivateKey,
  parseSigningSecret,
  SEED_BYTES,
  type SecretType,
} from "../../core/signing-secret.ts";
import { findUnknownEventTypes } from "../../storage/event-types/find-unknown-event-types.ts";
import type { ApiDeps } from "../deps.ts";
import { invalidAt } from "../errors.ts";
import { flagsOf, identityOf } from "../request.ts";

const SECRET_BYTES = 24;

/** The URL as it is stored and sent. @throws 422 */
export function checkUrl(
  deps: ApiDeps,
  raw: string,
): { url: string; credentials: Credentials | null } {
  const result = checkEndpointUrl(raw, {
    allow: deps.egressAllow,
    httpsRequired: deps.httpsRequired,
    ownAddresses: deps.ownAddresses(),
  });
  if (!result.ok) throw invalidAt(["body", "url"], result.message, result.type);
  return { url: result.url, credentials: result.credentials ?? null };
}

/** @throws 422 naming the event types that do not exist */
export async function checkEventTypes(
  deps: ApiDeps,
  request: FastifyRequest,
  names: string[] | null | undefined,
): Promise<void> {
  if (names === null || names === undefined) return;
  const { environmentId } = identityOf(request);
  const flags = flagsOf(request);
  const unknown = await findUnknownEventTypes(deps.storage, environmentId, names, flags);
  if (unknown.length === 0) return;
  const msg = `These event types do not exist: ${unknown.join(", ")}. Create them first.`;
  throw invalidAt(["body", "eventTypes"], msg);
}

interface AskedSecret {
  field: "secret" | "key";
  given: string | null | undefined;
  /** Of a secret that is made; what is given must be of it. */
  type: SecretType | null | undefined;
}

/** The secret as given, or a new one of `typeOfNew` unless the caller says which. @throws 422 */
export async function checkSecret(
  deps: ApiDeps,
  { field, given, type }: AskedSecret,
  typeOfNew: () => SecretType | Promise<SecretType>,
): Promise<string> {
  if (given === null || given === undefined) {
    const made = type ?? (await typeOfNew());
    if (made === "ed25519") return formatPrivateKey(deps.random(SEED_BYTES));
    return formatSecret(deps.random(SECRET_BYTES));
  }
  const parsed = parseSigningSecret(given);
  if (!parsed.ok) throw invalidAt(["body", field], parsed.message, "secret.invalid");
  if (type === null || type === undefined || type === parsed.type) return given;
  const message = `${field} is of the type ${parsed.type}; leave secretType out, or say so.`;
  throw invalidAt(["body", "secretType"], message, "secret.invalid");
}

/** @throws 422 naming the header at fault */
export function checkHeaders(headers: Record<string, string>): Record<string, string> {
  const result = checkCustomHeaders(headers);
  if (result.ok) return result.headers;
  const loc = ["body", "headers", ...(result.name === undefined ? [] : [result.name])];
  throw invalidAt(loc, result.message, result.type);
}
