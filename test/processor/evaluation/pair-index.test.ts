import { PairIndex } from '../../../processor/src/evaluation/pair-index.ts';

test('pairs are numbered in the order in which they are first asked for', () => {
  const index = new PairIndex();
  const asked: [number, number][] = [
    [5, 6],
    [6, 5],
    [5, 6],
    [0, 0],
    [4_294_967_295, 4_294_967_295],
    [6, 5],
  ];
  expect(asked.map(([first, second]) => index.idOf(first, second))).toEqual([0, 1, 0, 2, 3, 1]);
  expect(index.size).toBe(4);
  expect([index.first(3), index.second(3)]).toEqual([4_294_967_295, 4_294_967_295]);
  expect([index.first(1), index.second(1)]).toEqual([6, 5]);
});

test('growing keeps every id', () => {
  const index = new PairIndex();
  for (let first = 0; first < 100; first++) {
    for (let second = 0; second < 100; second++) expect(index.idOf(first, second)).toBe(100 * first + second);
  }
  for (let id = 9999; id >= 0; id--) {
    const pair: [number, number] = [Math.floor(id / 100), id % 100];
    expect(index.idOf(...pair)).toBe(id);
    expect([index.first(id), index.second(id)]).toEqual(pair);
  }
  expect(index.size).toBe(10_000);
});
