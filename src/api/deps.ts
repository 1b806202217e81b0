/** What the API is given by its composer. */
import type { FastifyInstance } from "fastify";
import type { CidrList, ListenAddress } from "../core/address.ts";
import type { IdSource } from "../core/ids.ts";
import type { Clock, Log } from "../core/types.ts";
import type { Engine } from "../engine/engine.ts";
import type { Storage } from "../storage/storage.ts";
import type { Authenticate } from "./auth.ts";
import type { Tokens } from "./tokens/tokens.ts";

/** A part of the node that can be unwell. */
export interface PartHealth {
  status: "ok" | "error";
  /** What is wrong, for people. */
  detail?: string;
}

export interface ApiDeps {
  storage: Storage;
  engine: Pick<Engine, "publish" | "resend" | "endpointChanged">;
  authenticate: Authenticate;
  tokens: Tokens;
  /** What links to people start with, without a slash at the end; never from a request. */
  publicUrl: () => string;
  clock: Clock;
  log: Log;
  ids: IdSource;
  /** So many random bytes, fit for secrets. */
  random: (bytes: number) => Buffer;
  /** What endpoints may be beyond the public internet. */
  egressAllow: CidrList;
  httpsRequired: boolean;
  /** Where this process listens: never a receiver. */
  ownAddresses: () => readonly ListenAddress[];
  version: string;
  /** Health of what is not the API's, by name; the database is checked here. */
  health?: () => Record<string, PartHealth>;
  /** More APIs on the same server, each mounted at `/` in a context of its own. */
  routes?: readonly ((app: FastifyInstance) => Promise<void>)[];
}
