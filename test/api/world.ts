/** The API over a whole node in the test's process: real database and engine, a scripted sender. */
import { randomBytes } from "node:crypto";
import type { FastifyInstance, InjectOptions } from "fastify";
import { Svix } from "svix";
import { type AccessLimits, createAuthenticator, createKnownCallers } from "../../src/api/auth.ts";
import { makeLoginLink, Sessions } from "../../src/api/dashboard/sessions.ts";
import type { ApiDeps } from "../../src/api/deps.ts";
import { createApi } from "../../src/api/server.ts";
import { type TokenSettings, tokenKeysOf, Tokens } from "../../src/api/tokens/tokens.ts";
import { createConnectors } from "../../src/battery/connectors/list.ts";
import { registerBatteryRoutes } from "../../src/battery/routes.ts";
import { systemClock } from "../../src/clock.ts";
import { parseCidrList } from "../../src/core/address.ts";
import { type Bootstrapped, bootstrap } from "../../src/storage/environments/bootstrap.ts";
import type { Clock, EnvironmentMode } from "../../src/core/types.ts";
import { createTestDatabase } from "../support/database.ts";
import { createIds, silentLog } from "../support/factories.ts";
import { TestNode, type TestNodeOptions } from "../support/test-node.ts";

export const JWT_SECRET = randomBytes(32).toString("base64");
export const ADMIN_PASSWORD = "correct horse battery staple";
export const PUBLIC_URL = "https://amps.example/base";

export interface WorldChanges extends Partial<ApiDeps> {
  /** The battery API too; nobody drives the actions it accepts. */
  battery?: boolean;
  limits?: AccessLimits;
  /** Other keys of tokens. */
  tokenSettings?: TokenSettings;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | number | undefined>;
  text: string;
  /** The parsed body; null for an empty one. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look wherever they like
  body: any;
}

export interface CallOptions {
  key?: string | null;
  headers?: Record<string, string>;
  /** Sent as JSON; a string or Buffer is sent as it is. */
  body?: unknown;
}

/** Real time, except that the test can skip some of it. */
export class SkippableClock implements Clock {
  skip = false;
  /** What is remembered for a while is forgotten sooner. */
  aheadMs = 0;
  readonly now = (): number => systemClock.now();
  readonly monotonic = (): number => systemClock.monotonic() + this.aheadMs;

  after(delayMs: number, task: () => void): () => void {
    if (!this.skip) return systemClock.after(delayMs, task);
    const immediate = setImmediate(task);
    return () => clearImmediate(immediate);
  }
}

export class World {
  /** The API's clock. */
  readonly clock: SkippableClock;
  readonly node: TestNode;
  readonly app: FastifyInstance;
  readonly environments: Bootstrapped;
  readonly sandboxKey: string;
  readonly liveKey: string;
  readonly #drop: () => Promise<void>;
  #url: string | undefined;

  private constructor(
    node: TestNode,
    app: FastifyInstance,
    found: {
      clock: SkippableClock;
      environments: Bootstrapped;
      keys: string[];
      drop: () => Promise<void>;
    },
  ) {
    this.clock = found.clock;
    this.node = node;
    this.app = app;
    this.environments = found.environments;
    [this.sandboxKey = "", this.liveKey = ""] = found.keys;
    this.#drop = found.drop;
  }

