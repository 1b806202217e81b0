/** The battery API on a database of its own, with both environments, their keys and a running driver. */
import { createHash, randomBytes } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { createAuthenticator, createKnownCallers } from "../../src/api/auth.ts";
import { Sessions } from "../../src/api/dashboard/sessions.ts";
import { createApi } from "../../src/api/server.ts";
import { Tokens } from "../../src/api/tokens/tokens.ts";
import { registerBatteryRoutes } from "../../src/battery/routes.ts";
import { systemClock } from "../../src/clock.ts";
import { parseCidrList } from "../../src/core/address.ts";
import { bootstrap, type Bootstrapped } from "../../src/storage/environments/bootstrap.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { silentLog, sql } from "../support/factories.ts";
import { BatteryNode, ids } from "./battery-node.ts";

export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: Envelope;
}

export interface Envelope {
  success: boolean;
  data: Record<string, unknown> & { id: string };
  error: { code: string; message: string; details: Record<string, unknown> };
  meta: Record<string, unknown>;
}

export interface CallOptions {
  key?: string;
  method?: "GET" | "POST";
  body?: unknown;
  headers?: Record<string, string>;
}

const KEYS = {
  sandbox: "sk_test_battery_api_tests_0123456789",
  live: "sk_live_battery_api_tests_0123456789",
  read: "sk_test_battery_api_tests_read_only",
};

export class BatteryApi {
  readonly keys = KEYS;
  readonly tokens: Tokens;
  readonly node: BatteryNode;
  readonly app: FastifyInstance;
  readonly environments: Bootstrapped;
  readonly #database: TestDatabase;

  private constructor(parts: {
    tokens: Tokens;
    node: BatteryNode;
    app: FastifyInstance;
    environments: Bootstrapped;
    database: TestDatabase;
  }) {
    this.tokens = parts.tokens;
    this.node = parts.node;
    this.app = parts.app;
    this.environments = parts.environments;
    this.#database = parts.database;
  }

  static async start(): Promise<BatteryApi> {
    const database = await createTestDatabase();
    const node = new BatteryNode({ url: database.url });
    const { storage } = node;
    const environments = await bootstrap(storage, ids, {
      presetKeys: { sandbox: KEYS.sandbox, live: KEYS.live },
      generateKey: () => {
        throw new Error("Both keys are preset.");
      },
    });
    await sql(
      storage,
      `INSERT INTO api_key (key_hash, environment_id, name, scope, hint)
       VALUES ($1, $2, 'reader', 'read', 'sk_test_…only')`,
      [createHash("sha256").update(KEYS.read).digest(), environments.sandbox.environmentId],
    );
    const tokens = new Tokens({ keys: [] }, systemClock);
    const publicUrl = (): string => "http://127.0.0.1:8071";
    const sessions = new Sessions({
      storage,
      clock: systemClock,
      random: randomBytes,
      password: undefined,
      publicUrl,
    });
    const known = createKnownCallers(systemClock);
    const authenticate = createAuthenticator(storage, systemClock, tokens, { sessions, known });
    const egress = parseCidrList("");
    if (!egress.ok) throw new Error("An empty list is a list.");
    const unused = (): never => {
      throw new Error("The battery API publishes nothing itself.");
    };
    const app = createApi({
      storage,
      engine: {
        publishFor: unused,
        publishTo: unused,
        resend: unused,
        endpointChanged: unused,
        taskCreated: unused,
        retryScheduleMs: [],
        owns: unused,
        waiting: unused,
      },
      authenticate,
      tokens,
      known,
      sessions,
      publicUrl,
      clock: systemClock,
      log: silentLog,
      ids,
      random: randomBytes,
      egressAllow: egress.list,
      httpsRequired: false,
      ownAddresses: () => [],
      version: "test",
      retentionDays: 90,
      routes: [
        (scope) =>
          registerBatteryRoutes(scope, {
            storage,
            clock: systemClock,
            log: silentLog,
            ids,
            authenticate,
            connectors: node.connectors,
            onAccepted: (actions) => node.driver.handOff(actions),
          }),
      ],
    });
    await node.start();
    await app.ready();
    return new BatteryApi({ tokens, node, app, environments, database });
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.node.stop();
    await this.#database.drop();
  }

  /** @param options.body text is sent as it is */
  async call(url: string, options: CallOptions = {}): Promise<Answer> {
    const { key = KEYS.sandbox, body, headers = {} } = options;
    const method = options.method ?? (body === undefined ? "GET" : "POST");
    const response = await this.app.inject({
      method,
      url,
      headers: {
        ...(key !== "" && { "x-api-key": key }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && {
        payload: typeof body === "string" ? body : JSON.stringify(body),
      }),
    });
    return {
      status: response.statusCode,
      headers: response.headers,
      body: response.json<Envelope>(),
    };
  }

  push(deviceId: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call(`/battery/${deviceId}`, { body, headers });
  }
}
