/** What the API is given by its composer. */
import type { FastifyInstance } from "fastify";
import type { CidrList, ListenAddress } from "../core/address.ts";
import type { IdSource } from "../core/ids.ts";
import type { Metrics } from "../core/metrics.ts";
import type { Clock, Log, Tracer, UnixMs } from "../core/types.ts";
import type { Engine } from "../engine/engine.ts";
import type { Storage } from "../storage/storage.ts";
import type { KnownCallers } from "./auth.ts";
import type { Authenticate } from "./identity.ts";
import type { PagesOptions } from "./dashboard/page-routes.ts";
import type { Sessions } from "./dashboard/sessions.ts";
import type { MetricsRouteOptions } from "./metrics-route.ts";
import type { Tokens } from "./tokens/tokens.ts";

/** A part of the node that can be unwell. */
export interface PartHealth {
  /** warning: worth a look, but this node accepts and delivers. */
  status: "ok" | "warning" | "error";
  /** What is wrong, and what to do. */
  detail?: string;
}

/** Something is short: why work is turned away just now. */
export interface Pressure {
  part: string;
  detail: string;
  /** Not only new work: even reads would make it worse. */
  everything?: boolean;
}

export interface ApiDeps {
  storage: Storage;
  engine: Pick<
    Engine,
    | "publishFor"
    | "publishTo"
    | "resend"
    | "endpointChanged"
    | "taskCreated"
    | "retryScheduleMs"
    | "owns"
    | "waiting"
  >;
  authenticate: Authenticate;
  /** What `authenticate` remembers; forgotten when a key is revoked. */
  known: KnownCallers;
  tokens: Tokens;
  sessions: Sessions;
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
  /** For how long messages and attempts are kept. */
  retentionDays: number;
  /** As other nodes know this one. */
  nodeId?: () => string;
  /** Health of what is not the API's, by name; the database is checked here. */
  health?: () => Record<string, PartHealth>;
  /** Whether the database takes writes, and its time; by default asked over `storage`. */
  ping?: () => Promise<{ writable: boolean; now: UnixMs }>;
  pressure?: () => Pressure | undefined;
  /** Connections of clients at once. */
  connectionsMax?: number;
  /** How long a stopping server waits for what is asked on connections that are open. */
  farewellMs?: number;
  metrics?: Metrics;
  /** Undefined: there is no `/metrics`. */
  metricsRoute?: MetricsRouteOptions;
  tracer?: Tracer | undefined;
  /** Undefined: the dashboard is not built. */
  pages?: Partial<PagesOptions>;
  /** More APIs on the same server, each mounted at `/` in a context of its own. */
  routes?: readonly ((app: FastifyInstance) => Promise<void>)[];
}
