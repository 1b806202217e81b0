/**
 * Answers the requests of callers who may, with bodies that are as they should be, without what only other
 * requests need. What has to be refused before it is begun is left to the framework's route, which says why.
 */
import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import type { Admission } from "../admission.ts";
import type { ApiDeps } from "../deps.ts";
import { digestIdempotency } from "../idempotency.ts";
import type { Asked, Identity } from "../identity.ts";
import { readJson } from "../json-body.ts";
import type { RequestWatch } from "../request-watch.ts";
import type { Answer, Answers } from "./answers.ts";
import type { FastConnection } from "./connection.ts";
import type { FastRequest, RequestHead } from "./request-head.ts";
import type { FastCall, FastRoute } from "./route.ts";

const METHOD = "POST";

/** Undefined, at once or later: the usual way has to answer. */
export type Serving = Promise<Answer | undefined> | undefined;

interface Caller {
  identity: Identity;
  place: unknown;
}

interface Started {
  request: FastRequest;
  input: unknown;
  startedAt: number;
}

function mayWrite({ scope, portal }: Identity): boolean {
  return scope === "full" && portal === null;
}

function askedBy({ credential }: RequestHead, { socket }: FastConnection): Asked {
  const headers = { "x-api-key": credential };
  return { headers, ip: socket.remoteAddress ?? "", method: METHOD, query: {} };
}

export interface FastDispatcherOptions {
  deps: Pick<ApiDeps, "authenticate" | "known">;
  admission: Admission;
  watch: RequestWatch;
  nextRequestId: () => string;
  answers: Answers;
}

export class FastDispatcher {
  readonly #options: FastDispatcherOptions;
  readonly #shapes = new Map<TSchema, { Check(value: unknown): boolean }>();

  constructor(options: FastDispatcherOptions) {
    this.#options = options;
  }

  /** When it has to be left to the framework, nothing was begun, nor counted. */
  serve(request: FastRequest, connection: FastConnection): Serving {
    const { admission } = this.#options;
    const startedAt = performance.now();
    if (admission.refusesIntake(connection.socket)) return undefined;
    const input = this.#read(request);
    if (input === undefined || !admission.hold(request.body.length)) return undefined;
    const caller = this.#knownCaller(request.head, connection);
    const started = { request, input, startedAt };
    return caller === undefined
      ? this.#answerUnknown(started, connection)
      : this.#answer(started, caller);
  }

  #read({ head: { route }, body }: FastRequest): unknown {
    const json = readJson(body, { opaque: route.opaque });
    if (!json.ok || !this.#shapeOf(route).Check(json.value)) return undefined;
    try {
      return route.read(json.value, json.slices);
    } catch {
      return undefined;
    }
  }

  #shapeOf({ shape }: FastRoute): { Check(value: unknown): boolean } {
    let compiled = this.#shapes.get(shape);
    if (compiled === undefined) {
      compiled = Compile(shape);
      this.#shapes.set(shape, compiled);
    }
    return compiled;
  }

  /** A caller, and what it names, that were found a moment ago. */
  #knownCaller(head: RequestHead, connection: FastConnection): Caller | undefined {
    const { authenticate, known } = this.#options.deps;
    const identity = known.get(head.credential);
    if (identity === undefined || !mayWrite(identity)) return undefined;
    const place = head.route.known(identity, head.names);
    if (place === undefined) return undefined;
    const counted = authenticate(askedBy(head, connection));
    return counted instanceof Promise || !counted.ok ? undefined : { identity, place };
  }

  async #answerUnknown(started: Started, connection: FastConnection): Promise<Answer | undefined> {
    const { head, body } = started.request;
    const caller = await connection.pausing(this.#findCaller(head, connection));
    if (caller !== undefined) return await this.#answer(started, caller);
    this.#options.admission.release(body.length);
    return undefined;
  }

  async #findCaller(head: RequestHead, connection: FastConnection): Promise<Caller | undefined> {
    const { authenticate } = this.#options.deps;
    const asked = askedBy(head, connection);
    try {
      // Quietly first: what is left to the framework is counted there.
      const answer = await authenticate(asked, true);
      if (!answer.ok || !mayWrite(answer.identity)) return undefined;
      const { identity } = answer;
      const place = await head.route.find(identity, head.names);
      if (place === undefined) return undefined;
      const { ok } = await authenticate(asked);
      return ok ? { identity, place } : undefined;
    } catch {
      // The database, as a rule. The framework's route meets it too.
      return undefined;
    }
  }

  async #answer(
    { request, input, startedAt }: Started,
    { identity, place }: Caller,
  ): Promise<Answer> {
    const { admission, answers, nextRequestId, watch } = this.#options;
    const { head, body } = request;
    const { route, names, url, idempotencyKey: key } = head;
    const requestId = nextRequestId();
    const keyed = { method: METHOD, url, identity, rawBody: body };
    const idempotency = key === undefined ? null : digestIdempotency(key, keyed);
    const call: FastCall<unknown, unknown> = {
      requestId,
      url,
      names,
      input,
      identity,
      place,
      idempotency,
      startedAt,
    };
    const result = await route.answer(call);
    admission.release(body.length);
    const { status } = result;
    const ms = performance.now() - startedAt;
    watch({ requestId, method: METHOD, url, route: route.template, status, ms });
    return answers.write(route, result);
  }
}
