import { TimeOrder } from '../../../processor/src/pipeline/time-order.ts';
import { seededRandom } from '../../support/otlp-samples.ts';
import { call, nanoseconds, NOW, request } from './requests.ts';
import { Stage } from './stage.ts';

const stage = new Stage();

/** The order of spans that start so many seconds after NOW; undefined: without a time. */
function orderOf(offsets: readonly (number | undefined)[], order = new TimeOrder(), isStrict?: boolean): number[] {
  const spans = offsets.map((offset, index) => ({
    ...call(index),
    startTimeUnixNano: offset === undefined ? 0n : nanoseconds(NOW + offset),
  }));
  const view = stage.view(request(spans));
  return [...order.arrange(view, isStrict).subarray(0, offsets.length)];
}

describe('spans of one request', () => {
  test.each([
    ['that start within half a minute stay as they came', [20, 0, 30, 10], [0, 1, 2, 3]],
    ['that start further apart come in order of time', [20, 0, 31, 10], [1, 3, 0, 2]],
    ['that come in order stay in it', [0, 100, 200, 300], [0, 1, 2, 3]],
    ['that start at once keep the order in which they came', [90, 50, 90, 50, 0, 50, 90], [4, 1, 3, 5, 0, 2, 6]],
    ['without a time come first', [50, undefined, 0, undefined], [1, 3, 2, 0]],
    ['that are one are in order', [5], [0]],
    ['that are none are in order', [], []],
  ])('%s', (_name, offsets, expected) => {
    expect(orderOf(offsets)).toEqual(expected);
  });

  test('that start within half a minute come in order of time where that is asked for', () => {
    expect(orderOf([20, 0, 30, 10], new TimeOrder(), true)).toEqual([1, 3, 0, 2]);
  });

  test('come as a stable sort puts them, whatever their number', () => {
    const random = seededRandom(5);
    const order = new TimeOrder();
    for (const count of [2, 3, 7, 64, 65, 1000, 12]) {
      // Whole minutes, so that there are equals.
      const offsets = Array.from({ length: count }, () => 60 * Math.floor(random() * 40));
      offsets[0] = 2400;
      const expected = offsets.map((_, index) => index).toSorted((a, b) => offsets[a]! - offsets[b]!);
      expect(orderOf(offsets, order)).toEqual(expected);
    }
  });
});

test('only spans of a scored kind are counted and ordered', () => {
  const INTERNAL = 1;
  const spans = [90, 60, 30, 0].map((offset, index) => ({
    ...call(index),
    kind: index === 1 ? INTERNAL : 2,
    startTimeUnixNano: nanoseconds(NOW + offset),
  }));
  const view = stage.view(request(spans));
  expect([...new TimeOrder().arrange(view).subarray(0, 3)]).toEqual([2, 1, 0]);
});

test('one request leaves nothing for the next one', () => {
  const order = new TimeOrder();
  orderOf([300, 200, 100, 0], order);
  expect(orderOf([0, 5, 3], order)).toEqual([0, 1, 2]);
  expect(orderOf([0, 5, 3, 100, 50], order)).toEqual([0, 2, 1, 4, 3]);
});
