/** When an id was made: they begin with seconds since 2014, in base 62. */

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const EPOCH_SECONDS = 1_400_000_000;
const LENGTH = 27;
const BITS_BELOW = 128n;

/** @returns undefined when it is not such an id */
export function timeOfId(id: string): number | undefined {
  const body = id.slice(id.indexOf("_") + 1).slice(0, LENGTH);
  if (body.length !== LENGTH) return undefined;
  let number = 0n;
  for (const character of body) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return undefined;
    number = number * 62n + BigInt(digit);
  }
  return (Number(number >> BITS_BELOW) + EPOCH_SECONDS) * 1000;
}
