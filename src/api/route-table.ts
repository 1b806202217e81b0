/**
 * Which routes exist: to tell a wrong method (405) from an unknown path (404), which only refusals ask,
 * and to describe them all in `openapi.json`.
 */
import type { FastifyContextConfig, FastifyInstance, FastifySchema } from "fastify";

export interface Route {
  method: string;
  /** As declared: `/api/v1/app/:appId`. */
  url: string;
  schema: FastifySchema | undefined;
  config: FastifyContextConfig | undefined;
}

function toPattern(url: string): RegExp {
  const steps = url.split("/").map((step) => {
    if (step === "*") return ".*";
    return step.startsWith(":") ? "[^/]+" : step.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${steps.join("/")}/?$`);
}

export class RouteTable {
  readonly routes: Route[] = [];
  readonly #patterns = new Map<string, { pattern: RegExp; methods: Set<string> }>();

  /** Must be called before any route is declared. */
  constructor(app: FastifyInstance) {
    app.addHook("onRoute", ({ method, url, schema, config }) => {
      const entry = this.#patterns.get(url) ?? { pattern: toPattern(url), methods: new Set() };
      this.#patterns.set(url, entry);
      for (const name of Array.isArray(method) ? method : [method]) {
        if (entry.methods.has(name)) continue;
        entry.methods.add(name);
        this.routes.push({ method: name, url, schema, config });
      }
    });
  }

  /** The methods that `path` has; none: there is no such path. */
  methodsOf(path: string): string[] {
    const found = new Set<string>();
    for (const { pattern, methods } of this.#patterns.values()) {
      if (pattern.test(path)) for (const method of methods) found.add(method);
    }
    return [...found].sort();
  }
}
