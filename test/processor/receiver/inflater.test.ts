import { randomBytes } from 'node:crypto';
import { deflateSync, gzipSync } from 'node:zlib';
import { Inflater } from '../../../processor/src/receiver/inflater.ts';
import { Reservation } from '../../../processor/src/receiver/reservation.ts';
import { CountedBudget } from './running-receiver.ts';

const MIB = 1024 * 1024;

/** Small enough to be inflated on the spot, and too large for it. */
const SMALL = randomBytes(1000);
const LARGE = Buffer.concat([randomBytes(100_000), Buffer.alloc(MIB)]);

let budget: CountedBudget;
let reservation: Reservation;

beforeEach(() => {
  budget = new CountedBudget(4 * MIB);
  reservation = new Reservation(budget);
});

/** Reserves and inflates, as a receiver does. */
function inflate(inflater: Inflater, compressed: Buffer, compression: 'gzip' | 'deflate' = 'gzip'): Promise<Buffer> {
  reservation.add(compressed.length);
  return inflater.inflate(compressed, compression, reservation);
}

test.each([
  ['small gzip', SMALL, gzipSync(SMALL), 'gzip'],
  ['large gzip', LARGE, gzipSync(LARGE), 'gzip'],
  ['small deflate', SMALL, deflateSync(SMALL), 'deflate'],
  ['large deflate', LARGE, deflateSync(LARGE), 'deflate'],
  ['gzip of two members', Buffer.concat([LARGE, SMALL]), Buffer.concat([gzipSync(LARGE), gzipSync(SMALL)]), 'gzip'],
  ['gzip of nothing', Buffer.alloc(0), gzipSync(Buffer.alloc(0)), 'gzip'],
] as const)(
  '%s is inflated, and its reservation is what came out',
  async (_name, expected, compressed, compression) => {
    const inflated = await inflate(new Inflater(1, 2 * MIB), compressed, compression);
    expect(inflated.equals(expected)).toBe(true);
    expect(budget.held).toBe(expected.length);
  },
);

test.each([
  ['small', SMALL],
  ['large', LARGE],
])('a %s body of exactly the limit is inflated, one byte above it is not', async (_name, body) => {
  const compressed = gzipSync(body);
  await expect(inflate(new Inflater(1, body.length), compressed)).resolves.toHaveLength(body.length);
  await expect(inflate(new Inflater(1, body.length - 1), compressed)).rejects.toMatchObject({
    code: 'request_too_large',
  });
});

test('a body that does not fit the budget is for later, and leaves nothing reserved but itself', async () => {
  const compressed = gzipSync(Buffer.alloc(5 * MIB));
  await expect(inflate(new Inflater(1, 8 * MIB), compressed)).rejects.toMatchObject({ code: 'overloaded' });
  expect(budget.held).toBe(compressed.length);
});

test('a body that neither fits the budget nor the limit is refused for good', async () => {
  // Two members: the length at the end is that of the second, so it does not show beforehand.
  const compressed = Buffer.concat([gzipSync(Buffer.alloc(9 * MIB)), gzipSync(SMALL)]);
  await expect(inflate(new Inflater(1, 8 * MIB), compressed)).rejects.toMatchObject({ code: 'request_too_large' });
  expect(budget.held).toBe(compressed.length);
});

test('a body that admits to be too large is not kept while it is found out', async () => {
  const compressed = gzipSync(Buffer.alloc(9 * MIB));
  await expect(inflate(new Inflater(1, 2 * MIB), compressed)).rejects.toMatchObject({ code: 'request_too_large' });
  expect(budget.highest).toBe(compressed.length);
});

test('a body that claims to be too large, but is not, is malformed', async () => {
  const compressed = Buffer.concat([gzipSync(LARGE), Buffer.alloc(8, 0xff)]);
  await expect(inflate(new Inflater(1, 2 * MIB), compressed)).rejects.toMatchObject({ code: 'malformed_compression' });
});

test.each([
  ['small', gzipSync(SMALL).subarray(0, 500)],
  ['large', gzipSync(LARGE).subarray(0, 90_000)],
])('a %s body that is cut off is malformed', async (_name, compressed) => {
  await expect(inflate(new Inflater(1, 2 * MIB), compressed)).rejects.toMatchObject({ code: 'malformed_compression' });
});

test('a body whose request is over is given up, and the next one gets its turn', async () => {
  const inflater = new Inflater(1, 2 * MIB);
  const compressed = gzipSync(LARGE);
  const over = inflate(inflater, compressed);
  const waiting = inflate(inflater, compressed);
  const other = new Reservation(new CountedBudget(4 * MIB));
  other.add(compressed.length);
  const next = inflater.inflate(compressed, 'gzip', other);
  reservation.release();
  await expect(over).rejects.toMatchObject({ code: 'cancelled' });
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
  await expect(next).resolves.toHaveLength(LARGE.length);
  expect(budget.held).toBe(0);
});
