/** Planting a bug in a statement of the real server. For the negative controls only. */
import { statements } from "../../src/storage/storage.ts";

/** The statement as it is sent has `broken` where it had `sound`; its module must be loaded already. */
export function plant(statementName: string, sound: string, broken: string): void {
  const declared = statements.get(statementName);
  if (declared?.text.includes(sound) !== true) {
    throw new Error(
      `"${sound}" is not in ${statementName} any more; the control has to follow it.`,
    );
  }
  declared.text = declared.text.replace(sound, broken);
}
