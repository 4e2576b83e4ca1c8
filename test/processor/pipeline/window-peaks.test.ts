import { type WindowPeak, WindowPeaks } from '../../../processor/src/pipeline/window-peaks.ts';

function peak(rarity: number, part: Partial<WindowPeak> = {}): WindowPeak {
  return {
    window: 7,
    seconds: 2100,
    rarity,
    evidence: rarity,
    carried: 0,
    behavior: 'scraping',
    isMaterial: true,
    endpoint: 3,
    features: ['calls'],
    row: new Float32Array(4),
    modelVersion: 'm-1',
    ...part,
  };
}

/** Notes a moment if it is one to note; tells whether it was. */
function offer(peaks: WindowPeaks, slot: number, found: WindowPeak): boolean {
  const isPeak = peaks.isPeak('user', slot, found.window, found.rarity);
  if (isPeak) peaks.note('user', slot, found);
  return isPeak;
}

test('the most unusual moment of a window is handed over when the window closes, once', () => {
  const peaks = new WindowPeaks();
  expect([6, 9, 8].map((rarity) => offer(peaks, 1, peak(rarity)))).toEqual([true, true, false]);
  expect(peaks.close('user', 1, 7, 8)).toEqual(peak(9));
  expect(peaks.close('user', 1, 7, 8)).toBeUndefined();
});

test('a moment that is not among the highest hundredth is not even noted', () => {
  const peaks = new WindowPeaks();
  expect(offer(peaks, 1, peak(4.5))).toBe(false);
  expect(peaks.close('user', 1, 7, 4.5)).toBeUndefined();
});

test('a moment of an earlier window gives way to the present one', () => {
  const peaks = new WindowPeaks();
  offer(peaks, 1, peak(9));
  expect(offer(peaks, 1, peak(6, { window: 8 }))).toBe(true);
  expect(peaks.close('user', 1, 8, 6)).toMatchObject({ window: 8, rarity: 6 });
});

test('where many windows are unusual only the highest hundredth is kept', () => {
  const peaks = new WindowPeaks();
  // Evidence up to 8 nats, evenly: the highest hundredth is above 7.92.
  for (let window = 0; window < 2000; window++) peaks.close('user', 1, window, (8 * (window % 1000)) / 1000);
  expect(peaks.bar('user')).toBe(8);
  expect([offer(peaks, 1, peak(7.9)), offer(peaks, 1, peak(8.1))]).toEqual([false, true]);
  expect(peaks.bar('address')).toBeCloseTo(4.605);
});

test('what a budget could flag is kept, however much of it there is', () => {
  const peaks = new WindowPeaks();
  for (let window = 0; window < 2000; window++) peaks.close('user', 1, window, 30);
  expect(peaks.bar('user')).toBeCloseTo(Math.log(1e4));
  expect(offer(peaks, 1, peak(9.3))).toBe(true);
});

test('ten thousand open windows are held; beyond that the oldest gives way and is counted', () => {
  const peaks = new WindowPeaks();
  for (let slot = 0; slot < 10_001; slot++) offer(peaks, slot, peak(9));
  expect(peaks.dropped).toBe(1);
  expect(peaks.close('user', 0, 7, 9)).toBeUndefined();
  expect(peaks.close('user', 1, 7, 9)).toEqual(peak(9));
});

test('an entity that is gone, and a model that is, take their moments with them', () => {
  const peaks = new WindowPeaks();
  offer(peaks, 1, peak(9));
  offer(peaks, 2, peak(9));
  peaks.forget('user', 1);
  expect(peaks.close('user', 1, 7, 0)).toBeUndefined();
  peaks.forgetAll();
  expect(peaks.close('user', 2, 7, 0)).toBeUndefined();
});
