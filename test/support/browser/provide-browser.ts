/**
 * The browser of a test run: what AMPS_TEST_BROWSER names, what the machine has, or what apt-get
 * installs. Without one the browser tests are skipped aloud; in CI that is a failure.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { findBrowser, isExecutable, type Machine } from "./find-browser.ts";
import { installChromium } from "./install-chromium.ts";

export type ProvidedBrowser =
  | { executablePath: string }
  /** Why there is none, and the one command that helps. Without `maySkip` it is a failure. */
  | { missing: string; maySkip: boolean };

const OS_RELEASE = "/etc/os-release";

export function thisMachine(tell: Machine["tell"]): Machine {
  const release = existsSync(OS_RELEASE) ? readFileSync(OS_RELEASE, "utf8") : "";
  return {
    platform: process.platform,
    distribution: /^ID="?([a-z]+)/m.exec(release)?.[1] ?? "",
    isRoot: process.getuid?.() === 0,
    env: process.env,
    tell,
  };
}

function isCi({ env }: Machine): boolean {
  return !["", "0", "false"].includes(env["CI"] ?? "");
}

async function hasApt({ platform, env }: Machine): Promise<boolean> {
  if (platform !== "linux") return false;
  const folders = (env["PATH"] ?? "").split(":");
  const found = await Promise.all(
    folders.map((folder) => isExecutable(path.join(folder, "apt-get"))),
  );
  return found.includes(true);
}

/** Ubuntu's own package is a snap, which tests cannot drive. */
export function enablingCommand({ distribution, isRoot }: Machine): string {
  if (distribution === "debian") {
    return `${isRoot ? "" : "sudo "}apt-get install -y chromium`;
  }
  return `npx playwright-core install ${distribution === "ubuntu" ? "--with-deps " : ""}chromium`;
}

export async function provideBrowser(machine: Machine): Promise<ProvidedBrowser> {
  const named = machine.env["AMPS_TEST_BROWSER"];
  if (named !== undefined && named !== "") {
    if (await isExecutable(named)) return { executablePath: named };
    const missing = `AMPS_TEST_BROWSER names ${named}, which is no program that can be run`;
    return { missing, maySkip: false };
  }
  const found = await findBrowser(machine);
  if (found !== undefined) return { executablePath: found };
  let reason = "this machine has no Chromium or Chrome";
  if (machine.isRoot && (await hasApt(machine))) {
    const failure = await installChromium(machine);
    const installed = await findBrowser(machine);
    if (installed !== undefined) return { executablePath: installed };
    reason += `, and apt-get could not install one (${failure ?? "what it installed does not run"})`;
  }
  const missing = `${reason}. To run the browser tests: ${enablingCommand(machine)}`;
  return { missing, maySkip: !isCi(machine) };
}
