import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildDashboard } from "./dashboard-build.ts";

/** Stands for vite: copies index.html, and fails on a page that says so. */
const FAKE_VITE = `
import { cpSync, mkdirSync, readFileSync } from "node:fs";
const out = process.argv[process.argv.indexOf("--outDir") + 1];
if (readFileSync("dashboard/src/main.ts", "utf8").includes("broken")) {
  console.error("main.ts is broken");
  process.exit(2);
}
mkdirSync(out, { recursive: true });
cpSync("dashboard/index.html", out + "/index.html");
`;

let root: string;
const write = async (name: string, text: string): Promise<void> => {
  await mkdir(path.dirname(path.join(root, name)), { recursive: true });
  await writeFile(path.join(root, name), text);
};
const builtPage = async (): Promise<string> =>
  await readFile(path.join(root, "dashboard/dist/index.html"), "utf8");

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "amps-build-"));
  await write("package.json", '{"type":"module"}');
  await write("package-lock.json", "{}");
  await write("node_modules/vite/bin/vite.js", FAKE_VITE);
  await write("dashboard/index.html", "one");
  await write("dashboard/src/main.ts", "");
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

describe("the dashboard", () => {
  test("is built when it is not there, and not again", async () => {
    const told: string[] = [];
    const onBuild = (): void => void told.push("building");
    expect(await buildDashboard({ root, onBuild })).toMatchObject({ state: "built" });
    expect(await builtPage()).toBe("one");
    expect(await buildDashboard({ root, onBuild })).toEqual({ state: "current" });
    expect(told).toEqual(["building"]);
  });

  test.for(["dashboard/index.html", "dashboard/src/new.ts", "package-lock.json"])(
    "is built anew after a change of %s",
    async (name) => {
      await buildDashboard({ root });
      await write(name, "changed");
      expect(await buildDashboard({ root })).toMatchObject({ state: "built" });
    },
  );

  test("is not built anew for its tests", async () => {
    await buildDashboard({ root });
    await write("dashboard/e2e/page.test.ts", "changed");
    expect(await buildDashboard({ root })).toEqual({ state: "current" });
  });

  test("stays as it was when the build fails, and says why", async () => {
    await buildDashboard({ root });
    await write("dashboard/src/main.ts", "broken");
    const failed = await buildDashboard({ root });
    expect(failed).toMatchObject({ state: "failed", stale: true });
    expect(failed).toHaveProperty("reason", expect.stringContaining("main.ts is broken"));
    expect(await builtPage()).toBe("one");
    // Tried again, and nothing is left lying about.
    expect(await buildDashboard({ root })).toMatchObject({ state: "failed" });
    expect((await readdir(path.join(root, "dashboard"))).toSorted()).toEqual(
      [".built", "dist", "index.html", "src"].toSorted(),
    );
  });

  test("says what is missing when nothing can build it", async () => {
    await rm(path.join(root, "node_modules"), { recursive: true });
    const failed = await buildDashboard({ root });
    expect(failed).toMatchObject({ state: "failed", stale: false });
    expect(failed).toHaveProperty("reason", expect.stringContaining("dev dependencies"));
  });

  test("is taken as it is where only the result was delivered", async () => {
    await buildDashboard({ root });
    await rm(path.join(root, "dashboard/src"), { recursive: true });
    await rm(path.join(root, "node_modules"), { recursive: true });
    expect(await buildDashboard({ root })).toEqual({ state: "current" });
  });

  test("is built by several starts at once", async () => {
    const builds = await Promise.all([buildDashboard({ root }), buildDashboard({ root })]);
    expect(builds.map(({ state }) => state)).not.toContain("failed");
    expect(await builtPage()).toBe("one");
  });
});
