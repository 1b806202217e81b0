/** The values given for options, from the environment and from flags, and what is wrong with them. */

/** Of a refused value. */
const SHOWN_CHARACTERS_MAX = 80;

export interface KnownOptions {
  names: readonly string[];
  /** Never repeated in a problem. */
  secret: ReadonlySet<string>;
}

/** `--port` of `AMPS_PORT`. */
export function flagOf(name: string): string {
  return `--${name
    .replace(/^AMPS_/, "")
    .toLowerCase()
    .replaceAll("_", "-")}`;
}

/** Values by option name; flags win over the environment. */
export class Values {
  readonly problems: string[] = [];
  readonly #options: KnownOptions;
  readonly #values = new Map<string, string>();

  constructor(
    options: KnownOptions,
    env: Record<string, string | undefined>,
    argv: readonly string[],
  ) {
    this.#options = options;
    for (const name of options.names) {
      const value = env[name];
      if (value !== undefined) this.#values.set(name, value);
    }
    this.#readFlags(argv);
  }

  /** Undefined when unset or blank, except where nothing is a value of its own. */
  get(name: string): string | undefined {
    const value = this.#values.get(name);
    if (value?.trim() === "" && name !== "AMPS_EGRESS_ALLOW") return undefined;
    return name === "AMPS_ADMIN_PASSWORD" ? value : value?.trim();
  }

  /** Everything given, by name. */
  get given(): Record<string, string> {
    return Object.fromEntries(this.#values);
  }

  refuse(name: string, expected: string): void {
    const text = JSON.stringify((this.get(name) ?? "").slice(0, SHOWN_CHARACTERS_MAX));
    this.problems.push(
      `${name}: ${expected}${this.#options.secret.has(name) ? "" : ` (got ${text})`}`,
    );
  }

  /** The parsed value; the fallback when unset; a problem and the fallback when it does not parse. */
  parse<T>(
    name: string,
    fallback: T,
    rule: { parse: (text: string) => T | undefined; expected: string },
  ): T {
    const text = this.get(name);
    if (text === undefined) return fallback;
    const value = rule.parse(text);
    if (value !== undefined) return value;
    this.refuse(name, rule.expected);
    return fallback;
  }

  #readFlags(argv: readonly string[]): void {
    const names = new Map<string, string>();
    for (const name of this.#options.names) {
      names.set(flagOf(name), name);
      names.set(`--${name.toLowerCase().replaceAll("_", "-")}`, name);
    }
    for (let index = 0; index < argv.length; index += 1) {
      const [flag = "", inline] = (argv[index] ?? "").split(/=(.*)/s);
      const next = argv[index + 1];
      const following = next === undefined || next.startsWith("--") ? undefined : next;
      if (inline === undefined && following !== undefined && flag.startsWith("--")) index += 1;
      this.#readFlag(flag, names.get(flag), inline ?? following);
    }
  }

  #readFlag(flag: string, name: string | undefined, value: string | undefined): void {
    const known = this.#options.names.map(flagOf).join(" ");
    // A value without its flag may be a secret: it is not repeated.
    if (!flag.startsWith("--"))
      this.problems.push(`an argument without a flag; known are ${known}`);
    else if (name === undefined) this.problems.push(`${flag}: unknown option; known are ${known}`);
    else if (value === undefined) this.problems.push(`${flag}: needs a value`);
    else this.#values.set(name, value);
  }
}
