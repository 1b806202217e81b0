/** Constant SQL texts, declared once under the name that they are prepared under. */

/** One constant SQL text with the name it is prepared under. */
export interface Statement {
  name: string;
  text: string;
}

export type Row = Record<string, unknown>;

/** Every statement of the program, so that a test can prepare and explain each of them. */
export const statements = new Map<string, Statement>();

/** Declares a constant statement. The name says the operation and must be unique. */
export function statement(name: string, text: string): Statement {
  if (statements.has(name)) throw new Error(`Two statements are named ${name}; rename one.`);
  const declared = { name, text };
  statements.set(name, declared);
  return declared;
}

/** SQLSTATE of a database error, or undefined for any other. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
