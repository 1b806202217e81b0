/** The event types of the environment, for all who choose among them. */
import { queryOptions } from "@tanstack/react-query";
import { api } from "../api/client.ts";
import type { EventTypeOut } from "../api/generated/paths.ts";
import { keys } from "../api/keys.ts";

const PAGE = 250;
const PAGES_MAX = 20;

async function readCatalogue(signal: AbortSignal): Promise<EventTypeOut[]> {
  const found: EventTypeOut[] = [];
  let iterator: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const query = { limit: PAGE, with_content: true, iterator };
    const answer = await api.get("/api/v1/event-type", { query, signal });
    found.push(...answer.data);
    if (answer.done) break;
    iterator = answer.iterator ?? undefined;
  }
  return found;
}

export const catalogueQuery = queryOptions({
  queryKey: [...keys.eventTypes(), "catalogue"],
  queryFn: ({ signal }) => readCatalogue(signal),
  staleTime: 60_000,
});

/** The first example of its schema, as text to read; undefined when it has none. */
export function exampleOf({ schemas }: EventTypeOut): string | undefined {
  const schema = schemas?.["1"] as { examples?: unknown } | null | undefined;
  const first: unknown = Array.isArray(schema?.examples) ? schema.examples[0] : undefined;
  return first === undefined ? undefined : JSON.stringify(first, null, 2);
}
