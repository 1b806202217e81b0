/**
 * Seals what must be read back but never lie open in the database: endpoint secrets, custom headers,
 * credentials. AES-256-GCM under the master key; the row's identity is authenticated with it, so that
 * a sealed value moved to another row does not open.
 *
 * sealed: version (1 byte) · key id (4) · nonce (12) · tag (16) · ciphertext
 *
 * While a master key is replaced there are several: the first seals, all of them open.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

const VERSION = 2;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const NONCE_AT = 1 + KEY_ID_BYTES;
const TAG_AT = NONCE_AT + NONCE_BYTES;
const BODY_AT = TAG_AT + TAG_BYTES;

interface MasterKey {
  key: Buffer;
  /** The start of the fingerprint, in every value that the key sealed. */
  id: Buffer;
  fingerprint: string;
}

function masterKeyOf(key: Buffer): MasterKey {
  if (key.length !== KEY_BYTES) {
    throw new Error(`The master key has ${key.length} bytes; it must have ${KEY_BYTES}.`);
  }
  const digest = createHash("sha256").update("amps master key fingerprint").update(key).digest();
  return {
    key: Buffer.from(key),
    id: digest.subarray(0, KEY_ID_BYTES),
    fingerprint: digest.toString("hex").slice(0, 16),
  };
}

export class Vault {
  readonly #current: MasterKey;
  readonly #known: readonly MasterKey[];

  /**
   * @param masterKey 32 bytes; seals
   * @param oldKeys open what they sealed, until it is sealed anew
   */
  constructor(masterKey: Buffer, oldKeys: readonly Buffer[] = []) {
    this.#current = masterKeyOf(masterKey);
    this.#known = [this.#current, ...oldKeys.map(masterKeyOf)];
  }

  /** Tells which master key seals without revealing it; compared at start. */
  get fingerprint(): string {
    return this.#current.fingerprint;
  }

  /** Of all keys that open. */
  get fingerprints(): string[] {
    return this.#known.map(({ fingerprint }) => fingerprint);
  }

  /** The start of every value that the current key sealed. */
  get sealPrefix(): Buffer {
    return Buffer.concat([Buffer.of(VERSION), this.#current.id]);
  }

  /** @param place identity of the row and field, e.g. `endpoint/ep_…/headers` */
  seal(plain: string, place: string): Buffer {
    const { key, id } = this.#current;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(place));
    const sealed = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), id, nonce, cipher.getAuthTag(), sealed]);
  }

  /** @throws when the value was sealed by an unknown key, for another place, or was changed */
  open(sealed: Buffer, place: string): string {
    if (sealed[0] !== VERSION) throw new Error(`Unknown seal version ${sealed[0]} at ${place}.`);
    const id = sealed.subarray(1, NONCE_AT);
    const known = this.#known.find((one) => one.id.equals(id));
    if (known === undefined) {
      throw new Error(
        `The sealed value at ${place} does not open with this master key: it was sealed by the one ` +
          `whose fingerprint starts with ${id.toString("hex")}; give it in AMPS_MASTER_KEY_OLD.`,
      );
    }
    // Without its length a shortened tag would do, and be easier to forge.
    const options = { authTagLength: TAG_BYTES };
    try {
      const decipher = createDecipheriv(
        "aes-256-gcm",
        known.key,
        sealed.subarray(NONCE_AT, TAG_AT),
        options,
      )
        .setAAD(Buffer.from(place))
        .setAuthTag(sealed.subarray(TAG_AT, BODY_AT));
      return Buffer.concat([decipher.update(sealed.subarray(BODY_AT)), decipher.final()]).toString(
        "utf8",
      );
    } catch (cause) {
      throw new Error(`The sealed value at ${place} does not open with this master key.`, {
        cause,
      });
    }
  }
}
