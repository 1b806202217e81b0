/**
 * JSON as a tree that keeps what is written: numbers with all their digits, keys in their order and as
 * often as they come. `JSON.parse` decides whether it is JSON; this reads what it has accepted.
 */

export interface JsonNode {
  /** Of its parent: its key, or its place in an array; undefined for the root. */
  key: string | number | undefined;
  kind: "object" | "array" | "string" | "number" | "word";
  /** A scalar as it is written, quotes included; empty for objects and arrays. */
  text: string;
  children: readonly JsonNode[];
  /** How to get there: `$.result.success`. */
  path: string;
}

const SCALAR = /[^\s,\]}]+/y;
const SPACE = /[ \t\r\n]*/y;
const NAME = /^[A-Za-z_]\w*$/;

function pathTo(parent: string, key: string | number): string {
  if (typeof key === "number") return `${parent}[${key}]`;
  return NAME.test(key) ? `${parent}.${key}` : `${parent}[${JSON.stringify(key)}]`;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  #skip(): void {
    SPACE.lastIndex = this.#at;
    SPACE.exec(this.#text);
    this.#at = SPACE.lastIndex;
  }

  #string(): string {
    const start = this.#at;
    this.#at += 1;
    while (this.#text[this.#at] !== '"') this.#at += this.#text[this.#at] === "\\" ? 2 : 1;
    this.#at += 1;
    return this.#text.slice(start, this.#at);
  }

  #members(parent: string, close: string): JsonNode[] {
    const children: JsonNode[] = [];
    this.#at += 1;
    for (this.#skip(); this.#text[this.#at] !== close; this.#skip()) {
      if (this.#text[this.#at] === ",") {
        this.#at += 1;
        this.#skip();
      }
      let key: string | number = children.length;
      if (close === "}") {
        key = JSON.parse(this.#string()) as string;
        this.#skip();
        this.#at += 1;
      }
      children.push(this.value(key, pathTo(parent, key)));
    }
    this.#at += 1;
    return children;
  }

  value(key: JsonNode["key"], path: string): JsonNode {
    this.#skip();
    const first = this.#text[this.#at];
    if (first === "{" || first === "[") {
      const kind = first === "{" ? "object" : "array";
      const children = this.#members(path, first === "{" ? "}" : "]");
      return { key, kind, text: "", children, path };
    }
    if (first === '"') return { key, kind: "string", text: this.#string(), children: [], path };
    SCALAR.lastIndex = this.#at;
    const text = SCALAR.exec(this.#text)?.[0] ?? "";
    this.#at += text.length;
    const kind = /^[-\d]/.test(text) ? "number" : "word";
    return { key, kind, text, children: [], path };
  }
}

/** @returns undefined when the text is no JSON, or nested too deeply to be shown as a tree */
export function readJson(text: string): JsonNode | undefined {
  try {
    JSON.parse(text);
    return new Reader(text).value(undefined, "$");
  } catch {
    return undefined;
  }
}

/** The nodes whose key or value contains the words, in order; no more than `max`. */
export function findInJson(root: JsonNode, words: string, max: number): JsonNode[] {
  const wanted = words.toLowerCase();
  const found: JsonNode[] = [];
  const visit = (node: JsonNode): void => {
    if (found.length >= max) return;
    const key = typeof node.key === "string" ? node.key.toLowerCase() : "";
    if (key.includes(wanted) || node.text.toLowerCase().includes(wanted)) found.push(node);
    for (const child of node.children) visit(child);
  };
  if (wanted !== "") visit(root);
  return found;
}
