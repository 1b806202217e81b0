import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Vault } from "./vault.ts";

const key = randomBytes(32);
const vault = new Vault(key);

describe("Vault", () => {
  test("opens what it sealed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string(), (plain, place) => {
        expect(vault.open(vault.seal(plain, place), place)).toBe(plain);
      }),
    );
  });

  test("seals the same text differently every time, and never shows it", () => {
    const one = vault.seal("a secret text", "endpoint/ep_1/secret");
    const other = vault.seal("a secret text", "endpoint/ep_1/secret");
    expect(one.equals(other)).toBe(false);
    expect(one.includes("secret text")).toBe(false);
  });

  test("a value moved to another row or field does not open", () => {
    const sealed = vault.seal("plain", "endpoint/ep_1/secret");
    expect(() => vault.open(sealed, "endpoint/ep_2/secret")).toThrow("does not open");
    expect(() => vault.open(sealed, "endpoint/ep_1/headers")).toThrow("endpoint/ep_1/headers");
  });

  test("another master key does not open it", () => {
    const sealed = vault.seal("plain", "place");
    expect(() => new Vault(randomBytes(32)).open(sealed, "place")).toThrow("does not open");
    expect(new Vault(Buffer.from(key)).open(sealed, "place")).toBe("plain");
  });

  test("while a key is replaced the new one seals, and both open", () => {
    const sealed = vault.seal("plain", "place");
    const next = new Vault(randomBytes(32), [key]);
    expect(next.open(sealed, "place")).toBe("plain");
    expect(next.open(next.seal("anew", "place"), "place")).toBe("anew");
    expect(() => vault.open(next.seal("anew", "place"), "place")).toThrow("AMPS_MASTER_KEY_OLD");
    expect(next.fingerprints).toEqual([next.fingerprint, vault.fingerprint]);
    expect(sealed.subarray(0, 5)).toEqual(vault.sealPrefix);
    expect(next.seal("anew", "place").subarray(0, 5)).toEqual(next.sealPrefix);
  });

  test("a value changed in any byte, or cut, does not open", () => {
    const sealed = vault.seal("plain", "place");
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => vault.open(changed, "place"), `byte ${index}`).toThrow("place");
    }
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => vault.open(sealed.subarray(0, length), "place"), `${length} bytes`).toThrow();
    }
  });

  test.each([0, 16, 31, 33])("a master key of %i bytes is refused", (bytes) => {
    expect(() => new Vault(Buffer.alloc(bytes))).toThrow(`has ${bytes} bytes`);
  });

  test("the fingerprint tells keys apart and is not the key", () => {
    expect(vault.fingerprint).toBe(new Vault(Buffer.from(key)).fingerprint);
    expect(vault.fingerprint).not.toBe(new Vault(randomBytes(32)).fingerprint);
    expect(key.toString("hex")).not.toContain(vault.fingerprint);
  });

  test("keeps its own copy of the key", () => {
    const mine = Buffer.from(key);
    const copied = new Vault(mine);
    mine.fill(0);
    expect(copied.open(vault.seal("plain", "place"), "place")).toBe("plain");
  });
});
