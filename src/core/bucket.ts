/** Which share of the work an endpoint or device belongs to. Stored, so it must never change. */

export const BUCKET_COUNT = 64;

/** FNV-1a over the characters of an id. */
export function bucketOf(id: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01_00_01_93);
  }
  return (hash >>> 0) % BUCKET_COUNT;
}
