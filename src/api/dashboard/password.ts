/** The password of the dashboard: compared by argon2id, which costs a guesser what it costs us. */
import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify(argon2);
/** OWASP's least for argon2id: about 50 ms of a free core, 19 MiB. */
const COST = { parallelism: 1, memory: 19_456, passes: 2, tagLength: 32 };
const SALT_BYTES = 16;

export class AdminPassword {
  readonly #salt = randomBytes(SALT_BYTES);
  readonly #password: string;
  #digest: Promise<Buffer> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @param password undefined: none is right, and finding that out costs the same */
  constructor(password: string | undefined) {
    this.#password = password ?? randomBytes(32).toString("base64");
  }

  /** One at a time, however many ask: the memory and the core are needed elsewhere. */
  async matches(text: string): Promise<boolean> {
    const before = this.#last;
    const compared = (async () => {
      await before;
      this.#digest ??= this.#derive(this.#password);
      return timingSafeEqual(await this.#derive(text), await this.#digest);
    })();
    this.#last = compared.catch(() => undefined);
    return await compared;
  }

  #derive(text: string): Promise<Buffer> {
    // People type the same letter in several ways.
    return derive("argon2id", { ...COST, message: text.normalize("NFKC"), nonce: this.#salt });
  }
}
