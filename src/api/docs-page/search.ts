/** Search without a script: operations by their words, then by the fields they take and answer. */
import type { Operation, Resource, Schema, Schemas } from "./document.ts";
import { html, type Html } from "./html.ts";
import { anchorOf, methodBadge } from "./operation-section.ts";
import { wordsOf } from "./page.ts";

const DEPTH_MAX = 5;

function addFields(given: Schema, schemas: Schemas, names: Set<string>, depth = 0): void {
  if (depth > DEPTH_MAX) return;
  const schema = schemas.resolve(given);
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    names.add(name);
    addFields(inner, schemas, names, depth + 1);
  }
  for (const inner of [schema.items, ...(schema.anyOf ?? [])]) {
    if (inner !== undefined) addFields(inner, schemas, names, depth + 1);
  }
}

interface Entry {
  resource: Resource;
  operation: Operation;
  words: string;
  fields: string[];
}

interface Found {
  entry: Entry;
  rank: number;
  fields: string[];
}

export class Search {
  readonly #entries: readonly Entry[];

  constructor(resources: readonly Resource[], schemas: Schemas) {
    this.#entries = resources.flatMap((resource) =>
      resource.operations.map((operation) => {
        const fields = new Set<string>();
        const answers = operation.answers.filter(({ status }) => status.startsWith("2"));
        for (const schema of [operation.body, ...answers.map((answer) => answer.schema)]) {
          if (schema !== undefined) addFields(schema, schemas, fields);
        }
        return { resource, operation, words: wordsOf(operation), fields: [...fields] };
      }),
    );
  }

  /** Those in which every word of the query occurs; first by name, then by text, then by field. */
  find(query: string): Found[] {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return [];
    const found = this.#entries.flatMap((entry): Found[] => {
      const title = entry.operation.summary.toLowerCase();
      const matching = entry.fields.filter((field) =>
        words.some((word) => field.toLowerCase().includes(word)),
      );
      const text = `${entry.words} ${matching.join(" ").toLowerCase()}`;
      if (!words.every((word) => text.includes(word))) return [];
      const inTitle = words.every((word) => title.includes(word));
      const inText = words.every((word) => entry.words.includes(word));
      return [{ entry, rank: inTitle ? 0 : inText ? 1 : 2, fields: matching }];
    });
    return found.sort((one, other) => one.rank - other.rank);
  }
}

const NOTHING = html`<p>
  Fewer or other words may find more; <a href="/docs">the introduction</a> lists all resources.
</p>`;

export function searchResults(query: string, found: readonly Found[]): Html {
  return html`<article>
    <h1>Search</h1>
    <p class="lead">
      ${query.trim() === "" ? "Type a word: an operation, a path, a field." : html`${found.length} for “${query}”`}
    </p>
    ${found.length === 0 && query.trim() !== "" && NOTHING}
    <ol class="found">
      ${found.map(
        ({ entry: { resource, operation }, fields }) =>
          html`<li>
            <a href="/docs/${resource.slug}#${anchorOf(operation)}"
              >${methodBadge(operation.method)} ${operation.summary}</a
            >
            <p><code>${operation.path}</code></p>
            ${fields.length > 0 && html`<p class="soft">Fields: ${fields.slice(0, 8).join(", ")}</p>`}
          </li>`,
      )}
    </ol>
  </article>`;
}
