import * as fc from 'fast-check';
import { InFlightBytes } from '../../../processor/src/pipeline/in-flight-bytes.ts';

describe('the bytes in flight', () => {
  test('are taken as long as they fit, to the last byte', () => {
    const bytes = new InFlightBytes(100);
    expect([bytes.tryReserve(60), bytes.tryReserve(41), bytes.tryReserve(40), bytes.tryReserve(1)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(bytes.used).toBe(100);
    bytes.release(60);
    expect(bytes.tryReserve(60)).toBe(true);
  });

  test('never exceed the limit and end at zero, whatever is taken and given back', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 80 }), { maxLength: 60 });
    fc.assert(
      fc.property(sizes, fc.infiniteStream(fc.boolean()), (wanted, coins) => {
        const bytes = new InFlightBytes(100);
        const held: number[] = [];
        for (const size of wanted) {
          if (coins.next().value && held.length > 0) bytes.release(held.shift()!);
          else if (bytes.tryReserve(size)) held.push(size);
          expect(bytes.used).toBe(held.reduce((sum, one) => sum + one, 0));
          expect(bytes.used).toBeLessThanOrEqual(100);
        }
        for (const size of held) bytes.release(size);
        expect(bytes.used).toBe(0);
      }),
    );
  });
});

describe('shedding', () => {
  test('begins above 80 % and ends below 60 %: in between it stays as it was', () => {
    const bytes = new InFlightBytes(100);
    const seen = [0, 70, 80, 81, 70, 60, 59, 70, 81].map((used) => {
      bytes.release(bytes.used);
      bytes.tryReserve(used);
      return bytes.isShedding;
    });
    expect(seen).toEqual([false, false, false, true, true, true, false, false, true]);
  });
});
