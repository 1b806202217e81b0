import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Log } from "../../core/types.ts";
import { findPostmaster, isAlive, runningPid } from "./cluster.ts";
import { type EmbeddedDatabase, type EmbeddedOptions, startEmbedded } from "./start-embedded.ts";

const MODULE = new URL("./start-embedded.ts", import.meta.url).href;
const isRoot = process.getuid?.() === 0;
/** Without them root's database runs as nobody, whatever is asked for. */
const hasNamespaces = spawnSync("unshare", ["--user", "--map-user=1000", "true"]).status === 0;
const log: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** A directory as a first start and a stop leave it: a copy is had faster than another initdb. */
let seed: string;
let dataDir: string;
let started: EmbeddedDatabase[];
let children: ChildProcess[];

beforeAll(async () => {
  seed = await mkdtemp(path.join(tmpdir(), "amps-embedded-seed-"));
  await (await startEmbedded({ dataDir: seed, log })).stop();
});

afterAll(() => rm(seed, { recursive: true, force: true }));

beforeEach(async () => {
  dataDir = await realpath(await mkdtemp(path.join(tmpdir(), "amps-embedded-")));
  started = [];
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(started.map((database) => database.stop()));
  const left = await runningPid(path.join(dataDir, "postgres"));
  if (left !== undefined) process.kill(left, "SIGQUIT");
  await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  if (left !== undefined) throw new Error(`PostgreSQL ${left} was still running.`);
});

async function start(options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedDatabase> {
  const database = await startEmbedded({ dataDir, log, ...options });
  started.push(database);
  return database;
}

async function copySeed(): Promise<void> {
  for (const name of ["postgres", "secrets"]) {
    await cp(path.join(seed, name), path.join(dataDir, name), { recursive: true });
  }
}

async function query(url: string, sql: string): Promise<unknown[][]> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<unknown[]>({ text: sql, rowMode: "array" })).rows;
  } finally {
    await client.end();
  }
}

