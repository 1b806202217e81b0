/** Takes request bodies: JSON only, strictly read, at most 1 MiB, never decompressed. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { ApiError, invalidAt } from "./errors.ts";
import { readJson } from "./json-body.ts";

export const BODY_BYTES_MAX = 1_048_576;
const JSON_TYPE = "application/json";

function parse(request: FastifyRequest, bytes: Buffer): unknown {
  request.rawBody = bytes;
  const { schema, config } = request.route;
  // Some clients name a content type for a body they do not send.
  if (bytes.length === 0 && schema?.body === undefined) return undefined;
  const body = readJson(bytes, { opaque: config.opaque ?? [] });
  if (!body.ok) throw invalidAt(["body"], body.message, body.reason);
  request.slices = body.slices;
  return body.value;
}

/** Installs the one parser of bodies on the root instance. */
export function installBodyParser(app: FastifyInstance): void {
  app.decorateRequest("rawBody", null);
  app.decorateRequest("slices", null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>(
    JSON_TYPE,
    { parseAs: "buffer", bodyLimit: BODY_BYTES_MAX },
    (request, bytes, done) => {
      try {
        done(null, parse(request, bytes));
      } catch (error) {
        // Nothing but ApiError is thrown above; anything else is a bug and still an Error.
        done(error as Error);
      }
    },
  );
  app.addHook("onRequest", (request, _reply, done) => {
    const encoding = request.headers["content-encoding"];
    if (encoding === undefined || encoding.toLowerCase() === "identity") return done();
    const detail = `Content-Encoding ${JSON.stringify(encoding)} is not accepted; send plain JSON.`;
    done(new ApiError("unsupported_media_type", detail));
  });
}
