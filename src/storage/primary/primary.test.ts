/** Failover on real servers: a primary, its synchronous standby, and what an old primary may do. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ReplicatedPostgres } from "../../../test/support/replicated-postgres.ts";
import { silentLog, sql, testVault } from "../../../test/support/factories.ts";
import { Storage } from "../storage.ts";
import { RememberedTimelines } from "./timelines.ts";

let pair: ReplicatedPostgres;
let dataDir: string;
let storage: Storage;

function open(url: string): Storage {
  const timelines = new RememberedTimelines({ dataDir, log: silentLog });
  return new Storage({ connectionUrl: url, vault: testVault, log: silentLog, timelines });
}

/** The server that a write goes to. */
async function write(to: Storage): Promise<unknown> {
  const [row] = await sql(
    to,
    `INSERT INTO instance (name, value) VALUES ('written', '1')
     ON CONFLICT (name) DO UPDATE SET value = instance.value::int + 1
     RETURNING current_setting('cluster_name') AS server`,
  );
  return row?.["server"];
}

async function refusal(url: string): Promise<string> {
  const other = open(url);
  const said = await write(other).then(String, (error: Error) => error.message);
  await other.close();
  return said;
}

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), "amps-timelines-"));
  pair = await ReplicatedPostgres.start();
  storage = open(pair.url);
});

afterAll(async () => {
  await storage.close();
  await pair.close();
  await rm(dataDir, { recursive: true, force: true });
});

describe("several hosts", () => {
  test("the writable one is used, wherever it stands in the list", async () => {
    expect(await write(storage)).toBe("a");
    const reversed = pair.url.replace(
      /(127[^,]+),(127[^/]+)/,
      (_all, a: string, b: string) => `${b},${a}`,
    );
    const other = open(reversed);
    expect(await write(other)).toBe("a");
    await other.close();
  });

  test("a standby alone is refused, in words and without the password", async () => {
    const said = await refusal(pair.urlOf("b"));
    expect(said).toBe(
      `No host of DATABASE_URL can be used: 127.0.0.1:${pair.portOf("b")} is a standby, ` +
        "read-only until it is promoted.",
    );
  });

  test("E12: the primary dies, the standby is promoted: it is used, sessions move too", async () => {
    const session = await storage.session("test");
    const ended = new Promise((resolve) => session.once("end", resolve));
    await pair.kill("a");
    await ended;
    await pair.promote("b");
    await expect.poll(() => write(storage).catch(String), { timeout: 20_000 }).toBe("b");
    const next = await storage.session("test");
    const { rows } = await next.query("SELECT current_setting('cluster_name') AS server");
    expect(rows).toEqual([{ server: "b" }]);
    await next.end();
  });

  test("E14: the old primary comes back writable: nobody uses it, not even alone or restarted", async () => {
    await pair.run("a");
    await pair.synchronous("a", false);
    await pair.query("a", "INSERT INTO instance (name, value) VALUES ('astray', '1')");
    expect(await write(storage)).toBe("b");
    expect(await refusal(pair.url)).toBe("b");
    const stranger = new Storage({ connectionUrl: pair.url, vault: testVault, log: silentLog });
    expect(await write(stranger)).toBe("b");
    await stranger.close();
    const alone = await refusal(pair.urlOf("a"));
    expect(alone).toContain("is an older primary (timeline 1; timeline 2 was seen)");
    expect(alone).toContain(path.join(dataDir, "database-timelines.json"));
    const kept = await readFile(path.join(dataDir, "database-timelines.json"), "utf8");
    expect(Object.values(JSON.parse(kept) as object)).toEqual([2]);
  });
});

test("E17: the standby is promoted while the old primary lives on, cut off: it is left at once", async () => {
  const other = await ReplicatedPostgres.start();
  const cutOff = open(other.url);
  expect(await write(cutOff)).toBe("a");
  // Nobody told the old primary: it still takes connections, and waits for a standby that is gone.
  await other.promote("b");
  // More than the pool has connections: some wait for one.
  const under = Array.from({ length: 20 }, () => write(cutOff).catch(() => "refused"));
  const servers = new Set<unknown>();
  await expect
    .poll(() => write(cutOff).then((server) => servers.add(server) && server, String), {
      timeout: 20_000,
    })
    .toBe("b");
  expect(await write(cutOff)).toBe("b");
  expect([...servers]).toEqual(["b"]);
  expect(await Promise.all(under)).not.toContain("a");
  expect(await other.query("a", "SELECT pg_is_in_recovery() AS standby")).toEqual([
    { standby: false },
  ]);
  await cutOff.close();
  await other.close();
}, 60_000);
