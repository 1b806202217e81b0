/** Debian's Chromium, installed once for all test runs of the machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Machine } from "./find-browser.ts";

/** For another run's install, then for the own one. */
const WAIT_SECONDS_MAX = 900;
const INSTALL_MS_MAX = 1_200_000;
const SHOWN_LINES_MAX = 3;

/**
 * Under a lock, because two runs may start together: the second finds what the first installed. The
 * lock is on apt-get's own file, so nothing is left behind. A package list that cannot be renewed
 * is not the end: the one that is there may do.
 */
const SCRIPT = [
  "command -v chromium >/dev/null && exit 0",
  "apt-get -q update || true",
  "exec apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=600 install chromium",
].join("\n");

/** @returns undefined when it was installed, otherwise the last lines of what apt-get said */
export async function installChromium({ env, tell }: Machine): Promise<string | undefined> {
  tell("Installing Debian's chromium for the browser tests (once, about a minute) …");
  const startedAt = performance.now();
  const locked = `exec flock -o -w ${WAIT_SECONDS_MAX} "$(command -v apt-get)" sh -c "$0"`;
  const child = spawn("sh", ["-c", locked, SCRIPT], {
    env: { ...env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: INSTALL_MS_MAX,
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  if (code === 0) {
    tell(`… chromium is installed, after ${seconds} s.`);
    return undefined;
  }
  tell(`… apt-get could not install chromium (after ${seconds} s).`);
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-SHOWN_LINES_MAX).join("; ") || `apt-get ended with ${code}`;
}
