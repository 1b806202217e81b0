/** `docs/battery-api.md` and the program name the same codes, both ways. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { FAULTS } from "../../src/battery/connectors/sandbox/faults.ts";
import { FAILURES } from "../../src/battery/failures.ts";
import { REFUSALS } from "../../src/battery/refusals.ts";
import { COMMANDS } from "../../src/core/action.ts";

const file = path.resolve(import.meta.dirname, "../../docs/battery-api.md");
const text = readFileSync(file, "utf8");

/** First cells of the tables under a heading. */
function rows(heading: string): string[][] {
  const section = text.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`${file} has no section ${heading}.`);
  return section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").map((cell) => cell.trim()));
}

const code = (cell: string | undefined): string => cell?.replaceAll("`", "") ?? "";

describe("documentation", () => {
  test("every refusal is explained, with its status and a way out, and no other", () => {
    const documented = rows("Errors").filter(([, cell]) => /^`[A-Z_]+`$/.test(cell ?? ""));
    const table = Object.entries(REFUSALS).map(([name, [status]]) => [name, status]);
    expect(documented.map((cells) => [code(cells[1]), Number(cells[2])])).toEqual(table);
    for (const cells of documented) {
      expect(cells[3]).not.toBe("");
      expect(cells[4]).not.toBe("");
    }
  });

  test("every failure is explained, and no other", () => {
    const documented = rows("Why an action failed").map((cells) => code(cells[1]));
    expect(documented).toEqual(Object.keys(FAILURES));
  });

  test("every command and every fault is named", () => {
    expect(rows("Push").map((cells) => code(cells[1]))).toEqual([...COMMANDS]);
    for (const [fault, number] of Object.entries(FAULTS)) {
      if (fault === "ok") continue;
      expect(text).toContain(number === null ? `\`${fault}\`` : `\`${fault}(`);
    }
  });
});
