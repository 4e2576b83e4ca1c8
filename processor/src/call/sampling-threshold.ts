import { hexDigit, indexOfByte, startsWith } from './ascii.ts';

/**
 * The highest adjusted count that is believed. The trace state comes from outside: a client that claims to be one of
 * 2^56 must not outweigh everyone else, and nobody who samples fewer than one call in 10 000 can find a user's anomalies.
 */
export const MAX_ADJUSTED_COUNT = 10_000;

/** A threshold has 56 bits: up to 14 hex digits, read in two halves that fit an exact number. */
const THRESHOLD_DIGITS = 14;
const HALF_DIGITS = THRESHOLD_DIGITS / 2;
const HALF = 2 ** 28;

/** The longest trace state that is looked at: 32 members (W3C Trace Context 3.3.1.1) of 513 characters are legal, but 512 are usual. */
const MAX_TRACE_STATE_BYTES = 4096;

const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const SPACE = 0x20;
const TAB = 0x09;

const MEMBER = Buffer.from('ot=');
const THRESHOLD = Buffer.from('th:');

/**
 * How many calls a sampled one stands for, from the threshold `ot=th:…` of a W3C trace state in `bytes`; 1 when there
 * is none or it is malformed. Source: OpenTelemetry specification, "TraceState Handling", sampling threshold value `th`.
 */
export function adjustedCount(bytes: Uint8Array, offset: number, length: number): number {
  const end = offset + Math.min(length, MAX_TRACE_STATE_BYTES);
  for (let member = offset; member < end; member = indexOfByte(bytes, COMMA, member, end) + 1) {
    while (bytes[member] === SPACE || bytes[member] === TAB) member++;
    if (!startsWith(bytes, member, end, MEMBER)) continue;
    const memberEnd = indexOfByte(bytes, COMMA, member, end);
    for (
      let item = member + MEMBER.length;
      item < memberEnd;
      item = indexOfByte(bytes, SEMICOLON, item, memberEnd) + 1
    ) {
      if (!startsWith(bytes, item, memberEnd, THRESHOLD)) continue;
      return countOf(bytes, item + THRESHOLD.length, indexOfByte(bytes, SEMICOLON, item, memberEnd));
    }
  }
  return 1;
}

/** 2^56 / (2^56 - threshold) of the hex digits from `start` to `textEnd`. */
function countOf(bytes: Uint8Array, start: number, textEnd: number): number {
  let end = textEnd;
  while (end > start && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--;
  if (end === start || end - start > THRESHOLD_DIGITS) return 1;
  let high = 0;
  let low = 0;
  for (let position = 0; position < THRESHOLD_DIGITS; position++) {
    // Digits that are left out are trailing zeros.
    const digit = start + position < end ? hexDigit(bytes[start + position]!) : 0;
    if (digit < 0) return 1;
    if (position < HALF_DIGITS) high = high * 16 + digit;
    else low = low * 16 + digit;
  }
  // The kept share times 2^56, at least 1.
  const kept = (HALF - high) * HALF - low;
  return Math.min(MAX_ADJUSTED_COUNT, (HALF * HALF) / kept);
}
