import { IntList } from '../../../processor/src/otlp/int-list.ts';

describe('IntList', () => {
  it('keeps what was put in when it grows', () => {
    const list = new IntList(2);
    for (let value = 0; value < 1000; value++) list.push(value);
    expect([...list.values.subarray(0, list.length)]).toEqual(Array.from({ length: 1000 }, (_, value) => value));
  });

  it('grows at once by more than double', () => {
    const list = new IntList(2);
    expect([list.extend(1), list.extend(100), list.length]).toEqual([0, 1, 101]);
    expect(list.values.length).toBeGreaterThanOrEqual(101);
  });

  it('gives back the storage of an unusual request when it is cleared, and keeps that of a usual one', () => {
    const list = new IntList(8);
    list.extend(8);
    const usual = list.values;
    list.clear(8);
    expect([list.length, list.values]).toEqual([0, usual]);
    list.extend(1_000_000);
    list.clear(8);
    expect([list.length, list.values.length]).toEqual([0, 8]);
  });
});
