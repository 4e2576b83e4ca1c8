import { adjustedCount, MAX_ADJUSTED_COUNT } from '../../../processor/src/call/sampling-threshold.ts';

function count(traceState: string): number {
  const bytes = Buffer.from(`ot=th:8,${traceState},ot=th:8`);
  return adjustedCount(bytes, 8, Buffer.byteLength(traceState));
}

/** AdjustedCount = 2^56 / (2^56 - threshold), the threshold padded with zeros to 14 digits. */
test.each([
  ['ot=th:0', 1],
  ['ot=th:8', 2],
  ['ot=th:c', 4],
  ['ot=th:C', 4],
  ['ot=th:fd70a4', 0x1000000 / (0x1000000 - 0xfd70a4)],
  ['ot=th:80000000000000', 2],
  ['ot=th:fff', 4096],
  ['rojo=00f067aa0ba902b7,ot=rv:9b8233f7e3a151;th:c', 4],
  ['rojo=1, ot=th:c;rv:9b8233f7e3a151 ,congo=t', 4],
  ['ot=th:c ', 4],
])('%s counts %d', (traceState, expected) => {
  expect(count(traceState)).toBe(expected);
});

test.each([
  '',
  'rojo=00f067aa0ba902b7',
  'ot=',
  'ot=rv:9b8233f7e3a151',
  'ot=th:',
  'ot=th:g',
  'ot=th:000000000000000',
  'ot=nth:8',
  'got=th:8',
  'ot',
  ',,,',
  'th:8',
])('%p says nothing about sampling', (traceState) => {
  expect(count(traceState)).toBe(1);
});

test('a threshold that no sampler would choose does not outweigh everyone else', () => {
  expect(count('ot=th:ffffffffffffff')).toBe(MAX_ADJUSTED_COUNT);
  expect(count('ot=th:ffffffff')).toBe(MAX_ADJUSTED_COUNT);
});
