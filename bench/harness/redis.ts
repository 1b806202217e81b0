/** A Redis of the machine, in a temporary folder, as durable as BullMQ's documentation asks for. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { NotHere } from "../benchmark.ts";
import { until } from "./cast.ts";
import { onCleanup } from "./cleanup.ts";

export interface RunningRedis {
  socket: string;
  version: string;
}

/** @throws NotHere with how to install it */
export function redisVersion(): string {
  try {
    const said = execFileSync("redis-server", ["--version"], { encoding: "utf8" });
    return /v=(\S+)/.exec(said)?.[1] ?? said.trim();
  } catch {
    throw new NotHere(
      "The baseline needs a Redis to compare with, and there is no redis-server here. Install it " +
        "(Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis) and run again.",
    );
  }
}

export async function startRedis(): Promise<RunningRedis> {
  const version = redisVersion();
  const folder = await mkdtemp(path.join(tmpdir(), "amps-bench-redis-"));
  onCleanup(() => rm(folder, { recursive: true, force: true }));
  const socket = path.join(folder, "redis.sock");
  const settings = {
    port: "0",
    unixsocket: socket,
    dir: folder,
    appendonly: "yes",
    // A crash may lose a second of accepted events. Amps loses none; every write on disk would be slower.
    appendfsync: "everysec",
    save: "",
    "maxmemory-policy": "noeviction",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const server = spawn("redis-server", args, { stdio: "ignore" });
  onCleanup(async () => {
    if (server.exitCode !== null) return;
    server.kill();
    await once(server, "exit");
  });
  await until(() => Promise.resolve(existsSync(socket)), "Redis to start");
  return { socket, version };
}
