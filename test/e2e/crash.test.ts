/**
 * kill -9 of the real server: right after the 202 (between commit and post), when the receiver has
 * the request (between post and result), right after its answer (before the result is stored), and at
 * random. After the restart every accepted event arrives, under the id it was accepted with, and
 * nothing is left owed.
 */
import { randomInt } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { call, type ServerProcess, startServerProcess } from "../support/server-process.ts";

const ROUNDS_PER_MOMENT = 6;
const EVENTS_PER_ROUND = 12;

type Moment = "after the 202" | "while posting" | "after the answer" | "at random";
const MOMENTS: Moment[] = ["after the 202", "while posting", "after the answer", "at random"];

let dataDir: string;
let server: ServerProcess;
let receiver: Receiver;
/** Accepted ids: outside the system under test. */
const accepted = new Set<string>();
const acceptedActions = new Set<string>();
/** Messages that told the end of each action. */
const told = new Map<string, Set<string>>();
let deviceIds: string[];
const received = new Map<string, number>();
let onRequest: () => void = () => undefined;
let onAnswered: () => void = () => undefined;

async function publishUntilDead(): Promise<void> {
  const sends = Array.from({ length: EVENTS_PER_ROUND }, async (_, index) => {
    const body = { eventType: "crash.test", payload: { index, at: Date.now() } };
    const made = await call<{ id: string }>(`${server.url}/api/v1/app/default/msg`, { body }).catch(
      () => undefined,
    );
    if (made?.status === 202) accepted.add(made.body.id);
  });
  await Promise.all(sends);
}

/** One push per battery; one that is still busy answers 409, which is no acceptance. */
async function pushUntilDead(): Promise<void> {
  const body = { action: { command: "idle" }, sandbox: { outcome: "completed", delay: "50ms" } };
  const pushes = deviceIds.map(async (deviceId) => {
    const made = await call<{ data: { id: string } }>(`${server.url}/battery/${deviceId}`, {
      body,
    }).catch(() => undefined);
    if (made?.status === 202) acceptedActions.add(made.body.data.id);
  });
  await Promise.all(pushes);
}

/** Publishes, kills at the moment, restarts on the same data directory. */
async function round(moment: Moment): Promise<void> {
  let killed: Promise<void> | undefined;
  const kill = (): void => {
    killed ??= server.kill();
  };
  onRequest = moment === "while posting" ? kill : () => undefined;
  onAnswered = moment === "after the answer" ? kill : () => undefined;
  const published = Promise.all([publishUntilDead(), pushUntilDead()]);
  if (moment === "after the 202") void published.then(kill);
  if (moment === "at random") void delay(randomInt(0, 80)).then(kill);
  await published;
  if (killed === undefined) kill();
  await killed;
  onRequest = () => undefined;
  onAnswered = () => undefined;
  server = await startServerProcess({ dataDir });
}

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), "amps-crash-"));
  receiver = await startReceiver((request) => {
    onRequest();
    const id = String(request.headers["svix-id"]);
    received.set(id, (received.get(id) ?? 0) + 1);
    // Both kinds of events are objects; only pushes name an action.
    const { actionId } = JSON.parse(request.body.toString()) as { actionId?: string };
    if (actionId !== undefined) told.set(actionId, (told.get(actionId) ?? new Set()).add(id));
    setImmediate(() => onAnswered());
    return { status: 200, body: "ok" };
  });
  server = await startServerProcess({ dataDir });
  const made = await call(`${server.url}/api/v1/app/default/endpoint`, {
    body: { url: receiver.url },
  });
  expect(made.status).toBe(201);
  const devices = await call<{ data: { id: string }[] }>(`${server.url}/battery`);
  deviceIds = devices.body.data.map(({ id }) => id);
});

afterAll(async () => {
  await server.stop();
  await receiver.close();
  await rm(dataDir, { recursive: true, force: true });
});

test.each(MOMENTS)("kill -9 %s loses nothing", { timeout: 120_000 }, async (moment) => {
  for (let index = 0; index < ROUNDS_PER_MOMENT; index += 1) await round(moment);
  const missing = (): string[] => [...accepted].filter((id) => !received.has(id));
  await expect.poll(missing, { timeout: 20_000 }).toEqual([]);
});

test(
  "nothing stays owed, and every accepted event has its attempt on record",
  { timeout: 60_000 },
  async () => {
    expect(accepted.size).toBeGreaterThan(ROUNDS_PER_MOMENT * MOMENTS.length);
    const password = (
      await readFile(path.join(dataDir, "secrets", "database-password"), "utf8")
    ).trim();
    const client = new pg.Client({
      host: path.join(dataDir, "run"),
      user: "amps",
      password,
      database: "amps",
    });
    await client.connect();
    try {
      const owed = async (): Promise<unknown> =>
        (await client.query("SELECT count(*)::int AS rows FROM delivery")).rows[0];
      await expect.poll(owed, { timeout: 20_000 }).toEqual({ rows: 0 });
      const { rows } = await client.query<{ message_id: string }>(
        "SELECT DISTINCT message_id FROM attempt WHERE succeeded",
      );
      const recorded = new Set(rows.map((row) => row.message_id));
      expect([...accepted].filter((id) => !recorded.has(id))).toEqual([]);
    } finally {
      await client.end();
    }
  },
);
