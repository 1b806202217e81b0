/** What a person sees who opens the server in a browser. Static: no script, no cookie, nothing remote. */
import { readFileSync } from "node:fs";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isBrowser } from "../dashboard/page-routes.ts";

const PAGE = readFileSync(new URL("page.html", import.meta.url), "utf8");
const STYLE = readFileSync(new URL("landing.css", import.meta.url), "utf8");
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};
const HOST = /^[A-Za-z0-9.\-[\]:]{1,255}$/;
const DEFAULT_URL = "http://127.0.0.1:8071";

/** The address in the examples: the one the page was opened at. */
function urlOf(request: FastifyRequest): string {
  return HOST.test(request.host) ? `${request.protocol}://${request.host}` : DEFAULT_URL;
}

const BUILT = 'The <a href="/dashboard/">dashboard</a> shows and does all of it in the browser.';
const NOT_BUILT =
  "The dashboard is not built: <code>npm start</code> builds it, and says what is wrong when it " +
  "cannot. Start the server again once that is mended; both APIs work without it.";

/** @param hasDashboard browsers that open the server are sent there */
export function registerLanding(
  app: FastifyInstance,
  { version, hasDashboard }: { version: string; hasDashboard: boolean },
): void {
  const page = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const url = urlOf(request);
    const html = PAGE.replaceAll("{{url}}", url)
      .replace("{{version}}", version)
      .replace("{{dashboard}}", hasDashboard ? BUILT : NOT_BUILT)
      .replace("{{elsewhere}}", url === DEFAULT_URL ? "" : ` AMPS_URL=${url}`);
    return await reply.headers(HEADERS).type("text/html; charset=utf-8").send(html);
  };
  const schema = { hide: true };
  app.get("/", { schema }, async (request, reply) => {
    if (hasDashboard && isBrowser(request)) return await reply.redirect("/dashboard/", 302);
    return await page(request, reply);
  });
  app.get("/landing.css", { schema }, async (_request, reply) => {
    return await reply.headers(HEADERS).type("text/css; charset=utf-8").send(STYLE);
  });
}
