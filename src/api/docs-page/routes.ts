/**
 * `/docs`: both APIs for people, written on the server out of `openapi.json`. It asks nobody else for
 * anything, reads without a script, and its one script (finding, copying) is a file of this server.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "../errors.ts";
import { type OpenApi, readResources, type Resource, Schemas } from "./document.ts";
import { Examples } from "./example.ts";
import { escapeHtml, html, prose } from "./html.ts";
import { ABOUT, introduction } from "./introduction.ts";
import { operationSection, type Reading } from "./operation-section.ts";
import { type Frame, type Page, renderPage } from "./page.ts";
import { Samples, URL_MARK } from "./samples.ts";
import { Search, searchResults } from "./search.ts";

const FILES: Readonly<Record<string, string>> = {
  "docs.css": "text/css; charset=utf-8",
  "docs.js": "text/javascript; charset=utf-8",
};
const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");
const QUERY_LENGTH_MAX = 200;
const HOST = /^[A-Za-z0-9.\-[\]:]{1,255}$/;
const HASH_LENGTH = 12;

/** Everything that is written once, on the first request. */
class Pages {
  readonly #frame: Frame;
  readonly #reading: Reading;
  readonly #search: Search;
  readonly #written = new Map<string, string>();
  readonly files = new Map<string, string>();

  constructor(version: string) {
    const text = readFileSync(new URL("../../../openapi.json", import.meta.url), "utf8");
    // Written by `scripts/openapi.ts` and held to the specification by a test.
    const document = JSON.parse(text) as OpenApi;
    const schemas = new Schemas(document.components.schemas);
    const examples = new Examples(schemas);
    const resources = readResources(document);
    for (const name of Object.keys(FILES)) {
      this.files.set(name, readFileSync(new URL(name, import.meta.url), "utf8"));
    }
    this.#reading = { schemas, examples, samples: new Samples(schemas, examples) };
    this.#search = new Search(resources, schemas);
    this.#frame = { version, resources, file: (name) => this.#fileAddress(name) };
  }

  introduction(): string {
    const { resources } = this.#frame;
    return this.#once("", () => ({
      title: "Introduction",
      slug: "",
      content: introduction(resources),
    }));
  }

  /** Undefined when there is no such resource. */
  resource(slug: string): string | undefined {
    const resource = this.#frame.resources.find((one) => one.slug === slug);
    return resource && this.#once(slug, () => this.#resourcePage(resource));
  }

  search(query: string): string {
    const found = this.#search.find(query);
    const content = searchResults(query, found);
    return renderPage(this.#frame, { title: "Search", slug: "search", query, content });
  }

  #resourcePage({ slug, name, operations }: Resource): Page {
    const content = html`<div class="resource">
      <h1>${name}</h1>
      <p class="lead">${prose(ABOUT[name] ?? "")}</p>
      ${operations.map((operation) => operationSection(operation, this.#reading))}
    </div>`;
    return { title: name, slug, content };
  }

  #once(key: string, write: () => Page): string {
    const known = this.#written.get(key) ?? renderPage(this.#frame, write());
    this.#written.set(key, known);
    return known;
  }

  #fileAddress(name: string): string {
    const hash = createHash("sha256")
      .update(this.files.get(name) ?? "")
      .digest("hex");
    return `/docs/files/${name}?v=${hash.slice(0, HASH_LENGTH)}`;
  }
}

/** The address in the examples: the one the page was opened at. */
function addressOf(request: FastifyRequest): string {
  return HOST.test(request.host)
    ? `${request.protocol}://${request.host}`
    : "http://127.0.0.1:8071";
}

function queryOf(request: FastifyRequest<{ Querystring: { q?: unknown } }>): string {
  const { q } = request.query;
  return typeof q === "string" ? q.slice(0, QUERY_LENGTH_MAX) : "";
}

export function registerDocs(app: FastifyInstance, version: string): void {
  let made: Pages | undefined;
  const pages = (): Pages => (made ??= new Pages(version));
  const send = async (
    request: FastifyRequest,
    reply: FastifyReply,
    page: string,
  ): Promise<FastifyReply> =>
    await reply
      .header("content-security-policy", POLICY)
      .type("text/html; charset=utf-8")
      .send(page.replaceAll(URL_MARK, escapeHtml(addressOf(request))));
  const schema = { hide: true };

  app.get("/docs", { schema }, (request, reply) => send(request, reply, pages().introduction()));
  app.get<{ Querystring: { q?: unknown } }>("/docs/search", { schema }, (request, reply) =>
    send(request, reply, pages().search(queryOf(request))),
  );
  app.get<{ Params: { resource: string } }>("/docs/:resource", { schema }, (request, reply) => {
    const page = pages().resource(request.params.resource);
    if (page === undefined) throw new ApiError("not_found", "There is no such page; see /docs.");
    return send(request, reply, page);
  });
  app.get<{ Params: { name: string } }>("/docs/files/:name", { schema }, async (request, reply) => {
    const { name } = request.params;
    const text = pages().files.get(name);
    if (text === undefined) throw new ApiError("not_found", "There is no such file.");
    // Its address carries a hash of what is in it.
    return await reply
      .header("cache-control", "public, max-age=31536000, immutable")
      .type(FILES[name] ?? "text/plain")
      .send(text);
  });
}
