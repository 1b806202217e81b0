import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import {
  createEndpoint,
  createIds,
  createTenant,
  sql,
  type Tenant,
} from "../../../test/support/factories.ts";
import { type FaultyStorage, openStorage } from "../../../test/support/test-node.ts";
import { type InsertOutcome, insertMessages, type NewMessage } from "./insert-messages.ts";

let database: TestDatabase;
let storage: FaultyStorage;
let tenant: Tenant;
const ids = createIds();

beforeAll(async () => {
  database = await createTestDatabase();
  storage = openStorage(database.url, { poolSize: 20 });
  tenant = await createTenant(storage);
});

afterAll(async () => {
  await storage.close();
  await database.drop();
});

function message(changes: Partial<NewMessage> = {}): NewMessage {
  return {
    ...tenant,
    messageId: ids.make("msg_"),
    eventId: null,
    eventType: "push.completed",
    channels: null,
    tags: null,
    payload: Buffer.from("{}"),
    idempotency: null,
    ...changes,
  };
}

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

function keyed(key: string, request = "request", changes: Partial<NewMessage> = {}): NewMessage {
  const idempotency = { keyHash: sha256(key), requestHash: sha256(request) };
  return message({ idempotency, ...changes });
}

const kinds = (outcomes: InsertOutcome[]): string[] => outcomes.map(({ kind }) => kind);

async function countMessages(where: string, values: unknown[] = []): Promise<number> {
  const text = `SELECT count(*)::int AS n FROM message WHERE ${where}`;
  const [row] = await sql<{ n: number }>(storage, text, values);
  return row?.n ?? 0;
}

describe("matching", () => {
  const WANTS = [
    { name: "everything", eventTypes: null, channels: null },
    { name: "type a", eventTypes: ["a"], channels: null },
    { name: "types a and b", eventTypes: ["a", "b"], channels: null },
    { name: "channel x", eventTypes: null, channels: ["x"] },
    { name: "channels x and y", eventTypes: null, channels: ["x", "y"] },
    { name: "type a in channel x", eventTypes: ["a"], channels: ["x"] },
    { name: "nothing: disabled", eventTypes: null, channels: null, disabled: true },
    { name: "nothing: deleted", eventTypes: null, channels: null, deleted: true },
    { name: "nothing: of another application", eventTypes: null, channels: null, foreign: true },
  ];
  const names = new Map<string, string>();
  let own: Tenant;

  beforeAll(async () => {
    own = await createTenant(storage);
    const foreign = await createTenant(storage);
    for (const wants of WANTS) {
      const endpoint = await createEndpoint(storage, wants.foreign ? foreign : own, wants);
      names.set(endpoint.endpointId, wants.name);
      if (wants.deleted !== true) continue;
      const text = "UPDATE endpoint SET deleted_at = now() WHERE endpoint_id = $1";
      await sql(storage, text, [endpoint.endpointId]);
    }
  });

  test.each([
    ["a", null, ["everything", "type a", "types a and b"]],
    ["a", [], ["everything", "type a", "types a and b"]],
    ["b", null, ["everything", "types a and b"]],
    ["c", null, ["everything"]],
    ["A", null, ["everything"]],
    ["c", ["x"], ["everything", "channel x", "channels x and y"]],
    ["c", ["y"], ["everything", "channels x and y"]],
    ["c", ["z"], ["everything"]],
    ["c", ["z", "y"], ["everything", "channels x and y"]],
    [
      "a",
      ["x"],
      [
        "everything",
        "type a",
        "types a and b",
        "channel x",
        "channels x and y",
        "type a in channel x",
      ],
    ],
    ["a", ["y"], ["everything", "type a", "types a and b", "channels x and y"]],
  ])("type %j in channels %j goes to those that want %j", async (eventType, channels, wanted) => {
    const sent = message({ ...own, eventType, channels });
    const [outcome] = await insertMessages(storage, [sent]);
    if (outcome?.kind !== "stored") throw new Error(`The outcome was ${outcome?.kind}.`);
    const owed = outcome.owed.map(({ endpointId }) => names.get(endpointId));
    expect(owed.toSorted()).toEqual(wanted.toSorted());
    const rows = await sql<{ endpoint_id: string; due_at: number; attempts: number }>(
      storage,
      "SELECT endpoint_id, due_at, attempts FROM delivery WHERE message_id = $1",
      [sent.messageId],
    );
    expect(rows.map((row) => names.get(row.endpoint_id)).toSorted()).toEqual(wanted.toSorted());
    for (const row of rows) {
      expect(row.due_at).toBe(outcome.createdAt);
      expect(row.attempts).toBe(0);
    }
  });

  test("each message of a batch goes to its own endpoints", async () => {
    const bare = await createTenant(storage);
    const messages = [
      message({ ...own, eventType: "c" }),
      message({ ...bare, eventType: "a" }),
      message({ ...own, eventType: "a" }),
      message({ ...own, eventType: "b" }),
      message({ ...own, eventType: "c", channels: ["y"] }),
    ];
    const outcomes = await insertMessages(storage, messages);
    const owed = outcomes.map((outcome) => {
      if (outcome.kind !== "stored") return outcome.kind;
      return outcome.owed.map(({ endpointId }) => names.get(endpointId)).toSorted();
    });
    expect(owed).toEqual([
      ["everything"],
      [],
      ["everything", "type a", "types a and b"],
      ["everything", "types a and b"],
      ["channels x and y", "everything"],
    ]);
    const applications = outcomes.map(
      (outcome) => "applicationId" in outcome && outcome.applicationId,
    );
    expect(applications).toEqual(messages.map(({ applicationId }) => applicationId));
  });
});

