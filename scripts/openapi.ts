/** `npm run openapi`: writes openapi.json out of the route schemas of both APIs, and the dashboard's types. Needs no database. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { parseCidrList } from "../src/core/address.ts";
import { IdSource } from "../src/core/ids.ts";
import type { Log } from "../src/core/types.ts";
import { createKnownCallers } from "../src/api/auth.ts";
import { Sessions } from "../src/api/dashboard/sessions.ts";
import { describeApi } from "../src/api/openapi-document.ts";
import { createApi, routesOf } from "../src/api/server.ts";
import { Tokens } from "../src/api/tokens/tokens.ts";
import { registerBatteryRoutes } from "../src/battery/routes.ts";
import { systemClock } from "../src/clock.ts";
import { Storage } from "../src/storage/storage.ts";
import { Vault } from "../src/storage/vault.ts";
import { writeClientTypes } from "./client-types.ts";
import manifest from "../package.json" with { type: "json" };

const log: Log = { debug() {}, info() {}, warn() {}, error() {} };

function unused(): never {
  throw new Error("A server that is only described does not work.");
}

/** Where the dashboard finds its types of the API. */
export const CLIENT_TYPES = "dashboard/src/api/generated/paths.ts";

/** The text of openapi.json: both APIs on a server that never listens, with a database never asked. */
export async function writeOpenApi(): Promise<string> {
  const allow = parseCidrList("");
  if (!allow.ok) throw new Error(allow.problems.join("\n"));
  const storage = new Storage({
    connectionUrl: "postgresql://127.0.0.1:1/none",
    vault: new Vault(Buffer.alloc(32)),
    log,
  });
  const ids = new IdSource(() => 0, unused);
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
    authenticate: unused,
    known: createKnownCallers(systemClock),
    tokens: new Tokens({ keys: [] }, systemClock),
    sessions: new Sessions({
      storage,
      clock: systemClock,
      random: unused,
      password: undefined,
      publicUrl: unused,
    }),
    publicUrl: unused,
    clock: systemClock,
    log,
    ids,
    random: (bytes) => Buffer.alloc(bytes),
    egressAllow: allow.list,
    httpsRequired: false,
    ownAddresses: () => [],
    version: manifest.version,
    retentionDays: 90,
    routes: [
      (api) =>
        registerBatteryRoutes(api, {
          storage,
          clock: systemClock,
          ids,
          authenticate: unused,
          connectors: new Map(),
          log,
          onAccepted: unused,
        }),
    ],
  });
  await app.ready();
  const document = describeApi(routesOf(app).routes, manifest.version);
  await app.close();
  await storage.close();
  return `${JSON.stringify(document, null, 2)}\n`;
}

if (import.meta.main) {
  const root = path.resolve(import.meta.dirname, "..");
  const text = await writeOpenApi();
  writeFileSync(path.join(root, "openapi.json"), text);
  writeFileSync(path.join(root, CLIENT_TYPES), writeClientTypes(text));
}
