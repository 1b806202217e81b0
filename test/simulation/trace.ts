/** What happened, step by step: a hash over all of it, and the last lines for people. */
import { createHash } from "node:crypto";

const SHOWN_LINES = 40;

export class Trace {
  readonly #hash = createHash("sha256");
  readonly #last: string[] = [];

  note(line: string): void {
    this.#hash.update(line).update("\n");
    this.#last.push(line);
    if (this.#last.length > SHOWN_LINES) this.#last.shift();
  }

  get last(): readonly string[] {
    return this.#last;
  }

  /** Ends the trace. */
  digest(): string {
    return this.#hash.digest("hex");
  }
}

/** The end of an id tells ids of one round apart. */
export function short(id: string): string {
  return `${id.slice(0, id.indexOf("_") + 1)}${id.slice(-5)}`;
}
