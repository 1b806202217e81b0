/**
 * The words of Amps, used unchanged in code, SQL, API, dashboard and docs.
 *
 * environment  sandbox or live; decided by the API key; owns everything below
 * application  whose webhooks these are; every environment has one with uid `default`
 * endpoint     a URL of a receiver, with the event types and channels it wants
 * message      one event to tell: type, payload bytes, an id that receivers deduplicate on (`svix-id`)
 * delivery     one message still owed to one endpoint: when it is due and how often it was tried
 * attempt      one HTTP request of a delivery, and what came of it; history, never changed
 * bucket       a share of the deliveries (by endpoint) or devices, owned by one node at a time
 * epoch        number of a bucket's ownership; grows with every change of owner, fences late writers
 * task         long work asked for once (recover, replay, purge): walks over ids in small commits
 * node         one running Amps process
 * lane         the deliveries of one endpoint in the memory of the node that owns its bucket
 * slot         room for one attempt under way in a node; a bounded number, shared by all
 * device       a battery; driven through a connector
 * action       one command to a device: charge, discharge, idle, auto.*; ends completed or failed
 * journal      what was about to be sent to a device, written before the first byte leaves
 */

export type EnvironmentMode = "sandbox" | "live";

/** Milliseconds since the Unix epoch, UTC. */
export type UnixMs = number;

/** Where the process learns the time. Injected everywhere, so that tests and simulations own it. */
export interface Clock {
  /** Wall clock, for timestamps that people and receivers see. */
  now(): UnixMs;
  /** Monotonic milliseconds, for deadlines and leases. */
  monotonic(): number;
  /** Runs `task` once after `delayMs`; returns how to cancel it. */
  after(delayMs: number, task: () => void): () => void;
}

/** Names one span among the traces; only the tracer looks inside. */
export type Trace = object;
export type TraceAttributes = Readonly<Record<string, string | number | boolean>>;

export interface Span {
  readonly trace: Trace;
  /** `error`: what failed, in a word or a sentence. Attributes are ids and figures, never secrets. */
  end(attributes?: TraceAttributes, error?: string): void;
}

/** Where traces go. Absent wherever nobody listens, so that tracing then costs nothing. */
export interface Tracer {
  /**
   * Without a parent: below what runs now, or the start of a trace. Null: the start of a trace, whatever
   * runs now, for work that only happens to be noticed there.
   */
  begin(name: string, attributes?: TraceAttributes, parent?: Trace | null): Span;
  /** Runs `task` in a span below the one that `headers` (W3C trace context) or the process name. */
  enter(name: string, headers: RequestTrace, task: (span: Span) => void): void;
}

/** Request headers, of which a tracer reads `traceparent` and its kin. */
export type RequestTrace = Readonly<Record<string, string | string[] | undefined>>;

/** Structured logs. `fields` carry ids, never secrets or payloads. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
