/** The headers of one attempt, there and back (`svix-api.md` §8.6). */
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { isSensitiveHeader } from "../../core/custom-headers.ts";
import { sentHeaders, userAgentOf } from "../../core/sent-headers.ts";
import { readExchange, type StoredExchange } from "../../storage/attempts/read-exchange.ts";
import type { ApiDeps } from "../deps.ts";
import { notFound } from "../errors.ts";
import { pathName } from "../request.ts";
import { answers, dateTime, nullable } from "../schemas.ts";
import type { MessagePath, Scope } from "../scope.ts";

const AttemptHeadersOut = Type.Object(
  {
    sentHeaders: Type.Unsafe<Record<string, string>>({
      type: "object",
      additionalProperties: { type: "string" },
      examples: [{ host: "example.com", "svix-id": "msg_2tqVn7Yc4mJx8rLwKzB5dHf1sGp" }],
      description:
        "Signature and timestamp are the attempt's; the endpoint's own headers are those it has now. " +
        "Empty when nothing was sent.",
    }),
    responseHeaders: Type.Array(
      Type.Unsafe<[string, string]>({
        type: "array",
        items: { type: "string" },
        minItems: 2,
        maxItems: 2,
        examples: [["content-type", "application/json"]],
      }),
      { description: "Name and value, as received; repeated names are repeated." },
    ),
    sensitive: Type.Array(Type.String(), {
      description: "Names of headers that were sent too, and whose values are never shown.",
    }),
    endpointChangedAt: nullable({
      ...dateTime,
      description:
        "Amps's own: the endpoint was changed after the attempt, so its own headers may have been others.",
    }),
  },
  { title: "AttemptHeadersOut" },
);

/** As the HTTP client frames it, in its order. */
function framed(exchange: StoredExchange, own: Record<string, string>): Record<string, string> {
  const { url, payloadBytes } = exchange;
  return {
    host: URL.parse(url)?.host ?? "",
    connection: "keep-alive",
    ...own,
    ...(payloadBytes !== null && { "content-length": String(payloadBytes) }),
  };
}

function readLines(lines: string | null): [string, string][] {
  if (lines === null || lines === "") return [];
  return lines.split("\n").map((line) => {
    const at = line.indexOf(": ");
    return [line.slice(0, at), line.slice(at + 2)];
  });
}

function renderSent(
  exchange: StoredExchange,
  { messageId, version }: { messageId: string; version: string },
): { sentHeaders: Record<string, string>; sensitive: string[] } {
  const { errorCode, endpointHeaders, signature, eventType, attemptedAt } = exchange;
  if (errorCode === "payload_gone") return { sentHeaders: {}, sensitive: [] };
  const all = Object.entries(endpointHeaders);
  const own = sentHeaders({
    custom: Object.fromEntries(all.filter(([name]) => !isSensitiveHeader(name))),
    userAgent: userAgentOf(version),
    timestampSeconds: Math.floor(attemptedAt / 1000),
    messageId,
    eventType,
    signature,
  });
  const sensitive = all.map(([name]) => name).filter(isSensitiveHeader);
  return { sentHeaders: framed(exchange, own), sensitive };
}

export function registerAttemptHeaders(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  const { storage, version } = deps;
  app.get<{ Params: MessagePath & { attemptId: string } }>(
    "/app/:appId/msg/:msgId/attempt/:attemptId/headers",
    {
      schema: {
        tags: ["Message Attempt"],
        operationId: "v1.message-attempt.get-headers",
        summary: "Get the headers of an attempt, sent and received",
        response: answers({ 200: AttemptHeadersOut }),
      },
    },
    async (request) => {
      const { message, applicationId } = await scope.message(request, request.params);
      const attemptId = pathName(request.params.attemptId, "Attempt");
      const { messageId } = message;
      const exchange = await readExchange(storage, { applicationId, messageId, attemptId });
      if (exchange === undefined) throw notFound("Attempt");
      const { endpointUpdatedAt, attemptedAt, responseHeaders } = exchange;
      return {
        ...renderSent(exchange, { messageId, version }),
        responseHeaders: readLines(responseHeaders),
        endpointChangedAt:
          endpointUpdatedAt > attemptedAt ? new Date(endpointUpdatedAt).toISOString() : null,
      };
    },
  );
}
