/** What a page's first load costs in script: the files it asked for, compressed. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { BrowserContext } from "playwright-core";

const DIST = path.resolve(import.meta.dirname, "../../../dashboard/dist");
const packGzip = promisify(gzip);

/**
 * Before the first page of the context is opened. By gzip of what was built, the larger of the two forms
 * that are served: what came over the wire may have been asked for before it was compressed.
 * @returns the bytes so far
 */
export function weighScripts(context: BrowserContext): () => Promise<number> {
  const scripts = new Set<string>();
  context.on("request", (request) => {
    if (request.resourceType() === "script") scripts.add(new URL(request.url()).pathname);
  });
  return async () => {
    const packed = [...scripts].map(async (script) => {
      return (await packGzip(await readFile(path.join(DIST, script)))).length;
    });
    return (await Promise.all(packed)).reduce((sum, bytes) => sum + bytes, 0);
  };
}
