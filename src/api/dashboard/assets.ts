/**
 * The built dashboard in memory: what vite wrote, and smaller forms of it, made in the background after
 * the start. Nothing is read from the disk for a request, so no path can lead out of the folder.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Log } from "../../core/types.ts";

const FILES_MAX = 1_000;
const BYTES_MAX = 32 * 1024 * 1024;
/** Below, the headers cost more than is won. */
const COMPRESSED_BYTES_MIN = 1_024;
/** 9 takes 32 MiB for a few percent, 11 ten times as long. */
const BROTLI_QUALITY = 6;
const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
};
const PACKED_ALREADY = new Set([".png", ".webp", ".woff2"]);

export type Encoding = "br" | "gzip";

export interface Asset {
  type: string;
  bytes: Buffer;
  /** Quoted, of the plain bytes. */
  etag: string;
  /** Only those that are smaller. */
  encoded: Map<Encoding, Buffer>;
}

export interface Assets {
  index: Asset;
  /** By path below the root: `assets/index-1a2b.js`, `favicon.svg`. Without index.html. */
  files: ReadonlyMap<string, Asset>;
  /** Resolves when all smaller forms are made. */
  compressed: Promise<void>;
}

const packBrotli = promisify(brotliCompress);
const packGzip = promisify(gzip);

async function compress(asset: Asset): Promise<void> {
  const { bytes, encoded } = asset;
  const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY };
  const packed = { br: await packBrotli(bytes, { params }), gzip: await packGzip(bytes) };
  if (packed.br.length < bytes.length) encoded.set("br", packed.br);
  if (packed.gzip.length < bytes.length) encoded.set("gzip", packed.gzip);
}

/** One after another: there is other work at a start. */
async function compressAll(files: ReadonlyMap<string, Asset>): Promise<void> {
  for (const [name, asset] of files) {
    if (PACKED_ALREADY.has(path.extname(name))) continue;
    if (asset.bytes.length >= COMPRESSED_BYTES_MIN) await compress(asset);
  }
}

/** @throws when it is not a dashboard's: too many files, or too large to be kept in memory */
async function readAll(folder: string): Promise<Map<string, Asset>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  if (files.length > FILES_MAX) throw new Error(`${folder} has more than ${FILES_MAX} files.`);
  const found = new Map<string, Asset>();
  let size = 0;
  for (const { parentPath, name } of files) {
    const file = path.join(parentPath, name);
    const bytes = await readFile(file);
    size += bytes.length;
    if (size > BYTES_MAX) throw new Error(`${folder} has more than ${BYTES_MAX} bytes.`);
    found.set(path.relative(folder, file).split(path.sep).join("/"), {
      type: TYPES[path.extname(name)] ?? "application/octet-stream",
      bytes,
      etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
      encoded: new Map(),
    });
  }
  return found;
}

/** @param folder `dashboard/dist`; undefined when nothing is built there */
export async function loadAssets(folder: string): Promise<Assets | undefined> {
  if (!existsSync(path.join(folder, "index.html"))) return undefined;
  const found = await readAll(folder);
  const index = found.get("index.html");
  if (index === undefined) return undefined;
  const compressed = compressAll(found);
  // A file that cannot be packed is served as it is.
  compressed.catch(() => undefined);
  const files = new Map(found);
  files.delete("index.html");
  return { index, files, compressed };
}

/** As `loadAssets`; without a dashboard the server runs all the same, and its page says so. */
export async function loadDashboard(folder: string, log: Log): Promise<Assets | undefined> {
  return await loadAssets(folder).catch((error: unknown) => {
    log.error({ err: error }, "The dashboard cannot be loaded; the APIs work without it.");
    return undefined;
  });
}

/** Whether `accept-encoding` takes it: named, or by `*`, and not with q=0. */
function accepts(header: string, encoding: Encoding): boolean {
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(",")) {
    const [name = "", ...parameters] = part.split(";").map((piece) => piece.trim());
    const weight = parameters.find((piece) => piece.startsWith("q="))?.slice(2) ?? "1";
    weights.set(name, Number(weight));
  }
  return (weights.get(encoding) ?? weights.get("*") ?? 0) > 0;
}

/** The smallest form that the client takes; its encoding undefined for the plain bytes. */
export function chooseForm(
  asset: Asset,
  acceptEncoding: string | undefined,
): { bytes: Buffer; encoding?: Encoding } {
  for (const encoding of ["br", "gzip"] as const) {
    const bytes = asset.encoded.get(encoding);
    if (bytes !== undefined && accepts(acceptEncoding ?? "", encoding)) return { bytes, encoding };
  }
  return { bytes: asset.bytes };
}
