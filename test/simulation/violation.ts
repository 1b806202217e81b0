/** A rule that the system broke. Everything else that is thrown in a round is its own fault. */
export class Violation extends Error {
  readonly rule: string;

  constructor(rule: string, details: string) {
    super(`${rule}: ${details}`);
    this.rule = rule;
  }
}

export function must(holds: boolean, rule: string, details: () => string): asserts holds {
  if (!holds) throw new Violation(rule, details());
}
