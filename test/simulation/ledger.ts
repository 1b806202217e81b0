/**
 * What the outside knows: who published what, what was answered, which requests arrived. The rules
 * about single events are checked when they happen; `witness.ts` does the same for the database.
 */
import { createHmac } from "node:crypto";
import { bucketOf } from "../../src/core/bucket.ts";
import type { SendRequest } from "../../src/core/send-result.ts";
import type { PublishOutcome } from "../../src/engine/publisher.ts";
import type { Answer } from "./receivers.ts";
import { short } from "./trace.ts";
import { must, Violation } from "./violation.ts";
import type { World } from "./world.ts";

/** What a sending node is to the ledger. */
export interface SendingNode {
  readonly name: string;
  readonly dead: boolean;
  /** The database ended its session, and it has no new one yet: it may not know that it is replaced. */
  readonly cutOff: boolean;
  /** Which revision of an endpoint it was told of. */
  readonly told: ReadonlyMap<string, number>;
  epochOf(bucket: number): number | undefined;
}

export interface Publication {
  readonly number: number;
  readonly applicationId: string;
  readonly eventType: string;
  readonly payload: Buffer;
  readonly key: string | null;
  readonly eventId: string | null;
  tries: number;
  answer: PublishOutcome["kind"] | undefined;
  readonly messageIds: string[];
}

/** An endpoint as the database has it now. */
export interface EndpointTruth {
  readonly applicationId: string;
  readonly endpointId: string;
  readonly eventTypes: readonly string[] | null;
  disabled: boolean;
  deleted: boolean;
  revision: number;
  /** The revision by which it stopped to be sent to. */
  stoppedBy: number;
  /** Newest first, with the revision that made each current. */
  secrets: { key: Buffer; since: number }[];
  /** Who recorded an answer that must disable it, while it is enabled. */
  toDisable: SendingNode | undefined;
}

export interface Lease {
  epoch: number;
  nodeId: string | null;
}

export interface Send {
  /** Told apart by it, from the request to the attempt on record. */
  readonly mark: string;
  readonly node: SendingNode;
  readonly epoch: number;
  readonly bucket: number;
  readonly at: number;
  answer: Answer | undefined;
  finishedAt: number;
  recorded: boolean;
}

/** One message and one endpoint that it is owed to. */
export interface Owed {
  readonly endpointId: string;
  readonly messageId: string;
  readonly sends: Send[];
  /** Failed attempts of the chain on record. */
  failures: number;
  ended: "delivered" | "exhausted" | "aborted" | undefined;
  delivered: boolean;
  nextAt: number;
  resends: number;
}

export class Ledger {
  readonly publications: Publication[] = [];
  readonly endpoints = new Map<string, EndpointTruth>();
  readonly leases = new Map<number, Lease>();
  readonly messages = new Map<string, Publication>();
  readonly owed = new Map<string, Owed>();
  readonly #world: World;
  sends = 0;

  constructor(world: World) {
    this.#world = world;
  }

  static key(endpointId: string, messageId: string): string {
    return `${endpointId} ${messageId}`;
  }

  /** A publisher's answer arrived. */
  answered(publication: Publication, outcome: PublishOutcome): void {
    publication.answer = outcome.kind;
    if (outcome.kind !== "accepted" && outcome.kind !== "replayed") return;
    const { messageId } = outcome;
    must(
      publication.messageIds.includes(messageId) || outcome.kind === "replayed",
      "acknowledged means stored",
      () => `${messageId} was answered and is not stored`,
    );
    must(
      this.messages.get(messageId)?.key === publication.key,
      "a replay is the same message",
      () => `${messageId} was answered to another key`,
    );
  }

  /** A request left a node. @returns what to complete when it is answered */
  sent(node: SendingNode, request: SendRequest): Send {
    this.sends += 1;
    const endpointId = request.url.slice(request.url.lastIndexOf("/") + 1);
    const messageId = request.headers["svix-id"] ?? "";
    const what = `${short(messageId)} to ${short(endpointId)} by ${node.name}`;
    this.#world.note(`${what} sent`);
    const owed = this.owed.get(Ledger.key(endpointId, messageId));
    const endpoint = this.endpoints.get(endpointId);
    const publication = this.messages.get(messageId);
    if (owed === undefined || endpoint === undefined || publication === undefined)
      throw new Violation("only what is owed is sent", what);
    must(publication.payload.equals(request.body), "the payload is what was published", () => what);
    this.#checkSignature(node, endpoint, request);
    this.#checkEndpoint(node, endpoint, what);
    const send = this.#checkOwner(node, endpointId, what);
    this.#checkChain(owed, send, endpoint, what);
    owed.sends.push(send);
    return send;
  }

  #checkEndpoint(node: SendingNode, endpoint: EndpointTruth, what: string): void {
    const told = node.told.get(endpoint.endpointId) ?? 0;
    must(
      !(endpoint.disabled || endpoint.deleted) || told < endpoint.stoppedBy,
      "nothing is sent to an endpoint known to be disabled",
      () => what,
    );
  }

  #checkSignature(node: SendingNode, endpoint: EndpointTruth, request: SendRequest): void {
    const told = node.told.get(endpoint.endpointId) ?? 0;
    const [newest] = endpoint.secrets;
    const valid = newest !== undefined && told >= newest.since ? [newest] : endpoint.secrets;
    const messageId = request.headers["svix-id"] ?? "";
    const timestampSeconds = Number(request.headers["svix-timestamp"]);
    const given = new Set(request.headers["svix-signature"]?.split(" "));
    const lead = `${messageId}.${timestampSeconds}.`;
    const signed = valid.some(({ key }) => {
      const digest = createHmac("sha256", key).update(lead).update(request.body).digest("base64");
      return given.has(`v1,${digest}`);
    });
    must(signed, "signed with a current secret", () => `${messageId} by ${node.name}`);
    must(
      timestampSeconds === Math.floor(this.#world.now / 1000),
      "the timestamp is the attempt's",
      () => `${timestampSeconds} of ${messageId}`,
    );
  }

  #checkOwner(node: SendingNode, endpointId: string, what: string): Send {
    const bucket = bucketOf(endpointId);
    const epoch = node.epochOf(bucket);
    if (epoch === undefined) throw new Violation("only the owner sends", what);
    const lease = this.leases.get(bucket);
    must(
      lease?.epoch === epoch || node.cutOff,
      "only the owner sends",
      () => `${what} under epoch ${epoch}; the database is at ${lease?.epoch}`,
    );
    const at = this.#world.now;
    const mark = `request ${this.sends}`;
    return { mark, node, epoch, bucket, at, answer: undefined, finishedAt: 0, recorded: false };
  }

  #checkChain(owed: Owed, send: Send, endpoint: EndpointTruth, what: string): void {
    const open = owed.sends.filter(({ epoch, recorded }) => epoch === send.epoch && !recorded);
    must(
      open.length <= (owed.resends > 0 ? 1 : 0),
      "one owner sends one attempt at a time",
      () => `${what}: ${open.length} under way under epoch ${send.epoch}`,
    );
    const current = this.leases.get(send.bucket)?.epoch === send.epoch;
    if (!current || owed.resends > 0 || endpoint.deleted) return;
    must(owed.ended === undefined, "nothing is sent after its end", () => `${what}: ${owed.ended}`);
    must(
      send.at >= owed.nextAt,
      "nothing is sent before it is due",
      () => `${what} ${owed.nextAt - send.at} ms early`,
    );
  }
}
