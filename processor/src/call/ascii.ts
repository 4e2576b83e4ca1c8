/** Index of `byte` in `bytes` from `start` on, or `end`. */
export function indexOfByte(bytes: Uint8Array, byte: number, start: number, end: number): number {
  let index = start;
  while (index < end && bytes[index] !== byte) index++;
  return index;
}

/** Whether `prefix` stands at `start`, before `end`. */
export function startsWith(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  if (end - start < prefix.length) return false;
  for (let index = 0; index < prefix.length; index++) if (bytes[start + index] !== prefix[index]) return false;
  return true;
}

/**
 * Whether the text in `bytes` is `name`, which consists of letters and `_`, in either case. 0xdf takes a lower case
 * letter to its upper case; bytes that are no letters meet no letter of `name` that way.
 */
export function isName(bytes: Uint8Array, offset: number, length: number, name: Uint8Array): boolean {
  if (name.length !== length) return false;
  for (let index = 0; index < length; index++) {
    if ((bytes[offset + index]! & 0xdf) !== (name[index]! & 0xdf)) return false;
  }
  return true;
}

/** The value of a hex digit in either case; -1 for any other byte. */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
