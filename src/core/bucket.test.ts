import { expect, test } from "vitest";
import { BUCKET_COUNT, bucketOf } from "./bucket.ts";
import { encodeId, ENTROPY_BYTES } from "./ids.ts";

test.each([
  ["", 5],
  ["a", 44],
  ["ep_361dE7dFsvmv6Mlaxi9rZwmG4dn", 58],
  ["dev_361dE7dFsvmv6Mlaxi9rZwmG4dn", 30],
  ["ep_361dE7dFsvmv6Mlaxi9rZwmG4do", 13],
])("the bucket of %j is pinned: it is stored", (id, bucket) => {
  expect(bucketOf(id)).toBe(bucket);
});

test("the number of buckets is pinned: it is in the schema", () => {
  expect(BUCKET_COUNT).toBe(64);
});

test("endpoints made in the same moment spread evenly", () => {
  const counts = new Array<number>(BUCKET_COUNT).fill(0);
  const total = BUCKET_COUNT * 200;
  for (let index = 0; index < total; index += 1) {
    const entropy = crypto.getRandomValues(new Uint8Array(ENTROPY_BYTES));
    const bucket = bucketOf(encodeId("ep_", 1_764_000_000_000, entropy));
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  // 200 each, standard deviation 14: seven of them either way.
  expect(Math.min(...counts)).toBeGreaterThan(100);
  expect(Math.max(...counts)).toBeLessThan(300);
});
