/** What clients do: they publish and try again, change endpoints, rotate secrets, ask for resends. */
import { createHash } from "node:crypto";
import { bucketOf } from "../../src/core/bucket.ts";
import { formatSecret } from "../../src/core/signature.ts";
import { endpointPlace } from "../../src/storage/endpoints/load-targets.ts";
import type { PublishOutcome } from "../../src/engine/publisher.ts";
import { APPLICATIONS, ENVIRONMENT } from "./database.ts";
import type { EndpointTruth, Publication } from "./ledger.ts";
import type { SimulatedNode, Surroundings } from "./node.ts";
import { drawNature, type Nature } from "./receivers.ts";
import { short } from "./trace.ts";

const EVENT_TYPES = ["push.completed", "push.failed"];
const TRIES_MAX = 4;
const PATIENCE_MS = 4_000;
/** Above it the engine reads payloads in a second step. */
const LARGE_BYTES = 5_000;
const GRACE_SECONDS = 60;

const ADD_ENDPOINT = {
  name: "simulation-add-endpoint",
  text: `WITH secret AS (
      INSERT INTO endpoint_secret (application_id, endpoint_id, secret_number, sealed)
      VALUES ($1, $2, 1, $7))
    INSERT INTO endpoint (application_id, endpoint_id, environment_id, bucket, url, event_types)
    VALUES ($1, $2, $3, $4, $5, $6)`,
};

export class Workload {
  readonly #around: Surroundings;
  readonly #nodes: () => SimulatedNode[];

  constructor(around: Surroundings, nodes: () => SimulatedNode[]) {
    this.#around = around;
    this.#nodes = nodes;
  }

  async addEndpoint(natures: Map<string, Nature>): Promise<void> {
    const { world, database, product, vault, witness } = this.#around;
    const { random } = world;
    const ids = new product.IdSource(
      () => world.now,
      (bytes) => random.fill(bytes),
    );
    const endpointId = ids.make("ep_");
    natures.set(endpointId, drawNature(random));
    const secret = formatSecret(random.bytes(24));
    await database.query(
      ADD_ENDPOINT,
      [
        random.pick(APPLICATIONS),
        endpointId,
        ENVIRONMENT,
        bucketOf(endpointId),
        `http://receiver.test/${endpointId}`,
        random.chance(0.3) ? [random.pick(EVENT_TYPES)] : null,
        vault.seal(secret, endpointPlace(endpointId, "secret")),
      ],
      world.now,
    );
    await witness.endpoints();
  }

  /** One of the things that a client may want, at one of the nodes that serve. */
  act(): void {
    const { random } = this.#around.world;
    const open = this.#nodes().filter((node) => node.open);
    if (open.length === 0) return;
    const node = random.pick(open);
    if (random.chance(0.6)) this.#publish();
    else if (random.chance(0.4)) this.#resend(node);
    else this.#change(node);
  }

