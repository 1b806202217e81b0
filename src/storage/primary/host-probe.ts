/** One host, asked again and again over a connection of its own, each time within a deadline. */
import pg from "pg";
import type { DatabaseHost } from "../../core/database-url.ts";
import { sqlState } from "../statement.ts";
import { meansServerGone } from "./errors.ts";
import { readServerState, type ServerState } from "./server-state.ts";

const PROBE_MS_MAX = 1_000;

export type Probed =
  | { kind: "state"; state: ServerState }
  /** It does not run, or not yet, or no more. */
  | { kind: "gone"; error: unknown }
  /** It may be overloaded, or out of reach. */
  | { kind: "silent" }
  /** It runs and refuses: too many connections, a wrong password. */
  | { kind: "refused"; error: unknown };

export class HostProbe {
  readonly host: DatabaseHost;
  #client: pg.Client | undefined;

  constructor(host: DatabaseHost) {
    this.host = host;
  }

  async ask(): Promise<Probed> {
    const timeout = Promise.withResolvers<Probed>();
    const timer = setTimeout(() => timeout.resolve({ kind: "silent" }), PROBE_MS_MAX);
    const asked = this.#ask().catch((error: unknown): Probed => {
      const silent = sqlState(error) === "ETIMEDOUT" || sqlState(error) === "EHOSTUNREACH";
      if (silent) return { kind: "silent" };
      return { kind: meansServerGone(error) ? "gone" : "refused", error };
    });
    const probed = await Promise.race([asked, timeout.promise]);
    clearTimeout(timer);
    if (probed.kind !== "state") this.close();
    return probed;
  }

  close(): void {
    if (this.#client !== undefined) destroy(this.#client);
    this.#client = undefined;
  }

  async #ask(): Promise<Probed> {
    if (this.#client === undefined) {
      const client = new pg.Client({
        connectionString: this.host.url,
        application_name: "amps probe",
      });
      client.on("error", () => undefined);
      this.#client = client;
      await client.connect();
    }
    return { kind: "state", state: await readServerState(this.#client) };
  }
}

/** Ends a connection without a word: the other side may not hear it. */
export function destroy(client: pg.ClientBase): void {
  // Pooled clients are of the same class; only their type does not say so.
  if (client instanceof pg.Client) client.connection.stream.destroy();
}
