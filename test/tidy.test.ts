/** The repository's own rules (CONTRIBUTING.md): what a test can check is not left to reading. */
import { readFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { OPTIONS } from "../src/options.ts";

const ROOT = path.resolve(import.meta.dirname, "..");
const LINES_MAX = 400;
const COLUMNS_MAX = 120;

/** Folder under src/ → what it may import. `core` may use pure functions of node:crypto. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  config: ["core", "options"],
  options: [],
  clock: ["core"],
  storage: ["core"],
  sender: ["core"],
  engine: ["core", "storage", "sender"],
  api: ["core", "engine", "storage"],
  battery: ["core", "engine", "storage", "api"],
  // Watches what the others do, and is given to them through seams of core and api.
  telemetry: ["core", "config", "clock", "engine", "storage"],
  banner: ["config"],
  workers: ["core"],
  "dashboard-build": [],
};
/**
 * Folder under dashboard/src/ → what of the dashboard it may import. The browser's half knows the server
 * only by its API: nothing of src/.
 */
const DASHBOARD_MAY_IMPORT: Record<string, readonly string[]> = {
  lib: [],
  ui: ["lib"],
  api: ["lib"],
  router: ["api", "lib"],
  components: ["api", "lib", "router", "ui"],
  pages: ["api", "components", "lib", "router", "ui"],
  app: ["api", "components", "lib", "pages", "router", "ui"],
  main: ["api", "app", "lib", "ui"],
};
/** The composers may import everything; nothing imports them but each other and tests. */
const COMPOSERS = new Set(["main", "server"]);
/** Packages a folder may use; folders not named may use none. */
const PACKAGES: Record<string, readonly string[]> = {
  storage: ["pg"],
  api: ["fastify", "typebox"],
  battery: ["fastify", "typebox"],
  telemetry: ["@opentelemetry"],
  main: ["pino"],
  server: ["pino", "fastify"],
};

function trackedFiles(): string[] {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard"];
  return execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim().split("\n");
}

const files = trackedFiles();
const read = (file: string): string => readFileSync(path.join(ROOT, file), "utf8");
const sources = files.filter((file) => /^src\/.*\.ts$/.test(file));
const product = sources.filter((file) => !file.endsWith(".test.ts"));
const browser = files.filter((file) => /^dashboard\/src\/.*\.tsx?$/.test(file));
const written = [...sources, ...browser.filter((file) => !file.includes("/generated/"))];
const code = files.filter((file) => /\.(tsx?|mjs)$/.test(file));

function folderOf(file: string): string {
  return (file.split("/")[1] ?? "").replace(/\.ts$/, "");
}

function importsOf(file: string): string[] {
  const text = read(file);
  const found = [...text.matchAll(/(?:^|\n)(?:import|export)\b[^"';]*?from "([^"]+)"/g)];
  const dynamic = [...text.matchAll(/import\("([^"]+)"\)/g)];
  return [...found, ...dynamic].map((match) => match[1] ?? "");
}

function* brokenArrows(): Generator<string> {
  for (const file of product) {
    const from = folderOf(file);
    if (COMPOSERS.has(from)) continue;
    for (const name of importsOf(file)) {
      if (!name.startsWith(".")) continue;
      const target = path.relative(ROOT, path.resolve(ROOT, path.dirname(file), name));
      const to = folderOf(target);
      if (to === from || (MAY_IMPORT[from] ?? []).includes(to)) continue;
      yield `${file} imports ${target}`;
    }
  }
}

/** `dashboard/src/pages/log/log-page.tsx` → `pages`; undefined outside of the dashboard. */
function dashboardFolderOf(file: string): string | undefined {
  return /^dashboard\/src\/([\w-]+)/.exec(file)?.[1];
}

function* brokenDashboardArrows(): Generator<string> {
  for (const file of browser) {
    const from = dashboardFolderOf(file) ?? "";
    for (const name of importsOf(file)) {
      if (!name.startsWith(".")) continue;
      const target = path.relative(ROOT, path.resolve(ROOT, path.dirname(file), name));
      const to = dashboardFolderOf(target);
      const allowed = to === from || (DASHBOARD_MAY_IMPORT[from] ?? []).includes(to ?? "");
      if (!allowed) yield `${file} imports ${target}`;
    }
  }
}

function* foreignPackages(): Generator<string> {
  for (const file of product) {
    const folder = folderOf(file);
    for (const name of importsOf(file)) {
      if (name.startsWith(".")) continue;
      const builtIn = name.startsWith("node:");
      if (builtIn && (folder !== "core" || name === "node:crypto")) continue;
      const known = (PACKAGES[folder] ?? []).some((allowed) => name.split("/")[0] === allowed);
      if (!known) yield `${file} imports ${name}`;
    }
  }
}

function* cycles(): Generator<string> {
  const graph = new Map<string, string[]>();
  for (const file of product) {
    const targets = importsOf(file).filter((name) => name.startsWith("."));
    const resolve = (name: string): string =>
      path.relative(ROOT, path.resolve(ROOT, path.dirname(file), name));
    graph.set(file, targets.map(resolve));
  }
  const done = new Set<string>();
  const visit = function* (file: string, trail: string[]): Generator<string> {
    if (trail.includes(file)) yield [...trail.slice(trail.indexOf(file)), file].join(" → ");
    if (done.has(file) || trail.includes(file)) return;
    for (const next of graph.get(file) ?? []) yield* visit(next, [...trail, file]);
    done.add(file);
  };
  for (const file of product) yield* visit(file, []);
}

/** Lines of product files that match, as `file:line`. */
function linesMatching(pattern: RegExp, among: string[]): string[] {
  return among.flatMap((file) =>
    read(file)
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}`] : [])),
  );
}

describe("structure", () => {
  test("imports point inward only", () => {
    expect([...brokenArrows()]).toEqual([]);
  });

  test("the dashboard imports itself only, pages what they are made of", () => {
    expect([...brokenDashboardArrows()]).toEqual([]);
  });

  test("each folder uses only its own packages, and core none", () => {
    expect([...foreignPackages()]).toEqual([]);
  });

  test("there is no import cycle", () => {
    expect([...cycles()]).toEqual([]);
  });

  test("core has no clock, no randomness and no environment", () => {
    const impure = /\b(Date\.now|Math\.random|performance\.now|process\.|randomBytes|setTimeout)\b/;
    expect(
      linesMatching(
        impure,
        product.filter((file) => folderOf(file) === "core"),
      ),
    ).toEqual([]);
  });

  test("only config.ts reads the environment", () => {
    const elsewhere = sources.filter((file) => file !== "src/config.ts");
    expect(linesMatching(/process\.env/, elsewhere)).toEqual([]);
  });

  test("SQL is only in storage", () => {
    const sql = /\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b.*\b(FROM|INTO|SET|WHERE|VALUES)\b/;
    expect(
      linesMatching(
        sql,
        product.filter((file) => folderOf(file) !== "storage"),
      ),
    ).toEqual([]);
  });

  test("connections are opened only in sender and storage", () => {
    const opens = /\bfrom "node:(net|tls|http|https|http2|dgram|dns|dns\/promises)"|\bfetch\(/;
    const outside = product.filter((file) => !["sender", "storage"].includes(folderOf(file)));
    expect(linesMatching(opens, outside)).toEqual([]);
  });
});

describe("size and names", () => {
  test(`no file is longer than ${LINES_MAX} lines`, () => {
    const long = written.filter((file) => read(file).split("\n").length - 1 > LINES_MAX);
    expect(long).toEqual([]);
  });

  test(`no line of code is longer than ${COLUMNS_MAX} columns`, () => {
    // A row of class names is one word to the formatter.
    const prose = written.filter((file) => !file.endsWith(".test.ts") && !file.endsWith(".tsx"));
    expect(linesMatching(new RegExp(`^.{${COLUMNS_MAX + 1},}$`), prose)).toEqual([]);
  });

  test("files are kebab-case, and none is a drawer for everything", () => {
    const names = code.map((file) => path.basename(file));
    expect(names.filter((name) => !/^[a-z0-9.-]+$/.test(name))).toEqual([]);
    const drawers = /^(utils?|helpers?|common|manager|base|misc)\./;
    expect(names.filter((name) => drawers.test(name))).toEqual([]);
  });

  test("nothing is left open or switched off without its reason", () => {
    const open = new RegExp(
      `\\b(${["TO", "FIX"].map((half) => half + (half === "TO" ? "DO" : "ME")).join("|")})\\b`,
    );
    expect(linesMatching(open, code)).toEqual([]);
    const only = /\b(test|it|describe)\.(only|todo)\b/;
    expect(
      linesMatching(
        only,
        code.filter((file) => file !== "test/tidy.test.ts"),
      ),
    ).toEqual([]);
  });

  test("types are never switched off", () => {
    const loose =
      /@ts-(ignore|nocheck|expect-error)|\bas any\b|\bas unknown as\b|[(<|:] any[,;)>|]/;
    expect(linesMatching(loose, [...product, ...browser])).toEqual([]);
  });
});

describe("documents", () => {
  test("the documents that people look for exist", () => {
    for (const file of ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]) {
      expect(files).toContain(file);
    }
  });

  test("ARCHITECTURE.md stays readable and names every folder of src", () => {
    const text = read("ARCHITECTURE.md");
    expect(text.split("\n").length).toBeLessThanOrEqual(300);
    for (const folder of Object.keys(MAY_IMPORT)) expect(text).toContain(`src/${folder}`);
  });

  test("CI runs the README's test command", () => {
    expect(read("README.md")).toContain("npm test");
    expect(read(".ci/run")).toMatch(/^(exec )?npm test$/m);
  });

  test("the README's table of options is the program's", () => {
    const rows = OPTIONS.map(
      ({ name, fallback, meaning }) => `| \`${name}\` | ${fallback} | ${meaning} |`,
    );
    expect(read("README.md")).toContain(rows.join("\n"));
  });

  test("every reason of a failed attempt is explained", () => {
    const codes = [...read("src/core/send-result.ts").matchAll(/^ {2}\| "(\w+)"/gm)].map(
      (match) => match[1] ?? "",
    );
    expect(codes.length).toBeGreaterThan(10);
    const explained = read("docs/delivery.md");
    expect(codes.filter((code) => !explained.includes(`\`${code}\``))).toEqual([]);
  });

  test("every runtime dependency has its reason in ARCHITECTURE.md", () => {
    const manifest = JSON.parse(read("package.json")) as { dependencies: Record<string, string> };
    const text = read("ARCHITECTURE.md");
    for (const name of Object.keys(manifest.dependencies)) expect(text).toContain(`\`${name}\``);
    expect(Object.keys(manifest.dependencies).length).toBeLessThanOrEqual(10);
  });

  test("links between documents lead somewhere", () => {
    const documents = files.filter((file) => file.endsWith(".md"));
    const broken = documents.flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
        .map((match) => path.normalize(path.join(path.dirname(file), match[1] ?? "")))
        .filter(
          (target) =>
            !files.some(
              (known) => known === target || known.startsWith(`${target.replace(/\/$/, "")}/`),
            ),
        )
        .map((target) => `${file} → ${target}`),
    );
    expect(broken).toEqual([]);
  });
});
