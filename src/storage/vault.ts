/**
 * Seals what must be read back but never lie open in the database: endpoint secrets, custom headers,
 * credentials. AES-256-GCM under the master key; the row's identity is authenticated with it, so that
 * a sealed value moved to another row does not open.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

export class Vault {
  readonly #key: Buffer;
  /** Tells which master key this is without revealing it; compared at start. */
  readonly fingerprint: string;

  /** @param masterKey 32 bytes */
  constructor(masterKey: Buffer) {
    if (masterKey.length !== KEY_BYTES) {
      throw new Error(`The master key has ${masterKey.length} bytes; it must have ${KEY_BYTES}.`);
    }
    this.#key = Buffer.from(masterKey);
    this.fingerprint = createHash("sha256")
      .update("amps master key fingerprint")
      .update(masterKey)
      .digest("hex")
      .slice(0, 16);
  }

  /** @param place identity of the row and field, e.g. `endpoint/ep_…/headers` */
  seal(plain: string, place: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(Buffer.from(place));
    const sealed = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), sealed]);
  }

  /** @throws when the value was sealed by another key, for another place, or was changed */
  open(sealed: Buffer, place: string): string {
    if (sealed[0] !== VERSION) throw new Error(`Unknown seal version ${sealed[0]} at ${place}.`);
    const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
    const tag = sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
    // Without its length a shortened tag would do, and be easier to forge.
    const options = { authTagLength: TAG_BYTES };
    const decipher = createDecipheriv("aes-256-gcm", this.#key, nonce, options)
      .setAAD(Buffer.from(place))
      .setAuthTag(tag);
    try {
      const body = sealed.subarray(1 + NONCE_BYTES + TAG_BYTES);
      return Buffer.concat([decipher.update(body), decipher.final()]).toString("utf8");
    } catch (cause) {
      throw new Error(`The sealed value at ${place} does not open with this master key.`, {
        cause,
      });
    }
  }
}
