import * as fc from 'fast-check';
import { TimeQueue } from '../../../processor/src/simulation/time-queue.ts';

describe('TimeQueue', () => {
  it('hands out items by time, and in order of arrival where times are equal', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
        const queue = new TimeQueue<{ time: number; arrival: number }>();
        times.forEach((time, arrival) => queue.push(time, { time, arrival }));
        const out = times.map(() => queue.pop()!);
        const expected = times
          .map((time, arrival) => ({ time, arrival }))
          .toSorted((a, b) => a.time - b.time || a.arrival - b.arrival);
        expect(out).toEqual(expected);
        expect(queue.pop()).toBeUndefined();
      }),
      { seed: 1 },
    );
  });

  it('knows its length and the earliest time', () => {
    const queue = new TimeQueue<string>();
    expect(queue.earliest).toBe(Number.POSITIVE_INFINITY);
    queue.push(5, 'b');
    queue.push(3, 'a');
    expect([queue.length, queue.earliest]).toEqual([2, 3]);
    expect(queue.pop()).toBe('a');
    expect([queue.length, queue.earliest]).toEqual([1, 5]);
  });
});
