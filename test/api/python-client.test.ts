/** The official Python client: each of its resources, webhooks that it verifies, and the samples of `/docs`. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type OpenApi, readResources, Schemas } from "../../src/api/docs-page/document.ts";
import { Examples } from "../../src/api/docs-page/example.ts";
import { Samples } from "../../src/api/docs-page/samples.ts";
import { makePython } from "../support/python.ts";
import { SANDBOX_KEY, type ServerProcess, startServerProcess } from "../support/server-process.ts";

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, "../..");
const SCRIPTS = path.join(ROOT, "test/python");
/** Installing the client takes most of it. */
const TIMEOUT_MS = 180_000;

let folder: string;
let server: ServerProcess;
let made: { python: string } | { reason: string };

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "amps-python-"));
  made = await makePython(folder, path.join(SCRIPTS, "requirements.txt"));
  server = await startServerProcess({ dataDir: path.join(folder, "data") });
}, TIMEOUT_MS);
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** What the script printed; its complaint is the error's. */
async function python(script: string, args: string[]): Promise<string> {
  if ("reason" in made) throw new Error(made.reason);
  const command = [path.join(SCRIPTS, script), ...args];
  const { stdout } = await run(made.python, command).catch((error: unknown) => {
    const { stdout: said, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${script} failed:\n${said}\n${stderr}`, { cause: error });
  });
  return stdout;
}

describe("Python", () => {
  test(
    "uses every resource, and verifies what is delivered",
    { timeout: TIMEOUT_MS },
    async ({ skip }) => {
      if ("reason" in made) {
        skip(made.reason);
        return;
      }
      const printed = await python("client.py", [server.url, SANDBOX_KEY]);
      expect(printed).toContain("ok webhooks");
      expect(printed.trim().split("\n").at(-1)).toBe("ok everything");
    },
  );

  test("runs the samples of /docs", { timeout: TIMEOUT_MS }, async ({ skip }) => {
    if ("reason" in made) {
      skip(made.reason);
      return;
    }
    const text = await readFile(path.join(ROOT, "openapi.json"), "utf8");
    const document = JSON.parse(text) as OpenApi;
    const schemas = new Schemas(document.components.schemas);
    const samples = new Samples(schemas, new Examples(schemas));
    const operations = readResources(document).flatMap((resource) => resource.operations);
    const codes = operations.map((operation) => [operation.id, samples.of(operation).Python]);
    const file = path.join(folder, "samples.json");
    await writeFile(file, JSON.stringify(Object.fromEntries(codes)));
    const printed = await python("samples.py", [file, server.url, SANDBOX_KEY]);
    expect(printed).toContain(`${operations.length} samples ran`);
  });
});
