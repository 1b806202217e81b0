/**
 * Text of strangers, made safe to look at: what would not be seen (terminal escapes, NUL) or would move
 * other text (bidi controls, zero-width characters) is shown as a sign of its own.
 */

/** C0 but tab and line feed, DEL, C1; bidi controls, zero-width and other invisible characters. */
const UNSEEN =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

const C0_PICTURES = 0x24_00;
const DELETE = 0x7f;
const DELETE_PICTURE = "\u2421";

function signOf(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(C0_PICTURES + code);
  if (code === DELETE) return DELETE_PICTURE;
  return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
}

export function inertText(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(UNSEEN, signOf);
}

/** How many characters `inertText` has made visible. */
export function unseenCount(text: string): number {
  return text.replaceAll("\r\n", "\n").match(UNSEEN)?.length ?? 0;
}