  #publish(): void {
    const { world, ledger } = this.#around;
    const { random } = world;
    const number = ledger.publications.length;
    const text = random.chance(0.1) ? "x".repeat(LARGE_BYTES) : "a\u00e9\u{1f50b}";
    const earlier = ledger.publications.filter(({ eventId }) => eventId !== null);
    const repeats = earlier.length > 0 && random.chance(0.2);
    const publication: Publication = {
      number,
      applicationId: random.pick(APPLICATIONS),
      eventType: random.pick(EVENT_TYPES),
      payload: Buffer.from(JSON.stringify({ number, text })),
      key: random.chance(0.5) ? `key ${number}` : null,
      // Now and then one that another message has already.
      eventId: repeats
        ? random.pick(earlier).eventId
        : random.chance(0.3)
          ? `event ${number}`
          : null,
      tries: 0,
      answer: undefined,
      messageIds: [],
    };
    ledger.publications.push(publication);
    // A burst lets lanes fill and statements carry many.
    this.#ask(publication);
    if (random.chance(0.2))
      for (let more = random.between(1, 6); more > 0; more -= 1) this.#publish();
  }

  /** Sends the request to some node; a client without an answer asks again, if a key makes that safe. */
  #ask(publication: Publication): void {
    const { world } = this.#around;
    const open = this.#nodes().filter((node) => node.open);
    const safe = publication.key !== null || publication.eventId !== null;
    if (publication.tries > 0 && !safe) return;
    if (publication.tries < TRIES_MAX) {
      world.after(PATIENCE_MS, {
        party: undefined,
        label: `a client looks for its answer to ${publication.number}`,
        run: () => {
          if (publication.answer === undefined) this.#ask(publication);
        },
      });
    }
    if (open.length === 0) return;
    const node = world.random.pick(open);
    publication.tries += 1;
    world.note(`${node.name} is asked to publish ${publication.number}`);
    const sha = (text: string): Buffer => createHash("sha256").update(text).digest();
    const { applicationId, eventType, eventId, key, payload } = publication;
    const request = {
      environmentId: ENVIRONMENT,
      applicationId,
      eventId,
      eventType,
      channels: null,
      tags: null,
      payload,
      idempotency: key === null ? null : { keyHash: sha(key), requestHash: sha(String(payload)) },
    };
    void this.#follow(publication, node.engine.publish(request));
  }

  async #follow(publication: Publication, answer: Promise<PublishOutcome>): Promise<void> {
    const { world, ledger } = this.#around;
    try {
      const outcome = await answer;
      world.note(`${publication.number} is answered: ${outcome.kind}`);
      world.watch(() => ledger.answered(publication, outcome));
    } catch {
      world.note(`${publication.number} fails`);
    }
  }

  #resend(node: SimulatedNode): void {
    const { world, ledger } = this.#around;
    const all = [...ledger.owed.values()].filter(({ endpointId }) => {
      const endpoint = ledger.endpoints.get(endpointId);
      return endpoint !== undefined && !endpoint.disabled && !endpoint.deleted;
    });
    if (all.length === 0) return;
    // Where the chain still goes on, the two meet.
    const open = all.filter(({ ended }) => ended === undefined);
    const owed = world.random.pick(open.length > 0 && world.random.chance(0.7) ? open : all);
    const { endpointId, messageId } = owed;
    const applicationId = ledger.endpoints.get(endpointId)?.applicationId ?? "";
    owed.resends += 1;
    world.note(`${node.name} is asked to resend ${short(messageId)} to ${short(endpointId)}`);
    const bucket = bucketOf(endpointId);
    node.engine.resend({ applicationId, endpointId, messageId, bucket }).catch(() => undefined);
  }

  #change(node: SimulatedNode): void {
    const { world, ledger } = this.#around;
    const live = [...ledger.endpoints.values()].filter(({ deleted }) => !deleted);
    if (live.length === 0) return;
    const endpoint = world.random.pick(live);
    const change = this.#chooseChange(node, endpoint);
    change.then(
      () => node.changed(endpoint.endpointId),
      () => undefined,
    );
  }

  async #chooseChange(node: SimulatedNode, endpoint: EndpointTruth): Promise<unknown> {
    const { world, product } = this.#around;
    const { random } = world;
    const { applicationId, endpointId } = endpoint;
    const key = { applicationId, endpointId };
    const where = `${short(endpointId)} at ${node.name}`;
    if (random.chance(0.1)) {
      world.note(`delete ${where}`);
      return await product.deleteEndpoint(node.storage, key);
    }
    if (random.chance(0.3)) {
      world.note(`rotate the secret of ${where}`);
      const secret = formatSecret(random.bytes(24));
      const gracePeriodSeconds = random.pick([0, GRACE_SECONDS]);
      return await product.rotateEndpointSecret(node.storage, key, { secret, gracePeriodSeconds });
    }
    return await this.setDisabled(node, endpoint, !endpoint.disabled);
  }

  async setDisabled(
    node: SimulatedNode,
    endpoint: EndpointTruth,
    disabled: boolean,
  ): Promise<void> {
    const { world, product } = this.#around;
    const { applicationId, endpointId } = endpoint;
    world.note(`${disabled ? "disable" : "enable"} ${short(endpointId)} at ${node.name}`);
    await product.updateEndpoint(node.storage, { applicationId, endpointId }, (current) => ({
      fields: { ...current, disabled, disabledReason: null },
      credentials: undefined,
    }));
  }
}