describe("idempotency keys", () => {
  test("twins in one batch: one message, the same id for all", async () => {
    const twins = Array.from({ length: 5 }, () => keyed("twins"));
    const outcomes = await insertMessages(storage, [message(), ...twins, message()]);
    expect(kinds(outcomes)).toEqual([
      "stored",
      "stored",
      ...new Array<string>(4).fill("replayed"),
      "stored",
    ]);
    for (const outcome of outcomes.slice(2, 6)) {
      expect(outcome).toMatchObject({ messageId: twins[0]?.messageId });
    }
  });

  test("a replay answers the first message's id and time", async () => {
    const first = keyed("replay");
    const [stored] = await insertMessages(storage, [first]);
    const [again] = await insertMessages(storage, [keyed("replay")]);
    if (stored?.kind !== "stored") throw new Error("It was not stored.");
    const { messageId } = first;
    expect(again).toEqual({ kind: "replayed", messageId, createdAt: stored.createdAt });
  });

  test("the same key with another request is refused, in the same batch and later", async () => {
    const messages = [keyed("mismatch", "one"), keyed("mismatch", "other"), message()];
    expect(kinds(await insertMessages(storage, messages))).toEqual([
      "stored",
      "idempotency_mismatch",
      "stored",
    ]);
    const later = await insertMessages(storage, [keyed("mismatch", "third")]);
    expect(kinds(later)).toEqual(["idempotency_mismatch"]);
  });

  test("the same key in another environment is another key", async () => {
    const environmentId = ids.make("org_");
    await insertMessages(storage, [keyed("environments")]);
    const foreign = keyed("environments", "request", { environmentId });
    expect(kinds(await insertMessages(storage, [foreign]))).toEqual(["stored"]);
  });

  test("E46: 1,000 publishes with one key in 20 batches at once make one message", async () => {
    const batches = Array.from({ length: 20 }, () =>
      Array.from({ length: 50 }, () => keyed("E46")),
    );
    const outcomes = await Promise.all(batches.map((batch) => insertMessages(storage, batch)));
    const answered = outcomes.flatMap((batch, row) =>
      batch.map((outcome, column) =>
        outcome.kind === "stored"
          ? batches[row]?.[column]?.messageId
          : outcome.kind === "replayed"
            ? outcome.messageId
            : outcome.kind,
      ),
    );
    expect(answered).toHaveLength(1_000);
    expect(new Set(answered).size).toBe(1);
    expect(kinds(outcomes.flat()).filter((kind) => kind === "stored")).toHaveLength(1);
    expect(await countMessages("message_id = $1", [answered[0]])).toBe(1);
    const all = batches.flat().map(({ messageId }) => messageId);
    expect(await countMessages("message_id = ANY ($1)", [all])).toBe(1);
  });

  test("many keys, shared by 20 batches in different orders, are each stored once", async () => {
    const names = Array.from({ length: 60 }, (_, index) => `shared ${index}`);
    const batches = Array.from({ length: 20 }, () =>
      names.toSorted(() => Math.random() - 0.5).map((name) => ({ name, sent: keyed(name) })),
    );
    const outcomes = await Promise.all(
      batches.map((batch) =>
        insertMessages(
          storage,
          batch.map(({ sent }) => sent),
        ),
      ),
    );
    const answers = new Map<string, Set<string>>();
    for (const [row, batch] of batches.entries()) {
      for (const [column, { name, sent }] of batch.entries()) {
        const outcome = outcomes[row]?.[column];
        const id = outcome?.kind === "replayed" ? outcome.messageId : sent.messageId;
        answers.set(name, (answers.get(name) ?? new Set()).add(id));
        expect(["stored", "replayed"]).toContain(outcome?.kind);
      }
    }
    expect([...answers.values()].map((found) => found.size)).toEqual(names.map(() => 1));
    const all = batches.flat().map(({ sent }) => sent.messageId);
    expect(await countMessages("message_id = ANY ($1)", [all])).toBe(60);
  });

  test("an answer that was lost is found again by the same key", async () => {
    const lost = keyed("lost answer");
    storage.after = (name) => {
      if (name === "insert-messages") throw new Error("The connection was lost.");
    };
    await expect(insertMessages(storage, [lost])).rejects.toThrow("lost");
    storage.after = () => undefined;
    const [again] = await insertMessages(storage, [keyed("lost answer")]);
    expect(again).toMatchObject({ kind: "replayed", messageId: lost.messageId });
  });
});