  /** Changes: what the test gives the API, or the node, beside their own. */
  static async open(
    { battery: withBattery = false, limits, tokenSettings, ...changes }: WorldChanges = {},
    nodeChanges: Partial<TestNodeOptions> = {},
  ): Promise<World> {
    const database = await createTestDatabase();
    const node = await new TestNode({ ...nodeChanges, url: database.url }).start();
    const ids = createIds();
    const keys = ["sk_test_", "sk_live_"].map((prefix) => prefix + randomBytes(24).toString("hex"));
    const environments = await bootstrap(node.storage, ids, {
      presetKeys: { sandbox: keys[0] ?? "", live: keys[1] ?? "" },
      generateKey: () => "",
    });
    const allow = parseCidrList("127.0.0.0/8");
    if (!allow.ok) throw new Error(allow.problems.join());
    const clock = new SkippableClock();
    const tokens = new Tokens(
      tokenKeysOf({ jwtAlgorithm: "HS256", jwtSecret: JWT_SECRET, ...tokenSettings }, []),
      clock,
    );
    const { storage } = node;
    const publicUrl = (): string => PUBLIC_URL;
    const password = ADMIN_PASSWORD;
    const sessions = new Sessions({ storage, clock, random: randomBytes, password, publicUrl });
    const known = createKnownCallers(clock);
    const authenticate = createAuthenticator(storage, clock, tokens, {
      // One address stands for all callers of a test.
      limits: { failures: { count: 100_000, perMs: 1_000 }, ...limits },
      sessions,
      known,
    });
    const battery = (api: FastifyInstance): Promise<void> =>
      registerBatteryRoutes(api, {
        storage,
        clock,
        log: silentLog,
        ids,
        authenticate,
        connectors: createConnectors({ storage, clock, sandboxSpeed: 1 }),
        onAccepted: () => undefined,
      });
    const app = createApi({
      storage,
      engine: node.engine,
      authenticate,
      tokens,
      sessions,
      known,
      publicUrl,
      clock,
      log: silentLog,
      ids,
      random: randomBytes,
      egressAllow: allow.list,
      httpsRequired: false,
      ownAddresses: () => [{ host: "127.0.0.1", port: 8071 }],
      version: "0.0.0-test",
      retentionDays: 90,
      routes: withBattery ? [battery] : [],
      ...changes,
    });
    await app.ready();
    return new World(node, app, { clock, environments, keys, drop: () => database.drop() });
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.node.stop();
    await this.#drop();
  }

  /** Calls without a socket; with the sandbox key unless told otherwise. */
  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const { key = this.sandboxKey, body } = options;
    const raw = typeof body === "string" || Buffer.isBuffer(body);
    const request: InjectOptions = {
      method,
      url: path,
      headers: {
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...options.headers,
      },
      ...(body !== undefined && { payload: raw ? body : JSON.stringify(body) }),
    };
    const response = await this.app.inject(request);
    const text = response.body;
    const isJson = String(response.headers["content-type"]).startsWith("application/json");
    return {
      status: response.statusCode,
      headers: response.headers,
      text,
      body: isJson && text !== "" ? (JSON.parse(text) as unknown) : null,
    };
  }

  /** The official client, over a socket. */
  async client(key = this.sandboxKey): Promise<Svix> {
    return new Svix(key, { serverUrl: await this.listen() });
  }

  /** Where it listens, on a free port of loopback. */
  async listen(): Promise<string> {
    this.#url ??= await this.app.listen({ host: "127.0.0.1", port: 0 });
    return this.#url;
  }

  /** Logs in by a link. @returns the headers of a session in the sandbox, writes included */
  async logIn(mode: EnvironmentMode = "sandbox"): Promise<Record<string, string>> {
    const link = await makeLoginLink(this.node.storage, randomBytes, PUBLIC_URL);
    const token = link.slice(link.indexOf("=") + 1);
    const path = "/api/v1/dashboard/login";
    const answer = await this.call("POST", path, { key: null, body: { token } });
    if (answer.status !== 200) throw new Error(answer.text);
    return {
      cookie: String(answer.headers["set-cookie"]).split(";")[0] ?? "",
      "amps-csrf-token": String(answer.body.csrfToken),
      "amps-environment": mode,
    };
  }

  /** A new application of the sandbox. */
  async application(fields: object = {}): Promise<string> {
    const made = await this.call("POST", "/api/v1/app", { body: { name: "test", ...fields } });
    if (made.status !== 201) throw new Error(made.text);
    return String(made.body.id);
  }

  /** A new endpoint; the sender decides what its receiver answers. */
  async endpoint(appId: string, fields: object = {}): Promise<string> {
    const body = { url: "http://127.0.0.1:9999/webhooks", ...fields };
    const made = await this.call("POST", `/api/v1/app/${appId}/endpoint`, { body });
    if (made.status !== 201) throw new Error(made.text);
    return String(made.body.id);
  }

  /** A new message. */
  async message(appId: string, fields: object = {}): Promise<string> {
    const body = { eventType: "test.event", payload: { n: 1 }, ...fields };
    const made = await this.call("POST", `/api/v1/app/${appId}/msg`, { body });
    if (made.status !== 202) throw new Error(made.text);
    return String(made.body.id);
  }

  /** Resolves when so many attempts of the message are recorded. */
  async attempts(appId: string, messageId: string, count: number): Promise<Answer> {
    const path = `/api/v1/app/${appId}/attempt/msg/${messageId}`;
    let answer = await this.call("GET", path);
    await this.node.events.until(async () => {
      answer = await this.call("GET", path);
      return answer.body.data.length >= count;
    });
    return answer;
  }
}
