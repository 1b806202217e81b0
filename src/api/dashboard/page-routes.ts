/**
 * The pages for people: the dashboard under `/dashboard/`, the portal under `/portal/`, and their files. A
 * page is always index.html; what it shows is decided in the browser.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { notFound } from "../errors.ts";
import { type Asset, type Assets, chooseForm } from "./assets.ts";

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "require-trusted-types-for 'script'",
].join("; ");
/** The build names these by their content. */
const IMMUTABLE = "public, max-age=31536000, immutable";
const AN_HOUR = "public, max-age=3600";
const NAMED_BY_CONTENT = "assets/";

export interface PagesOptions {
  /** Undefined: not built. */
  assets: Assets | undefined;
  /** Origins whose pages may show the portal in a frame. */
  portalEmbed: readonly string[];
}

/** @param ancestors who may frame it */
function policy(ancestors: readonly string[]): string {
  return `${POLICY}; frame-ancestors ${ancestors.length === 0 ? "'none'" : ancestors.join(" ")}`;
}

async function send(
  request: FastifyRequest,
  reply: FastifyReply,
  asset: Asset,
): Promise<FastifyReply> {
  const { bytes, encoding } = chooseForm(asset, request.headers["accept-encoding"]);
  reply.headers({
    vary: "accept-encoding",
    ...(encoding !== undefined && { "content-encoding": encoding }),
  });
  return await reply.type(asset.type).send(bytes);
}

async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  { asset, name }: { asset: Asset; name: string },
): Promise<FastifyReply> {
  reply.headers({
    "cache-control": name.startsWith(NAMED_BY_CONTENT) ? IMMUTABLE : AN_HOUR,
    etag: asset.etag,
  });
  if (request.headers["if-none-match"] === asset.etag) return await reply.code(304).send();
  return await send(request, reply, asset);
}

/** Anything a browser opens; programs that ask `/` get the plain page. */
export function isBrowser({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes("text/html") === true;
}

export function registerPages(app: FastifyInstance, options: PagesOptions): void {
  const { assets, portalEmbed } = options;
  const page =
    (csp: string) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      // The page at / says what to do; a login link keeps its fragment on the way.
      if (assets === undefined) return await reply.redirect("/", 302);
      reply.header("content-security-policy", csp);
      return await send(request, reply, assets.index);
    };
  const schema = { hide: true };
  for (const [root, csp] of [
    ["/dashboard", policy([])],
    ["/portal", policy(portalEmbed)],
  ] as const) {
    app.get(root, { schema }, page(csp));
    app.get(`${root}/*`, { schema }, page(csp));
  }
  if (assets === undefined) return;
  for (const [name, asset] of assets.files) {
    if (name.startsWith(NAMED_BY_CONTENT)) continue;
    app.get(`/${name}`, { schema }, (request, reply) => sendFile(request, reply, { asset, name }));
  }
  app.get<{ Params: { "*": string } }>(
    `/${NAMED_BY_CONTENT}*`,
    { schema },
    async (request, reply) => {
      const name = NAMED_BY_CONTENT + request.params["*"];
      const asset = assets.files.get(name);
      if (asset === undefined) throw notFound("The file");
      return await sendFile(request, reply, { asset, name });
    },
  );
}
