/**
 * A server that looks used: Northwind Energy with its endpoints (healthy, failing, throttled, gone) and
 * hours of history. For screenshots, and for tests that look at every page.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { bucketOf } from "../../../src/core/bucket.ts";
import { startEmbedded } from "../../../src/storage/embedded/start-embedded.ts";
import type { Amps } from "../../../test/support/browser/browser-test.ts";
import { silentLog, sql } from "../../../test/support/factories.ts";
import {
  call,
  type ServerProcess,
  startServerProcess,
} from "../../../test/support/server-process.ts";
import { openStorage } from "../../../test/support/test-node.ts";
import { livePast } from "./past.ts";

export interface Story {
  amps: Amps;
  endpoints: Record<EndpointName, string>;
  deviceId: string;
  /** A message that billing did not take, the newest. */
  failedMessageId: string;
  /** The newest action that has ended. */
  actionId: string;
  /** Billing's outage. */
  issueId: string;
  /** Leads to the portal of the same application. */
  portalPath: string;
  stop(): Promise<void>;
}

const ISSUE_LOOKS_MAX = 300;
const ISSUE_LOOK_MS = 100;
const PASSWORD = "northwind-after-dark";
const ENDPOINTS = {
  crm: {
    url: "https://hooks.northwind.example/amps",
    description: "Customer app: tells people what their battery did",
    filterTypes: ["push.completed", "push.failed"],
  },
  billing: {
    url: "https://billing.northwind.example/webhooks/energy",
    description: "Billing: settles every completed push",
    filterTypes: ["push.completed"],
  },
  analytics: {
    url: "https://analytics.northwind.example/collect",
    description: "Analytics: everything, slowly",
    throttleRate: 20,
  },
  legacy: {
    url: "https://legacy.northwind.example/push",
    description: "The old portal, to be switched off",
    filterTypes: ["push.failed"],
  },
} as const;

export type EndpointName = keyof typeof ENDPOINTS;

const EVENT_TYPES = [
  { name: "tariff.changed", description: "The price per kWh of a zone has changed." },
  { name: "device.offline", description: "A battery has not answered for ten minutes." },
];

async function post<T>(url: string, body: object): Promise<T> {
  const made = await call<T>(url, { body });
  if (made.status !== 201) throw new Error(`${url}: ${made.status} ${JSON.stringify(made.body)}`);
  return made.body;
}

async function makeEndpoints(url: string): Promise<Record<EndpointName, string>> {
  const app = `${url}/api/v1/app/default`;
  for (const type of EVENT_TYPES) await post(`${url}/api/v1/event-type`, type);
  const made = Object.entries(ENDPOINTS).map(async ([name, endpoint]) => {
    const { id } = await post<{ id: string }>(`${app}/endpoint`, endpoint);
    return [name, id];
  });
  return Object.fromEntries(await Promise.all(made)) as Record<EndpointName, string>;
}

interface Place {
  environmentId: string;
  applicationId: string;
  devices: { environmentId: string; deviceId: string; bucket: number }[];
}

/** Where the story happens; and the endpoints become as old as their history. */
async function readPlace(databaseUrl: string, hours: number): Promise<Place> {
  const storage = openStorage(databaseUrl);
  const [environment] = await sql<{ environment_id: string; default_application_id: string }>(
    storage,
    "SELECT environment_id, default_application_id FROM environment WHERE mode = 'sandbox'",
  );
  if (environment === undefined) throw new Error("There is no sandbox.");
  const environmentId = environment.environment_id;
  const devices = await sql<{ device_id: string }>(
    storage,
    "SELECT device_id FROM device WHERE environment_id = $1 ORDER BY device_id",
    [environmentId],
  );
  const age =
    "created_at = created_at - make_interval(hours => $1), updated_at = updated_at - make_interval(hours => $1)";
  await sql(storage, `UPDATE endpoint SET ${age}`, [hours]);
  await storage.close();
  return {
    environmentId,
    applicationId: environment.default_application_id,
    devices: devices.map(({ device_id: deviceId }) => ({
      environmentId,
      deviceId,
      bucket: bucketOf(deviceId),
    })),
  };
}

async function newestIds(
  server: ServerProcess,
  billingId: string,
): Promise<Pick<Story, "failedMessageId" | "actionId">> {
  const attempts = await call<{ data: { msgId: string }[] }>(
    `${server.url}/api/v1/app/default/attempt/endpoint/${billingId}?status=2`,
  );
  const actions = await call<{ data: { id: string }[] }>(
    `${server.url}/actions?state=completed&limit=1`,
  );
  return {
    failedMessageId: attempts.body.data[0]?.msgId ?? "",
    actionId: actions.body.data[0]?.id ?? "",
  };
}

/** Issues are counted in the background: asked for until it is there. */
async function findIssue(server: ServerProcess, billingId: string): Promise<string> {
  const url = `${server.url}/api/v1/app/default/issue?endpoint_id=${billingId}`;
  for (let look = 0; look < ISSUE_LOOKS_MAX; look += 1) {
    const { body } = await call<{ data: { id: string; cause: string }[] }>(url);
    const found = body.data.find(({ cause }) => cause === "http_503");
    if (found !== undefined) return found.id;
    await pause(ISSUE_LOOK_MS);
  }
  throw new Error("Billing's outage has become no issue.");
}

async function openPortal(server: ServerProcess): Promise<string> {
  const { body } = await call<{ url: string }>(
    `${server.url}/api/v1/auth/app-portal-access/default`,
    { body: {} },
  );
  const { pathname, hash } = new URL(body.url);
  return pathname + hash;
}

/** @param hours of history; a minute of it takes some milliseconds */
export async function startStory(hours = 24): Promise<Story> {
  const dataDir = await mkdtemp(path.join(tmpdir(), "amps-story-"));
  const database = await startEmbedded({
    dataDir,
    log: silentLog,
    settings: { fsync: "off", synchronous_commit: "off" },
  });
  const masterKey = randomBytes(32);
  const env = {
    DATABASE_URL: database.url,
    AMPS_MASTER_KEY: masterKey.toString("base64"),
    AMPS_ADMIN_PASSWORD: PASSWORD,
    AMPS_SANDBOX_BATTERIES: "5",
  };
  const first = await startServerProcess({ dataDir, env: { ...env, AMPS_ROLES: "api" } });
  const endpoints = await makeEndpoints(first.url);
  await first.stop();
  const { devices, ...tenant } = await readPlace(database.url, hours);
  await livePast({ url: database.url, masterKey, hours, tenant, devices });
  const server = await startServerProcess({ dataDir, env });
  return {
    amps: { ...server, dataDir, password: PASSWORD },
    endpoints,
    deviceId: devices[0]?.deviceId ?? "",
    ...(await newestIds(server, endpoints.billing)),
    issueId: await findIssue(server, endpoints.billing),
    portalPath: await openPortal(server),
    stop: async () => {
      await server.stop();
      await database.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
