import { execFileSync, spawnSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findPackage, prepareBinaries } from "./binaries.ts";

const installed = findPackage(`${process.platform}-${process.arch}`);
const hasLinks = process.platform !== "win32";
let folder: string;

/** The package as npm leaves it when it runs no install script: without a single link. */
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "amps-binaries-"));
  await mkdir(path.join(folder, "native", "bin"), { recursive: true });
  await mkdir(path.join(folder, "native", "lib"));
  const libraries = await readdir(path.join(installed, "native", "lib"), { withFileTypes: true });
  const files = libraries.filter((entry) => entry.isFile() && !entry.name.endsWith(".a"));
  const wanted = files.map(({ name }) => path.join("native", "lib", name));
  wanted.push(path.join("native", "bin", "postgres"), path.join("native", "pg-symlinks.json"));
  await Promise.all(
    wanted.map((file) => copyFile(path.join(installed, file), path.join(folder, file))),
  );
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test.runIf(hasLinks)("the libraries' links are made where no install script ran", async () => {
  expect(spawnSync(path.join(folder, "native", "bin", "postgres"), ["-V"]).status).not.toBe(0);
  // Two starts at once.
  const [binaries] = await Promise.all([
    prepareBinaries(folder, path.join(folder, "spare")),
    prepareBinaries(folder, path.join(folder, "spare")),
  ]);
  expect(binaries.environment).toEqual({});
  expect(String(execFileSync(binaries.postgres, ["-V"], { env: {} }))).toContain("PostgreSQL) 18");
});

test.runIf(hasLinks)("they go elsewhere when the installation cannot be written", async () => {
  // Root may write anywhere; a link whose folder does not exist can nobody make.
  const list = path.join(folder, "native", "pg-symlinks.json");
  const text = String(execFileSync("cat", [list]));
  await writeFile(list, text.replaceAll(`"target":"native/lib/`, `"target":"native/sealed/`));
  const binaries = await prepareBinaries(folder, path.join(folder, "spare"));
  expect(Object.values(binaries.environment)).toEqual([path.join(folder, "spare")]);
  expect(spawnSync(binaries.postgres, ["-V"], { env: {} }).status).not.toBe(0);
  const env = binaries.environment;
  expect(String(execFileSync(binaries.postgres, ["-V"], { env }))).toContain("PostgreSQL) 18");
});

test("a platform without a package is told what to do", () => {
  expect(() => findPackage("linux-riscv64")).toThrow(
    "There is no embedded PostgreSQL for linux-riscv64. " +
      "Set DATABASE_URL to an existing PostgreSQL 15 or newer.",
  );
  const foreign = process.platform === "win32" ? "linux-x64" : "win32-x64";
  expect(() => findPackage(foreign)).toThrow(/is not installed .* Set DATABASE_URL/);
});
