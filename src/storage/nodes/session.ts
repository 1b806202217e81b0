/**
 * One connection that lives as long as its node: it holds the node's advisory lock and listens for
 * what other nodes tell. Losing it means losing the lock, and with it every bucket.
 */
import type pg from "pg";
import { statement, type Storage } from "../storage.ts";

const CHANNELS = [
  "amps_bucket",
  "amps_due",
  "amps_endpoint",
  "amps_action",
  "amps_api_key",
] as const;

export type Channel = (typeof CHANNELS)[number];

export interface SessionListener {
  onNotification(channel: Channel, payload: string): void;
  /** The connection ended without `close`; called once. */
  onLost(error: Error): void;
}

export class Session {
  readonly #client: pg.Client;
  #closed = false;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async open(storage: Storage, listener: SessionListener): Promise<Session> {
    const client = await storage.session("amps node");
    const session = new Session(client);
    let lost = false;
    const onLost = (error: Error): void => {
      if (lost || session.#closed) return;
      lost = true;
      listener.onLost(error);
    };
    client.on("error", onLost);
    client.on("end", () => onLost(new Error("The node's database connection ended.")));
    client.on("notification", ({ channel, payload }) => {
      const known = CHANNELS.find((name) => name === channel);
      if (known !== undefined) listener.onNotification(known, payload ?? "");
    });
    for (const channel of CHANNELS) await client.query(`LISTEN ${channel}`);
    return session;
  }

  async lock(lockClass: number, lockNumber: number): Promise<void> {
    await this.#client.query("SELECT pg_advisory_lock($1, $2)", [lockClass, lockNumber]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client.end();
  }
}

const NOTIFY = statement("notify", "SELECT pg_notify($1, $2)");

/** Tells every node, this one included. A hint only: whoever misses it finds the rows by sweeping. */
export async function notifyNodes(
  storage: Storage,
  channel: Channel,
  payload: string,
): Promise<void> {
  await storage.query(NOTIFY, [channel, payload]);
}
