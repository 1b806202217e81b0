import { Type } from "typebox";
import type { FastRoute } from "../../src/api/fast-path/route.ts";

/** A fast route of which only the target matters. */
export function fastRoute(target: RegExp): FastRoute {
  return {
    template: target.source,
    target,
    shape: Type.Object({}),
    opaque: [],
    headers: {},
    read: (body) => body,
    known: () => undefined,
    find: async () => undefined,
    answer: (_call, tell) => tell({ status: 202, body: {} }),
  };
}
