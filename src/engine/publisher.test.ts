import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import {
  createEndpoint,
  createIds,
  createTenant,
  publishRequest,
  sql,
  type Tenant,
  type TestEndpoint,
} from "../../test/support/factories.ts";
import { type FaultyStorage, openStorage } from "../../test/support/test-node.ts";
import { systemClock } from "../clock.ts";
import { type HandedOff, Publisher } from "./publisher.ts";

let database: TestDatabase;
let storage: FaultyStorage;
let tenant: Tenant;
let endpoint: TestEndpoint;
let handedOff: HandedOff[];

beforeAll(async () => {
  database = await createTestDatabase();
  storage = openStorage(database.url);
  tenant = await createTenant(storage);
  endpoint = await createEndpoint(storage, tenant, { eventTypes: ["wanted"] });
});

afterAll(async () => {
  await storage.close();
  await database.drop();
});

beforeEach(() => {
  handedOff = [];
  storage.before = () => undefined;
  storage.after = () => undefined;
});

const newPublisher = (): Publisher =>
  new Publisher({
    storage,
    clock: systemClock,
    ids: createIds(),
    committing: (_messageIds, commit) => commit((rows) => void handedOff.push(...rows)),
  });

describe("Publisher", () => {
  test("hands over what was committed, complete, and not a moment earlier", async () => {
    const publisher = newPublisher();
    let handedOffAtCommit = -1;
    storage.after = () => {
      handedOffAtCommit = handedOff.length;
    };
    const payload = Buffer.from('{"a":1}');
    const request = publishRequest(tenant, { eventType: "wanted", channels: ["x"], payload });
    const outcome = await publisher.publish(request);
    if (outcome.kind !== "accepted") throw new Error(`It was ${outcome.kind}.`);
    expect(handedOffAtCommit).toBe(0);
    expect(handedOff).toEqual([
      {
        ...tenant,
        endpointId: endpoint.endpointId,
        messageId: outcome.messageId,
        bucket: endpoint.bucket,
        revision: 1,
        eventType: "wanted",
        channels: ["x"],
        payload,
        dueAt: outcome.createdAt,
      },
    ]);
  });

  test("hands over nothing that nobody wants, nor a replay, nor what was refused", async () => {
    const publisher = newPublisher();
    await publisher.publish(publishRequest(tenant, { eventType: "unwanted" }));
    const idempotency = { keyHash: Buffer.alloc(32, 1), requestHash: Buffer.alloc(32, 2) };
    const keyed = publishRequest(tenant, { eventType: "wanted", idempotency, eventId: "e" });
    const first = await publisher.publish(keyed);
    const replay = await publisher.publish(keyed);
    expect([first.kind, replay.kind]).toEqual(["accepted", "replayed"]);
    expect(replay).toEqual({ ...first, kind: "replayed" });
    const other = { ...keyed, idempotency: { ...idempotency, requestHash: Buffer.alloc(32) } };
    expect(await publisher.publish(other)).toEqual({ kind: "idempotency_mismatch" });
    const taken = { ...keyed, idempotency: null };
    expect(await publisher.publish(taken)).toEqual({ kind: "event_id_taken" });
    expect(handedOff).toHaveLength(1);
  });

  test("rejects, and hands over nothing, when the commit fails", async () => {
    const publisher = newPublisher();
    storage.before = () => {
      throw new Error("The database is away.");
    };
    const request = publishRequest(tenant, { eventType: "wanted" });
    await expect(publisher.publish(request)).rejects.toThrow("The database is away.");
    expect(handedOff).toEqual([]);
    await publisher.drained();
  });

  test("turns a tenant away while 10,000 of its own wait, and takes it again; no other waits for them", async () => {
    const publisher = newPublisher();
    const stranger = await createTenant(storage);
    const gate = Promise.withResolvers<void>();
    storage.before = () => gate.promise;
    const request = publishRequest(tenant, { eventType: "unwanted" });
    const waiting = Array.from({ length: 10_000 }, () => publisher.publish(request));
    const turnedAway = await publisher.publish(request);
    expect(turnedAway).toEqual({ kind: "overloaded", retryAfterSeconds: 1 });
    const others = publishRequest(stranger, { eventType: "unwanted" });
    const order: string[] = [];
    void publisher.publish(others).then(({ kind }) => order.push(`stranger ${kind}`));
    void waiting[2_000]?.then(() => order.push("2,000th"));
    gate.resolve();
    const outcomes = await Promise.all(waiting);
    // Another tenant is taken, and not after the 10,000 of this one.
    expect(order).toEqual(["stranger accepted", "2,000th"]);
    expect(outcomes.every(({ kind }) => kind === "accepted")).toBe(true);
    expect((await publisher.publish(request)).kind).toBe("accepted");
  });

  test("while others publish too, a burst commits in small parts, and who has few waits for none of them", async () => {
    const publisher = newPublisher();
    const stranger = await createTenant(storage);
    const gate = Promise.withResolvers<void>();
    const sizes: number[] = [];
    storage.before = (_name, values) => {
      const ids = values.find((value) => Array.isArray(value)) as unknown[];
      sizes.push(ids.length);
      return ids.length > 1 ? gate.promise : undefined;
    };
    const request = publishRequest(tenant, { eventType: "unwanted" });
    const others = publishRequest(stranger, { eventType: "unwanted" });
    await publisher.publish(others);
    const burst = Array.from({ length: 60 }, () => publisher.publish(request));
    expect((await publisher.publish(others)).kind).toBe("accepted");
    expect((await publisher.publish(others)).kind).toBe("accepted");
    expect(sizes).toEqual([1, 1, 8, 1]);
    gate.resolve();
    const outcomes = await Promise.all(burst);
    expect(outcomes.every(({ kind }) => kind === "accepted")).toBe(true);
    expect(sizes).toEqual([1, 1, 8, 1, 8, 8, 8, 8, 8, 8, 4]);
  });

  test("sends no statement of more than 8 MiB of payloads", async () => {
    const publisher = newPublisher();
    const request = publishRequest(tenant, {
      eventType: "unwanted",
      payload: Buffer.alloc(1024 * 1024, 0x20),
    });
    let statements = 0;
    storage.after = () => {
      statements += 1;
    };
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, () => publisher.publish(request)),
    );
    expect(outcomes.every(({ kind }) => kind === "accepted")).toBe(true);
    expect(statements).toBe(5);
    const text = "SELECT count(*)::int AS n FROM message WHERE octet_length(payload) = 1048576";
    expect(await sql(storage, text)).toEqual([{ n: 40 }]);
  });
});
