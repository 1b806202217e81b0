/** A real Amps server in a process of its own, started as `npm start` does, for end-to-end tests. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../..");
/** Guards against a hang only: a machine may be busy with many of these at once. */
const READY_MS_MAX = 120_000;

export const SANDBOX_KEY = `sk_test_${"e2e".repeat(11)}`;

export interface ServerProcessOptions {
  dataDir: string;
  env?: Record<string, string>;
  /** Through the launcher, as npm does; without it the server itself is the child, to be killed. */
  launcher?: boolean;
  /** File descriptors it may have. */
  descriptorsMax?: number;
  /** Another composition of the same server, such as one with a planted bug. */
  entry?: string;
  /** A command that replaces itself by the server, such as `ip netns exec NAME`. */
  within?: readonly string[];
  /** Told the process as soon as there is one, long before it is ready. */
  onSpawned?: (child: ChildProcess) => void;
}

export interface ServerProcess {
  /** Empty without the role api. */
  url: string;
  child: ChildProcess;
  /** Everything printed so far. */
  output(): string;
  /** kill -9. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM. Resolves with the exit code. */
  stop(): Promise<number | null>;
}

export interface FailedStart {
  code: number | null;
  output: string;
}

function spawnServer(options: ServerProcessOptions): { child: ChildProcess; output: () => string } {
  const command = [process.execPath, options.entry ?? "src/main.ts"];
  if (options.launcher === true) command.splice(1, 0, "scripts/launch.mjs");
  const { descriptorsMax } = options;
  if (descriptorsMax !== undefined) {
    command.unshift("/bin/sh", "-c", `ulimit -n ${descriptorsMax}; exec "$0" "$@"`);
  }
  const [file = "", ...rest] = [...(options.within ?? []), ...command];
  const child = spawn(file, rest, {
    cwd: ROOT,
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      AMPS_DATA_DIR: options.dataDir,
      AMPS_PORT: "0",
      AMPS_SANDBOX_KEY: SANDBOX_KEY,
      ...options.env,
    },
    // The channel lets the server notice that whoever started it was killed.
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let output = "";
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
    child.emit("printed");
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  return { child, output: () => output };
}

/** Resolves when the server says it is ready. */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const { child, output } = spawnServer(options);
  const exited = once(child, "exit");
  options.onSpawned?.(child);
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`The server was not ready in time:\n${output()}`)),
      READY_MS_MAX,
    );
    const look = (): void => {
      // The banner's last line.
      if (!output().includes("Ctrl-C stops it")) return;
      clearTimeout(timer);
      resolve(/Address\s+(http:\S+)/.exec(output())?.[1] ?? "");
    };
    child.on("printed", look);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`The server ended with ${code}:\n${output()}`));
    });
  });
  return {
    url,
    child,
    output,
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
    stop: async () => {
      child.kill("SIGTERM");
      const [code] = (await exited) as [number | null];
      return code;
    },
  };
}

/** For starts that are to fail. */
export async function failToStart(options: ServerProcessOptions): Promise<FailedStart> {
  const { child, output } = spawnServer(options);
  const [code] = (await once(child, "exit")) as [number | null];
  return { code, output: output() };
}

/** One JSON call with the sandbox key. */
export async function call<T>(
  url: string,
  request: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<{ status: number; body: T }> {
  const response = await fetch(url, {
    method: request.method ?? (request.body === undefined ? "GET" : "POST"),
    headers: {
      authorization: `Bearer ${SANDBOX_KEY}`,
      ...(request.body !== undefined && { "content-type": "application/json" }),
      ...request.headers,
    },
    ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === "" ? null : JSON.parse(text)) as T };
}
