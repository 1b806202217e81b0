/** One attempt as a curl command: the same bytes, id and signature, so that a receiver can be tested with it. */
import type { AttemptHeadersOut } from "../../api/generated/paths.ts";

/** Curl's own to make. */
const FRAMING = new Set(["host", "connection", "content-length"]);

export interface Replay {
  url: string;
  headers: Pick<AttemptHeadersOut, "sentHeaders" | "sensitive">;
  payload: string;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** `X-Api-Key` → `X_API_KEY`, for the shell. */
function variable(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");
}

/**
 * The body goes over standard input out of the shell's own `printf`: there is no limit to its size, and
 * curl does not take an `@` at its beginning for a file.
 */
export function replayCommand({ url, headers, payload }: Replay): string {
  const shown = Object.entries(headers.sentHeaders)
    .filter(([name]) => !FRAMING.has(name))
    .map(([name, value]) => `  -H ${quote(`${name}: ${value}`)}`);
  const masked = headers.sensitive.map((name) => `  -H "${name}: $${variable(name)}"`);
  const lines = [`  -X POST ${quote(url)}`, ...shown, ...masked, "  --data-binary @-"];
  return `printf %s ${quote(payload)} | curl -sS -i \\\n${lines.join(" \\\n")}`;
}
