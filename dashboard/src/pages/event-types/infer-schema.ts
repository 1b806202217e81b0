/** A JSON Schema that an example fits: a start for who writes one. */

type Schema = Record<string, unknown>;

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const DEPTH_MAX = 20;

function inferText(value: string): Schema {
  return { type: "string", ...(DATE_TIME.test(value) && { format: "date-time" }) };
}

export function inferSchema(example: unknown, depth = 0): Schema {
  if (depth > DEPTH_MAX) return {};
  if (example === null) return { type: "null" };
  if (Array.isArray(example)) {
    const [first] = example as unknown[];
    return { type: "array", ...(first !== undefined && { items: inferSchema(first, depth + 1) }) };
  }
  if (typeof example === "object") {
    const entries = Object.entries(example as Record<string, unknown>);
    return {
      type: "object",
      properties: Object.fromEntries(
        entries.map(([name, value]) => [name, inferSchema(value, depth + 1)]),
      ),
      required: entries.map(([name]) => name),
    };
  }
  if (typeof example === "string") return inferText(example);
  if (typeof example === "number") {
    return { type: Number.isInteger(example) ? "integer" : "number" };
  }
  return { type: typeof example };
}
