/**
 * The battery API as a plugin of its own: own envelope, own refusals, own authentication. Everything
 * below `registerBatteryRoutes` is composition; what each route does is in the files it names.
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { TSchema } from "typebox";
import { authenticating } from "../api/hooks.ts";
import type { Authentication, SessionRefusal } from "../api/identity.ts";
import { writeJson } from "../api/json-text.ts";
import { callerOf, identityOf } from "../api/request.ts";
import { compileValidator } from "../api/validation.ts";
import { TenantWall } from "../storage/tenant-wall.ts";
import { Acceptor } from "./acceptor.ts";
import { registerActionRoutes } from "./action-routes.ts";
import type { BatteryContext, BatteryRoutesOptions } from "./context.ts";
import { DeviceCatalogue } from "./device-catalogue.ts";
import { DeviceReader } from "./device-reader.ts";
import { registerDeviceRoutes } from "./device-routes.ts";
import { Envelope } from "./envelope.ts";
import { FastPush } from "./fast-push.ts";
import { registerPushRoute } from "./push-route.ts";
import { Refusal, toRefusal } from "./refusals.ts";

/** Mounts the battery API at the root of `app`, which has the body parser of `api/server.ts`. */
export async function registerBatteryRoutes(
  app: FastifyInstance,
  options: BatteryRoutesOptions,
): Promise<void> {
  const { storage, clock, log, connectors, onAccepted } = options;
  const wall = new TenantWall();
  const context: BatteryContext = {
    ...options,
    storage: storage.guarded(wall),
    // These serve many requests at once, of any tenant, out of their batches.
    acceptor: new Acceptor(storage, clock, onAccepted),
    catalogue: new DeviceCatalogue(storage, clock, connectors),
    reader: new DeviceReader(storage, clock, log),
    envelope: new Envelope(clock),
  };
  await app.register(async (plugin) => {
    plugin.setValidatorCompiler<TSchema>(compileValidator);
    plugin.setSerializerCompiler(() => writeJson);
    plugin.setErrorHandler((error, request, reply) => {
      return context.envelope.refusal(reply, toRefusal(error, request, log));
    });
    plugin.addHook("onRequest", authenticating(options.authenticate, admit));
    plugin.addHook("preHandler", (request, _reply, done) => {
      wall.run(callerOf(identityOf(request)), done);
    });
    plugin.addHook("onClose", async () => {
      await context.acceptor.drained();
      await context.reader.drained();
    });
    app.fastRoutes.push(new FastPush(context, wall));
    registerDeviceRoutes(plugin, context);
    registerPushRoute(plugin, context);
    registerActionRoutes(plugin, context);
  });
}

const SESSION_REFUSALS = {
  bad_request: "INVALID_REQUEST",
  authentication_failed: "UNAUTHORIZED",
  "insufficient access": "INSUFFICIENT_PERMISSIONS",
} as const;

function sessionRefusal({
  code,
  detail: message,
}: {
  code: SessionRefusal;
  detail: string;
}): Refusal {
  if (code !== "bad_request") return new Refusal(SESSION_REFUSALS[code], { message });
  const details = { reason: "session.environment" };
  return new Refusal(SESSION_REFUSALS[code], { status: 400, message, details });
}

/** A portal shows webhooks; batteries are the organisation's. */
const PORTAL = "An application token of the webhook API opens no batteries.";

function admit(request: FastifyRequest, answer: Authentication): undefined {
  if (!answer.ok) {
    if (answer.reason === "limited") {
      const { detail: message, retryAfterSeconds } = answer;
      const details = { reason: "rate_limit", retryAfterSeconds };
      throw new Refusal("RATE_LIMIT_EXCEEDED", { message, retryAfterSeconds, details });
    }
    if (answer.reason === "refused") throw sessionRefusal(answer);
    throw new Refusal(answer.reason === "missing" ? "UNAUTHORIZED" : "INVALID_API_KEY");
  }
  if (answer.identity.portal !== null) {
    throw new Refusal("INSUFFICIENT_PERMISSIONS", { message: PORTAL });
  }
  request.identity = answer.identity;
  const writes = request.method !== "GET" && request.method !== "HEAD";
  if (writes && answer.identity.scope !== "full") throw new Refusal("INSUFFICIENT_PERMISSIONS");
}
