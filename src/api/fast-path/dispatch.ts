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

/** Takes the answer; undefined: the usual way has to give it. */
export type TakeAnswer = (answer: Answer | undefined) => void;

interface Caller {
  identity: Identity;
  place: unknown;
}

interface Asking {
  request: FastRequest;
  input: unknown;
  startedAt: number;
  connection: FastConnection;
  take: TakeAnswer;
}

function mayWrite({ scope, portal }: Identity): boolean {
  return scope === "full" && portal === null;
}

function askedBy({ credential }: RequestHead, { socket }: FastConnection): Asked {
  const headers = { "x-api-key": credential };
  return { headers, ip: socket.remoteAddress ?? "", method: METHOD, query: {} };
}

export interface FastDispatcherOptions {
  deps: Pick<ApiDeps, "authenticate" | "known" | "log">;
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
  serve(request: FastRequest, connection: FastConnection, take: TakeAnswer): void {
    const { admission } = this.#options;
    const startedAt = performance.now();
    const input = admission.refusesIntake(connection.socket) ? undefined : this.#read(request);
    if (input === undefined || !admission.hold(request.body.length)) {
      take(undefined);
      return;
    }
    const caller = this.#knownCaller(request.head, connection);
    const asking = { request, input, startedAt, connection, take };
    if (caller === undefined) void this.#answerUnknown(asking);
    else this.#answer(caller, asking);
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

  async #answerUnknown(asking: Asking): Promise<void> {
    const { request, connection, take } = asking;
    const caller = await connection.pausing(this.#findCaller(request.head, connection));
    if (caller !== undefined) {
      this.#answer(caller, asking);
      return;
    }
    this.#options.admission.release(request.body.length);
    take(undefined);
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

  #answer({ identity, place }: Caller, asked: Asking): void {
    const { admission, answers, deps, nextRequestId, watch } = this.#options;
    const { request, input, startedAt, connection, take } = asked;
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
    route.answer(call, (result) => {
      admission.release(body.length);
      const { status } = result;
      const ms = performance.now() - startedAt;
      try {
        watch({ requestId, method: METHOD, url, route: route.template, status, ms });
        take(answers.write(route, result));
      } catch (error) {
        // A bug. It is done, so the usual way must not do it again; and who else waits for this commit is to be told.
        deps.log.error({ err: error, requestId }, "A request was done and could not be answered.");
        connection.socket.destroy();
      }
    });
  }
}
