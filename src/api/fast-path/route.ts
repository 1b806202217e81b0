/** What a route says of itself to be answered beside the framework, and the list of those that do. */
import type { TSchema } from "typebox";
import type { IdempotencyKey } from "../../storage/idempotency/idempotent-request.ts";
import type { Identity } from "../identity.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** Routes that can be answered beside the framework; of a server with tracing none is. */
    fastRoutes: FastRoute[];
  }
}

/** A request that is to be done, and may be. */
export interface FastCall<Input, Place> {
  requestId: string;
  url: string;
  /** Groups of the route's `target`. */
  names: readonly (string | undefined)[];
  input: Input;
  identity: Identity;
  place: Place;
  idempotency: IdempotencyKey | null;
  /** Of the monotonic clock. */
  startedAt: number;
}

export interface FastResult {
  status: number;
  body: unknown;
  /** Beside those of the route. */
  headers?: Readonly<Record<string, string>>;
}

/** A POST with a JSON body. Whatever has to be refused before it is begun is left to the route in the framework. */
export interface FastRoute<Input = unknown, Place = unknown> {
  /** As metrics name it. */
  template: string;
  /** Of the whole target, with nothing in it that could be spelt in two ways. */
  target: RegExp;
  shape: TSchema;
  /** Top-level members of the body that are kept byte for byte. */
  opaque: readonly string[];
  /** Headers of its answers beside those of every answer. */
  headers: Readonly<Record<string, string>>;
  /** @param body of the shape @returns undefined, or throws: the route has to answer */
  read(body: unknown, slices: ReadonlyMap<string, Buffer>): Input | undefined;
  /** What the target names, if it was found a moment ago. Asked outside of the wall between tenants. */
  known(identity: Identity, names: FastCall<Input, Place>["names"]): Place | undefined;
  /** The same, asking the database. */
  find(identity: Identity, names: FastCall<Input, Place>["names"]): Promise<Place | undefined>;
  /** Does it, and tells what came of it, at once or later: from here on a refusal is its answer. */
  answer(call: FastCall<Input, Place>, tell: (result: FastResult) => void): void;
}
