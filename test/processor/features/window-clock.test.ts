import { Watermark, windowOf } from '../../../processor/src/features/window-clock.ts';
import { MONDAY } from './observations.ts';

test.each([
  [0, 0],
  [299.999, 0],
  [300, 1],
  [MONDAY, 5_891_904],
  [MONDAY + 299.999_999, 5_891_904],
  [MONDAY + 300, 5_891_905],
])('the window of second %d is floor(time / 5 min) = %d', (seconds, window) => {
  expect(windowOf(seconds)).toBe(window);
});

describe('a watermark while serving', () => {
  const DAY = 24 * 3600;

  it.each([
    [-DAY - 1, false],
    [-DAY, true],
    [-1, true],
    [0, true],
    [300, true],
    [301, false],
    [1e9, false],
    [-MONDAY, false],
    [NaN, false],
  ])('takes a span that started %d s from the time of receipt: %s', (offset, isTaken) => {
    const watermark = new Watermark(() => MONDAY);
    expect(watermark.accept(MONDAY + offset)).toBe(isTaken);
    const seconds = isTaken ? MONDAY + offset : 0;
    expect([watermark.seconds, watermark.firstSeconds]).toEqual([seconds, seconds]);
  });

  it('is moved by no absurd clock', () => {
    const watermark = new Watermark(() => MONDAY);
    for (const offset of [0, 1e10, -1e9, 301, NaN, -2 * DAY]) watermark.accept(MONDAY + offset);
    expect([watermark.seconds, watermark.firstSeconds]).toEqual([MONDAY, MONDAY]);
  });

  it('goes forward only, and late spans count all the same', () => {
    let now = MONDAY;
    const watermark = new Watermark(() => now);
    const seen: number[] = [];
    for (const offset of [10, 5, 200, 199]) {
      now = MONDAY + offset;
      expect(watermark.accept(MONDAY + offset)).toBe(true);
      seen.push(watermark.seconds - MONDAY);
    }
    expect(seen).toEqual([10, 10, 200, 200]);
    expect(watermark.firstSeconds).toBe(MONDAY + 10);
  });

  it('follows the time of receipt', () => {
    let now = MONDAY;
    const watermark = new Watermark(() => now);
    expect(watermark.accept(MONDAY + 2 * DAY)).toBe(false);
    now += 2 * DAY;
    expect(watermark.accept(MONDAY + 2 * DAY)).toBe(true);
    expect(watermark.accept(MONDAY + 0.5 * DAY)).toBe(false);
  });
});

describe('a watermark offline', () => {
  it.each([
    [1, true],
    [MONDAY, true],
    [1e10, true],
    [0, false],
    [-1, false],
    [NaN, false],
  ])('takes a span of second %d: %s', (seconds, isTaken) => {
    expect(new Watermark(undefined).accept(seconds)).toBe(isTaken);
  });
});