describe("event ids", () => {
  test("are unique per application, in a batch, later and in a race", async () => {
    const batch = await insertMessages(storage, [
      message({ eventId: "event 1" }),
      message({ eventId: "event 1" }),
      message({ eventId: "event 2" }),
    ]);
    expect(kinds(batch)).toEqual(["stored", "event_id_taken", "stored"]);
    const later = await insertMessages(storage, [message({ eventId: "event 2" }), message()]);
    expect(kinds(later)).toEqual(["event_id_taken", "stored"]);
    const race = await Promise.all(
      Array.from({ length: 20 }, () => insertMessages(storage, [message({ eventId: "race" })])),
    );
    const raced = kinds(race.flat());
    expect(raced.filter((kind) => kind === "stored")).toHaveLength(1);
    expect(raced.filter((kind) => kind === "event_id_taken")).toHaveLength(19);
  });

  test("another application may use the same one", async () => {
    const other = await createTenant(storage);
    await insertMessages(storage, [message({ eventId: "mine" })]);
    const outcomes = await insertMessages(storage, [message({ ...other, eventId: "mine" })]);
    expect(kinds(outcomes)).toEqual(["stored"]);
  });

  test("a replay by key wins over the event id it took itself", async () => {
    const changes = { eventId: "with a key" };
    const first = keyed("with an event id", "request", changes);
    expect(kinds(await insertMessages(storage, [first]))).toEqual(["stored"]);
    const again = keyed("with an event id", "request", changes);
    expect(await insertMessages(storage, [again])).toMatchObject([
      { kind: "replayed", messageId: first.messageId },
    ]);
    expect(kinds(await insertMessages(storage, [keyed("new key", "request", changes)]))).toEqual([
      "event_id_taken",
    ]);
  });
});

describe("payloads are kept byte for byte", () => {
  const PAYLOADS: [string, Buffer][] = [
    ["an empty object", Buffer.from("{}")],
    ["white space", Buffer.from(' { "a" : 1 }\r\n\t')],
    ["numbers no parser keeps", Buffer.from('{"a":[12345678901234567890,1e400,-0,1.0,1E+2]}')],
    ["escaped NUL and half a surrogate", Buffer.from('{"a":"\\u0000","b":"\\ud800"}')],
    ["right-to-left and zero-width text", Buffer.from('{"a":"\u202Eabc\u200B\u200D\uFEFF"}')],
    ["non-ASCII text", Buffer.from('{"é":"日本語 😀 ß"}')],
    ["double keys", Buffer.from('{"a":1,"a":2}')],
    ["deep nesting", Buffer.from("[".repeat(100) + "]".repeat(100))],
    [
      "backslashes as of bytea and SQL",
      Buffer.from('{"a":"\\\\x00 \\\\000 \'; DROP TABLE x; --"}'),
    ],
    ["every byte", Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte))],
    ["a mebibyte", randomBytes(1024 * 1024)],
    ["one byte", Buffer.from("1")],
  ];

  test("all of them in one statement", async () => {
    const messages = PAYLOADS.map(([, payload]) => message({ payload }));
    expect(kinds(await insertMessages(storage, messages))).toEqual(PAYLOADS.map(() => "stored"));
    for (const [index, [name, payload]] of PAYLOADS.entries()) {
      const text = "SELECT payload FROM message WHERE application_id = $1 AND message_id = $2";
      const values = [tenant.applicationId, messages[index]?.messageId];
      const [row] = await sql<{ payload: Buffer }>(storage, text, values);
      expect(row?.payload.equals(payload), name).toBe(true);
    }
  });
});

test("channels and tags come back as they went in", async () => {
  const messages = [
    message({ channels: ["a", "b-1"], tags: [] }),
    message({ channels: [], tags: ["x/y", "null"] }),
    message(),
  ];
  await insertMessages(storage, messages);
  const rows = await sql(
    storage,
    "SELECT channels, tags FROM message WHERE message_id = ANY ($1) ORDER BY message_id",
    [messages.map(({ messageId }) => messageId)],
  );
  const byId = messages.toSorted((one, other) => (one.messageId < other.messageId ? -1 : 1));
  expect(rows).toEqual(byId.map(({ channels, tags }) => ({ channels, tags })));
});

test("one bad message fails its batch whole: nothing of it is stored", async () => {
  const good = message();
  const bad = message({ eventType: "with a \0 byte" });
  await expect(insertMessages(storage, [good, bad])).rejects.toThrow("invalid byte sequence");
  expect(await countMessages("message_id = $1", [good.messageId])).toBe(0);
});

test("no messages make no statement", async () => {
  storage.before = (name) => {
    throw new Error(`There was a statement: ${name}.`);
  };
  expect(await insertMessages(storage, [])).toEqual([]);
  storage.before = () => undefined;
});
