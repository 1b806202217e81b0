/** Composition: config → database, storage, sender, node, engine, batteries, API; stopped in reverse order. */
import { randomBytes, randomFillSync } from "node:crypto";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { fileURLToPath } from "node:url";
import { createAuthenticator, createKnownCallers, type KnownCallers } from "./api/auth.ts";
import { loadDashboard } from "./api/dashboard/assets.ts";
import { makeLoginLink, Sessions } from "./api/dashboard/sessions.ts";
import { listen, urlOf } from "./api/listen.ts";
import { createApi } from "./api/server.ts";
import { tokenKeysOf, Tokens } from "./api/tokens/tokens.ts";
import type { ServerFacts } from "./banner.ts";
import { createConnectors } from "./battery/connectors/list.ts";
import { DeviceDriver } from "./battery/driver.ts";
import { registerBatteryRoutes } from "./battery/routes.ts";
import { ensureSandboxBatteries } from "./battery/sandbox-batteries.ts";
import { systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import type { ListenAddress } from "./core/address.ts";
import { encodeKey, KEY_BYTES } from "./core/api-key.ts";
import { IdSource } from "./core/ids.ts";
import { userAgentOf } from "./core/sent-headers.ts";
import { Engine } from "./engine/engine.ts";
import { FailingWatch } from "./engine/failing-watch.ts";
import { Node } from "./engine/ownership.ts";
import { PartitionKeeper } from "./engine/partition-keeper.ts";
import { createSender } from "./sender/sender.ts";
import { describeDatabase } from "./storage/describe-database.ts";
import { ping } from "./storage/environments/ping.ts";
import { listDevices } from "./storage/devices/list-devices.ts";
import { startEmbedded } from "./storage/embedded/start-embedded.ts";
import { type Bootstrapped, bootstrap } from "./storage/environments/bootstrap.ts";
import { ensureMasterKey } from "./storage/master-key.ts";
import { migrate } from "./storage/migrate.ts";
import { awaitPrimary } from "./storage/primary/await-primary.ts";
import { RememberedTimelines } from "./storage/primary/timelines.ts";
import { startResealing } from "./storage/reseal/background.ts";
import { ObservedStorage } from "./storage/observed-storage.ts";
import type { Storage } from "./storage/storage.ts";
import { Vault } from "./storage/vault.ts";
import { createAttemptWatch } from "./telemetry/attempt-watch.ts";
import { readDescriptorsMax, shareSockets } from "./telemetry/resources.ts";
import { startTelemetry, type Telemetry, watchParts } from "./telemetry/telemetry.ts";
import { Workers } from "./workers.ts";

/** Work has connections of its own, so that no load on the API can keep deliveries from the database. */
const WORK_CONNECTIONS = 8;
/** Kept while idle: a database whose slots are all taken could not give them back. */
const WORK_CONNECTIONS_KEPT = 4;
const API_CONNECTIONS = 6;
/** Of the embedded database: both pools, the session and what is being replaced, with room. */
const CONNECTIONS_PER_PROCESS = 20;
const CONNECTIONS_SPARE = 80;
/** Where `npm start` builds it. */
const DASHBOARD_FOLDER = fileURLToPath(new URL("../dashboard/dist", import.meta.url));

export interface RunningServer {
  facts: ServerFacts;
  /** Resolves with the reason when the server cannot go on; otherwise never. */
  failed: Promise<Error>;
  stop(): Promise<void>;
}

export interface ServerTools {
  log: Logger;
  version: string;
  /** One line of progress, for people. */
  tell: (line: string) => void;
  /** Log lines that had nowhere to go. */
  logsDropped?: () => number;
  /** Settled when the dashboard's build is there, or known not to come. */
  dashboardBuilt?: Promise<unknown>;
}

/** What was started, to be stopped in reverse order. */
class Stops {
  readonly #stops: (() => Promise<unknown>)[] = [];

  add(stop: () => Promise<unknown>): void {
    this.#stops.push(stop);
  }

  async run(): Promise<void> {
    for (let stop = this.#stops.pop(); stop !== undefined; stop = this.#stops.pop()) await stop();
  }
}

/** @throws with what to do, after undoing what was started */
export async function startServer(config: Config, tools: ServerTools): Promise<RunningServer> {
  const stops = new Stops();
  try {
    return await start(config, tools, stops);
  } catch (error) {
    await stops.run();
    throw error;
  }
}

async function start(config: Config, tools: ServerTools, stops: Stops): Promise<RunningServer> {
  const { log } = tools;
  const telemetry = await startTelemetry(config, tools.version);
  stops.add(() => telemetry.stop());
  const database = await openDatabase(config, { ...tools, telemetry }, stops);
  const { storage, apiStorage, workers, masterKeys } = database;
  const ids = new IdSource(
    () => systemClock.now(),
    (bytes) => randomFillSync(bytes),
  );
  const environments = await bootstrap(storage, ids, {
    presetKeys: config.presetKeys,
    generateKey: (mode) => encodeKey(mode, randomBytes(KEY_BYTES)),
  });
  if (config.roles.has("api")) stops.add(startResealing(storage, log));
  await ensureSandboxBatteries(storage, ids, {
    environmentId: environments.sandbox.environmentId,
    count: config.sandboxBatteries,
  });
  const keeper = new PartitionKeeper(storage, systemClock, log, config.retentionDays);
  await keeper.start();
  stops.add(() => keeper.stop());
  const failing = new FailingWatch({ storage, clock: systemClock, log, ids });
  stops.add(() => failing.stop());
  failing.start();

  const listening: ListenAddress[] = [];
  const work = await startWork(
    config,
    { ...tools, telemetry, storage, ids, ownAddresses: () => listening },
    stops,
  );
  workers.start();
  stops.add(async () => workers.askToStop());
  const shared = { ...tools, telemetry, ids, work, listening };
  const url = config.roles.has("api")
    ? await startApi(
        config,
        { ...shared, storage: apiStorage, workStorage: storage, masterKeys },
        stops,
      )
    : undefined;
  const facts = await describe(config, tools, { storage, environments, url });
  return { facts, failed: database.failed, stop: () => stops.run() };
}

interface Database {
  storage: Storage;
  apiStorage: Storage;
  workers: Workers;
  /** The current one first. */
  masterKeys: Buffer[];
  failed: Promise<Error>;
}

async function openDatabase(
  config: Config,
  { log, tell, telemetry }: ServerTools & { telemetry: Telemetry },
  stops: Stops,
): Promise<Database> {
  let connectionUrl: string;
  let failed = new Promise<Error>(() => undefined);
  let timelines = new RememberedTimelines();
  if (config.database.kind === "external") {
    connectionUrl = config.database.url;
    timelines = new RememberedTimelines({ dataDir: config.dataDir, log });
    await awaitPrimary({ connectionUrl, timelines, tell });
  } else {
    const max_connections = String(CONNECTIONS_SPARE + config.processes * CONNECTIONS_PER_PROCESS);
    const settings = { max_connections };
    const embedded = await startEmbedded({ dataDir: config.dataDir, log, settings });
    stops.add(() => embedded.stop());
    connectionUrl = embedded.url;
    failed = embedded.exited;
  }
  await migrate(connectionUrl, { log, timelines });
  const masterKey = config.masterKey ?? (await ensureMasterKey(config.dataDir));
  const open = (poolSize: number, poolKept: number): Storage => {
    const vault = new Vault(masterKey, config.oldMasterKeys);
    const options = { connectionUrl, vault, log, timelines, poolSize, poolKept };
    const storage = new ObservedStorage(options, telemetry.watch);
    stops.add(() => storage.close());
    return storage;
  };
  const storage = open(WORK_CONNECTIONS, WORK_CONNECTIONS_KEPT);
  // Opened now, not when the database may have none left.
  await Promise.all(Array.from({ length: WORK_CONNECTIONS_KEPT }, () => ping(storage)));
  const apiStorage = open(API_CONNECTIONS, 0);
  const workers = new Workers({
    count: config.processes - 1,
    clock: systemClock,
    log,
    environment: {
      ...config.environment,
      AMPS_ROLES: "engine",
      AMPS_PROCESSES: "1",
      DATABASE_URL: connectionUrl,
      AMPS_MASTER_KEY: masterKey.toString("base64"),
    },
  });
  // They are asked to stop before, and finish beside us; the database outlives them.
  stops.add(() => workers.stopped());
  const masterKeys = [masterKey, ...config.oldMasterKeys];
  return { storage, apiStorage, workers, masterKeys, failed };
}

interface Work {
  node: Node;
  engine: Engine;
  driver: DeviceDriver;
  connectors: ReturnType<typeof createConnectors>;
  /** Of the API; the node hears when a key is revoked. */
  known: KnownCallers;
}

interface WorkTools extends ServerTools {
  telemetry: Telemetry;
  storage: Storage;
  ids: IdSource;
  ownAddresses: () => readonly ListenAddress[];
}

/** What goes on without being asked: deliveries and devices of the buckets this node owns. */
async function startWork(config: Config, tools: WorkTools, stops: Stops): Promise<Work> {
  const { storage, ids, log, version, ownAddresses, telemetry } = tools;
  const { tracer } = telemetry;
  const sender = createSender({
    socketsMax: shareSockets(readDescriptorsMax()).receivers,
    egressAllow: config.egressAllow,
    clock: systemClock,
    ownAddresses,
  });
  stops.add(() => sender.close());
  const known = createKnownCallers(systemClock);
  const node = new Node({
    storage,
    clock: systemClock,
    log,
    ids,
    roles: config.roles,
    onNotification: (channel, payload) => {
      engine.notified(channel, payload);
      driver.notified(channel, payload);
      if (channel === "amps_api_key") known.forget();
    },
  });
  const engine = new Engine({
    storage,
    sender,
    clock: systemClock,
    log,
    ids,
    random: Math.random,
    ownership: node.deliveries,
    nodeId: () => node.nodeId,
    retryScheduleMs: config.retryScheduleMs,
    deliveryTimeoutMs: config.deliveryTimeoutMs,
    userAgent: userAgentOf(version),
    observer: createAttemptWatch(telemetry.metrics, log),
    counting: {},
    tracer,
  });
  const connectors = createConnectors({
    storage,
    clock: systemClock,
    sandboxSpeed: config.sandboxSpeed,
  });
  const driver = new DeviceDriver({
    storage,
    clock: systemClock,
    log,
    ids,
    ownership: node.devices,
    connectors,
    committing: engine.committing,
    tracer,
  });
  stops.add(() => node.stop());
  await node.start();
  stops.add(() => engine.stop());
  engine.start();
  stops.add(() => driver.stop());
  driver.start();
  return { node, engine, driver, connectors, known };
}

interface ApiTools extends ServerTools {
  telemetry: Telemetry;
  storage: Storage;
  workStorage: Storage;
  ids: IdSource;
  work: Work;
  /** Filled with where the API listens. */
  listening: ListenAddress[];
  masterKeys: Buffer[];
}

async function startApi(config: Config, tools: ApiTools, stops: Stops): Promise<string> {
  const { storage, ids, log, version, work, listening, telemetry, workStorage } = tools;
  const { node, engine, driver, connectors, known } = work;
  const tokens = new Tokens(tokenKeysOf(config, tools.masterKeys), systemClock);
  await tools.dashboardBuilt;
  let url = "";
  const publicUrl = (): string => config.publicUrl ?? url;
  const sessions = new Sessions({
    storage,
    clock: systemClock,
    random: randomBytes,
    password: config.adminPassword,
    publicUrl,
  });
  const authenticate = createAuthenticator(storage, systemClock, tokens, {
    limits: { perKey: config.rateLimit },
    sessions,
    known,
  });
  const { condition, backlog } = watchParts(telemetry, { ...work, ...tools, config });
  const api = createApi({
    storage,
    engine,
    authenticate,
    tokens,
    sessions,
    known,
    publicUrl,
    clock: systemClock,
    log,
    ids,
    random: randomBytes,
    egressAllow: config.egressAllow,
    httpsRequired: false,
    ownAddresses: () => listening,
    version,
    retentionDays: config.retentionDays,
    nodeId: () => node.nodeId,
    health: () => condition.health(),
    ping: () => ping(workStorage),
    pressure: () => condition.pressure(),
    connectionsMax: shareSockets(readDescriptorsMax()).clients,
    metrics: telemetry.metrics,
    metricsRoute: {
      metrics: telemetry.metrics,
      refresh: () => backlog.refresh(),
      ...(config.metricsToken !== undefined && { token: config.metricsToken }),
    },
    tracer: telemetry.tracer,
    pages: { assets: await loadDashboard(DASHBOARD_FOLDER, log), portalEmbed: config.portalEmbed },
    routes: [
      (app: FastifyInstance) =>
        registerBatteryRoutes(app, {
          storage,
          clock: systemClock,
          ids,
          authenticate,
          connectors,
          log,
          onAccepted: (actions) => driver.handOff(actions),
        }),
    ],
  });
  stops.add(() => api.close());
  const address = await listen(api, config);
  listening.push(address);
  url = urlOf(address);
  return url;
}

async function describe(
  config: Config,
  tools: ServerTools,
  started: { storage: Storage; environments: Bootstrapped; url: string | undefined },
): Promise<ServerFacts> {
  const { storage, environments, url } = started;
  const { sandbox, newKeys } = environments;
  const server = `PostgreSQL ${(await describeDatabase(storage)).version}`;
  const embedded = `${server}, embedded in ${config.dataDir}`;
  const page = { environmentId: sandbox.environmentId, offset: 0, limit: 1 };
  const [first] = await listDevices(storage, page);
  return {
    version: tools.version,
    url,
    loginLink:
      url === undefined || config.adminPassword !== undefined
        ? undefined
        : await makeLoginLink(storage, randomBytes, config.publicUrl ?? url),
    database: config.database.kind === "embedded" ? embedded : `${server}, from DATABASE_URL`,
    sandboxKey: newKeys.sandbox,
    liveKey: newKeys.live,
    sandboxKeyHint: sandbox.keyHint,
    firstDeviceId: first?.deviceId,
    roles: [...config.roles],
    processes: config.processes,
  };
}
