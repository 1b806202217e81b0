/** Marks strings, numbers, words and comments of the samples; a guess is good enough for reading. */
import { escapeHtml, Html } from "./html.ts";

const TOKEN = new RegExp(
  [
    String.raw`(?<comment>#[^\n]*|//[^\n]*)`,
    String.raw`(?<string>"(?:[^"\\\n]|\\.)*"|\`[^\`]*\`)(?<colon>\s*:)?`,
    String.raw`(?<number>\b\d+(?:\.\d+)?\b)`,
    String.raw`(?<word>\b(?:await|const|import|from|new|curl|true|false|null|None|True|False)\b)`,
  ].join("|"),
  "g",
);

function mark(kind: string, text: string): string {
  return `<span class="${kind}">${escapeHtml(text)}</span>`;
}

export function colour(code: string): Html {
  let at = 0;
  let out = "";
  for (const match of code.matchAll(TOKEN)) {
    const { comment, string, colon, number, word } = match.groups ?? {};
    // An address is no comment.
    const address = comment?.startsWith("//") === true && code[match.index - 1] === ":";
    out += escapeHtml(code.slice(at, match.index));
    if (comment !== undefined) out += address ? escapeHtml(comment) : mark("rem", comment);
    else if (string !== undefined) {
      out += mark(colon === undefined ? "str" : "key", string) + (colon ?? "");
    } else if (number !== undefined) out += mark("num", number);
    else if (word !== undefined) out += mark("word", word);
    at = match.index + match[0].length;
  }
  return new Html(out + escapeHtml(code.slice(at)));
}
