/** Log lines never wait for their reader: what does not fit is dropped and counted. */
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createLogDestination } from "./log-destination.ts";

const LINE = `${"x".repeat(99)}\n`;

function onFile(run: (fd: number, read: () => string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "amps-log-"));
  const file = path.join(folder, "log");
  const fd = openSync(file, "a");
  return run(fd, () => readFileSync(file, "utf8")).finally(() =>
    rmSync(folder, { recursive: true }),
  );
}

test("lines reach a file in order, whole, in few writes", async () => {
  await onFile(async (fd, read) => {
    const destination = createLogDestination(Object.assign(new PassThrough(), { fd }));
    const lines = Array.from({ length: 1_000 }, (_, n) => `line ${n}\n`);
    for (const line of lines) destination.write(line);
    await destination.flush(10_000);
    expect(read()).toBe(lines.join(""));
    expect(destination.dropped).toBe(0);
  });
});

test("a file that takes nothing costs lines, never time or an exception", async () => {
  const fd = openSync("/dev/full", "a");
  const destination = createLogDestination(Object.assign(new PassThrough(), { fd }), 1_000);
  for (let n = 0; n < 100; n += 1) destination.write(LINE);
  expect(destination.dropped).toBe(90);
  await destination.flush(10_000);
  expect(destination.dropped).toBe(100);
});
