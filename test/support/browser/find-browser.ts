/** Where the machine has a Chromium or Chrome that the browser tests can drive. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import path from "node:path";
import { chromium } from "playwright-core";

/** What looking for a browser needs to know of the machine; tests make one up. */
export interface Machine {
  platform: NodeJS.Platform;
  /** `ID` of /etc/os-release; empty elsewhere. */
  distribution: string;
  isRoot: boolean;
  env: Readonly<Record<string, string | undefined>>;
  /** One line of progress, for people. */
  tell: (line: string) => void;
}

const NAMES = ["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"];
/** Of `--version`: a program that says nothing for so long is not a browser to test with. */
const VERSION_MS_MAX = 20_000;
const MAC_APPLICATIONS = [
  "Google Chrome.app/Contents/MacOS/Google Chrome",
  "Chromium.app/Contents/MacOS/Chromium",
];
const WINDOWS_PROGRAM = String.raw`Google\Chrome\Application\chrome.exe`;

/** Files that may be a browser, best first. */
export function candidatePaths({ platform, env }: Machine): string[] {
  // Where `npx playwright-core install chromium` puts one.
  const installed = [chromium.executablePath()];
  if (platform === "darwin") {
    const folders = ["/Applications", `${env["HOME"] ?? ""}/Applications`];
    const apps = folders.flatMap((folder) => MAC_APPLICATIONS.map((app) => `${folder}/${app}`));
    return [...apps, ...installed];
  }
  if (platform === "win32") {
    const folders = ["PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"].map((name) => env[name]);
    const known = folders.filter((folder) => folder !== undefined);
    return [...known.map((folder) => path.win32.join(folder, WINDOWS_PROGRAM)), ...installed];
  }
  return [...pathCandidates(env), ...installed];
}

function pathCandidates(env: Machine["env"]): string[] {
  const folders = (env["PATH"] ?? "").split(":").filter((folder) => path.isAbsolute(folder));
  return NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name)));
}

export async function isExecutable(file: string): Promise<boolean> {
  return await access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Ubuntu's `chromium-browser` is a script that only says where to get one. */
async function saysItsVersion(file: string): Promise<boolean> {
  const child = spawn(file, ["--version"], {
    stdio: ["ignore", "pipe", "ignore"],
    timeout: VERSION_MS_MAX,
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = await once(child, "close").catch(() => [1]);
  return ended[0] === 0 && /^(Chromium|Google Chrome)\b/m.test(output);
}

/** Elsewhere the file is enough: on Windows `--version` would open a window. */
export async function findBrowser(machine: Machine): Promise<string | undefined> {
  for (const file of candidatePaths(machine)) {
    if (!(await isExecutable(file))) continue;
    if (machine.platform !== "linux" || (await saysItsVersion(file))) return file;
  }
  return undefined;
}
