/**
 * Hooks of requests that mostly have nothing to wait for: a promise for each of them costs more than what it
 * does. Publishing without its database took Amps 35.1 µs of user time, and 28.7 without those promises and
 * without putting together `routeOptions` eight times (Node 26, medians of three alternated runs).
 */
import type {
  FastifyReply,
  FastifyRequest,
  onSendHookHandler,
  preHandlerHookHandler,
} from "fastify";
import type { Authenticate, Authentication } from "./identity.ts";

/** What a hook waits for; undefined: nothing. */
type Wait = Promise<void> | undefined;

async function tellLater(work: Promise<void>, done: (error?: Error) => void): Promise<void> {
  try {
    await work;
  } catch (error) {
    // Whatever was thrown, fastify's handler of errors takes it as it is.
    done(error as Error);
    return;
  }
  done();
}

/** For `onRequest` and `preHandler`. @param work may throw, or reject */
export function promptHook(
  work: (request: FastifyRequest, reply: FastifyReply) => Wait,
): preHandlerHookHandler {
  return (request, reply, done) => {
    const wait = work(request, reply);
    if (wait === undefined) done();
    else void tellLater(wait, done);
  };
}

/** The same for `onSend`; the answer's body stays as it is. */
export function promptSendHook(
  work: (request: FastifyRequest, reply: FastifyReply, payload: unknown) => Wait,
): onSendHookHandler {
  return (request, reply, payload, done) => {
    const wait = work(request, reply, payload);
    if (wait === undefined) done();
    else void tellLater(wait, done);
  };
}

/** Asks who calls. @param admit takes the caller in, or throws */
export function authenticating(
  authenticate: Authenticate,
  admit: (request: FastifyRequest, answer: Authentication) => Wait,
): preHandlerHookHandler {
  const admitLater = async (
    request: FastifyRequest,
    answer: Promise<Authentication>,
  ): Promise<void> => await admit(request, await answer);
  return promptHook((request) => {
    if (request.route.config.access === "none") return undefined;
    const answer = authenticate(request);
    return answer instanceof Promise ? admitLater(request, answer) : admit(request, answer);
  });
}
