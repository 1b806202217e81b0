/** A Python with packages of its own, for tests against what Python's users have. */
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A virtual environment in `folder`, or the reason why it cannot be: for the test to say when it skips. */
export async function makePython(
  folder: string,
  requirements: string,
): Promise<{ python: string } | { reason: string }> {
  const venv = path.join(folder, "venv");
  const python = path.join(venv, "bin", "python");
  try {
    await run("python3", ["--version"]);
  } catch {
    return { reason: "python3 is not installed" };
  }
  try {
    await run("python3", ["-m", "venv", venv]);
    const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    await run(python, [...install, "-r", requirements]);
    return { python };
  } catch (error) {
    return { reason: `Python's package registry is out of reach: ${String(error).slice(0, 200)}` };
  }
}
