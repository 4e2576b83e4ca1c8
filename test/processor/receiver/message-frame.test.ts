import * as fc from 'fast-check';
import { BufferPool } from '../../../processor/src/otlp/buffer-pool.ts';
import { MessageFrame } from '../../../processor/src/receiver/message-frame.ts';
import { Reservation } from '../../../processor/src/receiver/reservation.ts';
import { frame } from './grpc-wire.ts';
import { CountedBudget } from './running-receiver.ts';

function reading(maxBytes: number, budgetBytes = 1_000_000): { frame: MessageFrame; budget: CountedBudget } {
  const budget = new CountedBudget(budgetBytes);
  return { frame: new MessageFrame(maxBytes, new Reservation(budget), new BufferPool(0)), budget };
}

test('a frame comes out whole, however it is cut', () => {
  const property = fc.property(
    fc.uint8Array({ maxLength: 40 }),
    fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 50, maxLength: 50 }),
    (message, sizes) => {
      const whole = frame(Buffer.from(message), 1);
      const { frame: reader, budget } = reading(40);
      let position = 0;
      let read: Buffer | undefined;
      for (const size of sizes) {
        if (position >= whole.length) break;
        expect(read).toBeUndefined();
        read = reader.add(whole.subarray(position, position + size));
        position += size;
      }
      expect(read).toEqual(whole);
      expect(budget.held).toBe(whole.length);
    },
  );
  fc.assert(property, { seed: 1, numRuns: 300 });
});

test.each([
  ['a declared length above the limit', frame(Buffer.alloc(0), 0, 41), 'request_too_large'],
  ['a compressed flag of 2', frame(Buffer.alloc(1), 2), 'malformed_call'],
  ['a byte after the message', Buffer.concat([frame(Buffer.alloc(1)), Buffer.alloc(1)]), 'malformed_call'],
])('%s is an error', (_name, bytes, code) => {
  expect(() => reading(40).frame.add(bytes)).toThrow(expect.objectContaining({ code }));
});

test('what does not fit the budget is an error before it is kept', () => {
  const { frame: reader, budget } = reading(1000, 100);
  reader.add(frame(Buffer.alloc(50), 0, 200));
  expect(() => reader.add(Buffer.alloc(50))).toThrow(expect.objectContaining({ code: 'overloaded' }));
  expect(budget.held).toBe(55);
});
