const ZERO = 0x30;
const NINE = 0x39;

/** Digits of 2^53; from there on not every integer is a float64. */
const MAX_DIGITS = 16;

/** The non-negative decimal integer in `bytes` from `offset` to `end`; NaN for anything else and from 2^53 on. */
export function parseDecimal(bytes: Uint8Array, offset: number, end: number): number {
  if (end <= offset || end - offset > MAX_DIGITS) return Number.NaN;
  let value = 0;
  for (let index = offset; index < end; index++) {
    const byte = bytes[index]!;
    if (byte < ZERO || byte > NINE) return Number.NaN;
    value = value * 10 + (byte - ZERO);
  }
  return value < 2 ** 53 ? value : Number.NaN;
}

/** Writes an integer in decimal to `bytes` from 0 on and returns how many bytes it took. `bytes` holds at least 21. */
export function writeDecimal(bytes: Uint8Array, value: number): number {
  let length = 0;
  let rest = Math.abs(value);
  do {
    bytes[length++] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  } while (rest > 0);
  if (value < 0) bytes[length++] = 0x2d;
  // The digits came last first.
  for (let left = 0, right = length - 1; left < right; left++, right--) {
    const byte = bytes[left]!;
    bytes[left] = bytes[right]!;
    bytes[right] = byte;
  }
  return length;
}
