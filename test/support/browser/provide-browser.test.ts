import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { candidatePaths, type Machine } from "./find-browser.ts";
import { provideBrowser } from "./provide-browser.ts";

let folder: string;
let bin: string;
let told: string[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "amps-browser-"));
  bin = path.join(folder, "bin");
  await mkdir(bin);
  told = [];
  for (const tool of ["sh", "flock", "cp", "sleep"]) {
    await symlink(`/usr/bin/${tool}`, path.join(bin, tool));
  }
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function writeProgram(name: string, script: string, where = bin): Promise<string> {
  const file = path.join(where, name);
  await writeFile(file, `#!${bin}/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

/** An apt-get that notes what it was told, and copies a chromium to where programs are. */
async function writeAptGet(install: string): Promise<void> {
  await writeProgram("chromium", "echo Chromium 156.0.1", folder);
  const script = `echo "$@" >>${folder}/apt.log\n[ "$2" = update ] && exit 0\n${install}`;
  await writeProgram("apt-get", script);
}

function machine(changes: Partial<Machine> = {}, env: Machine["env"] = {}): Machine {
  return {
    platform: "linux",
    distribution: "debian",
    isRoot: true,
    env: { PATH: bin, ...env },
    tell: (line) => void told.push(line),
    ...changes,
  };
}

describe("on Linux", () => {
  beforeEach(({ skip }) => {
    if (process.platform !== "linux") skip("apt-get and programs on PATH are Linux's");
  });

  test("takes what is installed, and installs nothing", async () => {
    const file = await writeProgram("google-chrome", "echo Google Chrome 156.0.1");
    await writeAptGet("exit 1");
    expect(await provideBrowser(machine())).toEqual({ executablePath: file });
    expect(told).toEqual([]);
  });

  test("a program that only says where to get a browser is none", async () => {
    await writeProgram("chromium-browser", "echo 'requires the chromium snap to be installed'");
    expect(await provideBrowser(machine({ isRoot: false, distribution: "ubuntu" }))).toEqual({
      missing:
        "this machine has no Chromium or Chrome. To run the browser tests: " +
        "npx playwright-core install --with-deps chromium",
      maySkip: true,
    });
  });

  test("root on Debian gets chromium by apt-get, once for two runs at a time", async () => {
    await writeAptGet(`sleep 0.2; cp ${folder}/chromium ${bin}/chromium`);
    const provided = await Promise.all([provideBrowser(machine()), provideBrowser(machine())]);
    const executablePath = path.join(bin, "chromium");
    expect(provided).toEqual([{ executablePath }, { executablePath }]);
    const calls = (await readFile(path.join(folder, "apt.log"), "utf8")).trim().split("\n");
    expect(calls).toHaveLength(2);
    expect(calls[0]).toContain("update");
    expect(calls[1]).toMatch(/-y .*install chromium$/);
    expect(told[0]).toContain("Installing Debian's chromium");
    expect(told.at(-1)).toContain("chromium is installed");
  });

  test("what cannot be installed is said with its reason and the one command", async () => {
    await writeAptGet("echo 'E: Unable to locate package chromium' >&2; exit 100");
    expect(await provideBrowser(machine())).toEqual({
      missing:
        "this machine has no Chromium or Chrome, and apt-get could not install one " +
        "(E: Unable to locate package chromium). " +
        "To run the browser tests: apt-get install -y chromium",
      maySkip: true,
    });
  });

  test("who is not root is told the command, and nothing is installed", async () => {
    await writeAptGet(`cp ${folder}/chromium ${bin}/chromium`);
    const provided = await provideBrowser(machine({ isRoot: false }));
    expect(provided).toEqual({
      missing: expect.stringContaining("sudo apt-get install -y chromium"),
      maySkip: true,
    });
    await expect(readFile(path.join(folder, "apt.log"))).rejects.toThrow("ENOENT");
  });

  test("CI fails instead of skipping", async () => {
    for (const CI of ["true", "1"]) {
      expect(await provideBrowser(machine({ isRoot: false }, { CI }))).toMatchObject({
        missing: expect.stringContaining("no Chromium or Chrome"),
        maySkip: false,
      });
    }
    const off = await provideBrowser(machine({ isRoot: false }, { CI: "false" }));
    expect(off).toMatchObject({ maySkip: true });
  });

  test("AMPS_TEST_BROWSER goes first, and must be there", async () => {
    const file = await writeProgram("own", "echo anything");
    const named = machine({}, { AMPS_TEST_BROWSER: file });
    expect(await provideBrowser(named)).toEqual({ executablePath: file });
    const wrong = machine({}, { AMPS_TEST_BROWSER: path.join(bin, "nothing") });
    expect(await provideBrowser(wrong)).toEqual({
      missing: expect.stringContaining("AMPS_TEST_BROWSER names"),
      maySkip: false,
    });
  });
});

test("looks where macOS and Windows keep Chrome", () => {
  const mac = machine({ platform: "darwin", env: { HOME: "/Users/ada" } });
  expect(candidatePaths(mac)).toContain(
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  );
  expect(candidatePaths(mac)).toContain(
    "/Users/ada/Applications/Chromium.app/Contents/MacOS/Chromium",
  );
  const env = { PROGRAMFILES: String.raw`C:\Program Files` };
  expect(candidatePaths(machine({ platform: "win32", env }))[0]).toBe(
    String.raw`C:\Program Files\Google\Chrome\Application\chrome.exe`,
  );
});