/** Another process that starts the database and holds it; resolves when it is ready. */
async function startChild(options: Partial<EmbeddedOptions> = {}): Promise<ChildProcess> {
  const program = `
    import { startEmbedded } from ${JSON.stringify(MODULE)};
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const options = ${JSON.stringify({ dataDir, ...options })};
    try {
      const { made } = await startEmbedded({ ...options, log });
      console.log(made);
    } catch (error) {
      console.log(error.message);
      process.exit(1);
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("The child has no output.");
  const [chunk] = await once(child.stdout, "data");
  return String(chunk).trim();
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

describe("a data directory", () => {
  test("is made on the first start; a later start finds what was written", async () => {
    const first = await start();
    expect(first.made).toBe("initialised");
    await query(first.url, "CREATE TABLE kept AS SELECT 7 AS value");
    const socketFolder = path.join(dataDir, "run");
    expect((await stat(socketFolder)).mode & 0o777).toBe(0o700);
    const password = path.join(dataDir, "secrets", "database-password");
    expect((await stat(password)).mode & 0o777).toBe(0o600);
    expect(first.url).toContain(await readFile(password, "utf8"));
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    const second = await start();
    expect(second.made).toBe("started");
    expect(await query(second.url, "SELECT value FROM kept")).toEqual([[7]]);
    expect((await readdir(dataDir)).sort()).toEqual(["postgres", "postgres.log", "run", "secrets"]);
  });

  test("is durable, checked, in UTF-8, C order and UTC, and asks for the password", async () => {
    await copySeed();
    const { url } = await start();
    const names = ["fsync", "synchronous_commit", "data_checksums", "server_encoding", "TimeZone"];
    const shown = await Promise.all(names.map((name) => query(url, `SHOW ${name}`)));
    expect(shown.flat(2)).toEqual(["on", "on", "on", "UTF8", "UTC"]);
    const collation = "SELECT datcollate FROM pg_database WHERE datname = 'amps'";
    expect(await query(url, collation)).toEqual([["C"]]);
    expect(await query(url, "SHOW listen_addresses")).toEqual([[""]]);
    await expect(query(url.replace(/:[^:@/]+@/, ":wrong@"), "SELECT 1")).rejects.toThrow(
      /password authentication failed/,
    );
  });

  test("may lie deeper than a unix socket's path may be long, under any name", async () => {
    const deep = path.join(dataDir, "a, 'b'".repeat(4), "d".repeat(90));
    const database = await start({ dataDir: deep });
    expect(await query(database.url, "SELECT 1")).toEqual([[1]]);
    const socketFolder = new URL(database.url.replace("@/", "@x/")).searchParams.get("host") ?? "";
    expect(path.dirname(socketFolder)).toBe(tmpdir());
    expect((await stat(socketFolder)).mode & 0o777).toBe(0o700);
    await database.stop();
    expect(existsSync(socketFolder)).toBe(false);
  });

  test("works over loopback TCP where there are no unix sockets", async () => {
    await copySeed();
    const database = await start({ tcp: true });
    expect(new URL(database.url).hostname).toBe("127.0.0.1");
    expect(await query(database.url, "SELECT 1")).toEqual([[1]]);
    await database.stop();
    expect(isAlive(database.pid)).toBe(false);
  });

  test("two first starts at once make one database, and one of them gets it", async () => {
    const lines = await Promise.all(
      [await startChild(), await startChild()].map((child) => firstLine(child)),
    );
    const refused = lines.filter((line) => line.startsWith("Another Amps server already uses"));
    expect(refused).toHaveLength(1);
    expect(lines).toContain("initialised");
    expect(existsSync(path.join(dataDir, "postgres", "PG_VERSION"))).toBe(true);
    for (const child of children) if (child.exitCode === null) await kill(child);
    expect((await start()).made).toBe("started");
  });

  test("is refused to a second server, by the process that has it", async () => {
    await copySeed();
    const first = await start();
    const child = await startChild();
    expect(await firstLine(child)).toBe(
      `Another Amps server already uses the data directory ${dataDir} (process ${process.pid}). ` +
        "Stop it, or start this one with another AMPS_DATA_DIR.",
    );
    expect(await query(first.url, "SELECT 1")).toEqual([[1]]);
  });

  test("that cannot be made is named, with what to do", async () => {
    await writeFile(path.join(dataDir, "file"), "");
    const wrong = path.join(dataDir, "file", "data");
    await expect(start({ dataDir: wrong })).rejects.toThrow(
      `The data directory ${wrong} cannot be made or written (ENOTDIR). ` +
        "Mend that, or choose another with AMPS_DATA_DIR.",
    );
  });

  test("whose password was lost says so instead of making a new one", async () => {
    await copySeed();
    const password = path.join(dataDir, "secrets", "database-password");
    await rm(password);
    await expect(start()).rejects.toThrow(`${password} is missing`);
    await writeFile(password, "another");
    await expect(start()).rejects.toThrow("The embedded database refused our connection.");
    await expect.poll(() => runningPid(path.join(dataDir, "postgres"))).toBeUndefined();
  });

  test("settings that PostgreSQL refuses end the start at once, with its own words", async () => {
    await copySeed();
    await expect(start({ settings: { max_connections: "many" } })).rejects.toThrow(
      /did not start\. Its log is .*\n.*invalid value for parameter "max_connections": "many"/s,
    );
  });
});

describe("after a kill -9", () => {
  test("of the server, the next start has the committed rows within seconds", async () => {
    await copySeed();
    const child = await startChild();
    expect(await firstLine(child)).toBe("started");
    const password = await readFile(path.join(dataDir, "secrets", "database-password"), "utf8");
    const host = encodeURIComponent(path.join(dataDir, "run"));
    const url = `postgresql://amps:${password}@/amps?host=${host}`;
    await query(url, "CREATE TABLE kept AS SELECT 7 AS value");
    await kill(child);
    const killedAt = performance.now();
    const next = await start();
    expect(performance.now() - killedAt).toBeLessThan(8_000);
    expect(await query(next.url, "SELECT value FROM kept")).toEqual([[7]]);
  });

  test("during initdb, nothing half-made is left after the next start", async () => {
    const child = await startChild();
    await expect
      .poll(async () => (await readdir(dataDir)).join(), { interval: 2 })
      .toMatch(/postgres\.new-/);
    await kill(child);
    expect(existsSync(path.join(dataDir, "postgres"))).toBe(false);
    expect((await start()).made).toBe("initialised");
    expect((await readdir(dataDir)).filter((name) => name.includes(".new-"))).toEqual([]);
  });

  test("of PostgreSQL, the pid file of a process that is none of its is no obstacle", async () => {
    await copySeed();
    const pidFile = path.join(dataDir, "postgres", "postmaster.pid");
    const lines = [process.pid, path.join(dataDir, "postgres"), 1, 5432, "", "", "1 2", "ready"];
    await writeFile(pidFile, `${lines.join("\n")}\n`);
    await chmod(pidFile, 0o600);
    expect((await start()).made).toBe("started");
  });

  test("of PostgreSQL under us, it is told with the reason", async () => {
    await copySeed();
    const database = await start();
    process.kill(database.pid, "SIGKILL");
    const reason = await database.exited;
    expect(reason.message).toContain(`(process ${database.pid}) ended`);
    await database.stop();
  });

  test("of one of PostgreSQL's processes, it recovers and the directory stays ours", async () => {
    await copySeed();
    const database = await start();
    const backend = `SELECT pg_backend_pid() FROM pg_sleep(0)`;
    const client = new Client({ connectionString: database.url });
    client.on("error", () => undefined);
    await client.connect();
    const ended = new Promise((resolve) => client.once("end", resolve));
    const { rows } = await client.query<{ pg_backend_pid: number }>(backend);
    process.kill(rows[0]?.pg_backend_pid ?? 0, "SIGKILL");
    await ended;
    const locks = "SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory'";
    await expect
      .poll(() => query(database.url, locks).catch(() => "recovering"), { timeout: 15_000 })
      .toEqual([[1]]);
    const child = await startChild();
    expect(await firstLine(child)).toContain("Another Amps server already uses");
  });

  test("of the server where PostgreSQL outlives it, it is adopted where it listens", async () => {
    await copySeed();
    const child = await startChild({ dieWithParent: false, tcp: true });
    await firstLine(child);
    const orphan = await findPostmaster(path.join(dataDir, "postgres"));
    await kill(child);
    const adopted = await start();
    expect(adopted.made).toBe("adopted");
    expect(adopted.pid).toBe(orphan?.pid);
    expect(new URL(adopted.url).port).toBe(String(orphan?.port));
    expect(await query(adopted.url, "SELECT 1")).toEqual([[1]]);
    await adopted.stop();
    expect(isAlive(adopted.pid)).toBe(false);
  });
});

describe.runIf(isRoot)("as root (an ordinary user needs none of it)", () => {
  const ways = ["user-namespace", "as-nobody"] as const;
  test.each(ways)("%s: runs, and is found again by the owner of its files", async (way) => {
    const cluster = path.join(dataDir, "postgres");
    const first = await start({ way });
    const { uid } = await stat(cluster);
    expect(uid === 0).toBe(way === "user-namespace" && hasNamespaces);
    await query(first.url, "CREATE TABLE kept AS SELECT 7 AS value");
    await first.stop();
    // The other way may be asked for: the files decide.
    const second = await start({ way: way === "as-nobody" ? "user-namespace" : "as-nobody" });
    expect((await stat(cluster)).uid).toBe(uid);
    expect(await query(second.url, "SELECT value FROM kept")).toEqual([[7]]);
  });

  test("as nobody under a private folder, the folder in the way is named", async () => {
    await chmod(dataDir, 0o755);
    const home = path.join(dataDir, "home");
    await mkdir(home, { mode: 0o700 });
    const inside = path.join(home, "data");
    await expect(start({ dataDir: inside, way: "as-nobody" })).rejects.toThrow(
      `may not enter ${home} on the way to ${inside}. Choose another AMPS_DATA_DIR`,
    );
  });
});
