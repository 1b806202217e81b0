import { expect, test } from "vitest";
import { sharedBuffersFor } from "./server-process.ts";

const GIB = 1024 ** 3;

test.each([
  ["next to none", 0.25, "128MB"],
  ["1 GiB", 1, "128MB"],
  ["2 GiB and a little", 2.0004, "256MB"],
  ["4 GiB", 4, "512MB"],
  ["very much", 512, "512MB"],
])("of %s PostgreSQL takes as much as is useful and harmless", (_, gib, buffers) => {
  expect(sharedBuffersFor(gib * GIB)).toBe(buffers);
});
