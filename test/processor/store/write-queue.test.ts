/** The queue of deferred writes: bounded, and what is of least worth goes first. */
import { type DeferredWrite, WriteQueue } from '../../../processor/src/store/write-queue.ts';

let dropped: string[];

beforeEach(() => {
  dropped = [];
});

const queue = (maxBytes: number): WriteQueue => new WriteQueue(maxBytes, (table) => dropped.push(table));

const write = (text: string, changes: Partial<DeferredWrite> = {}): DeferredWrite => ({
  sql: 'INSERT',
  parameters: [text, 1, null],
  table: 'anomalies',
  isExpendable: true,
  ...changes,
});

const lasting = (text: string, key: string): DeferredWrite =>
  write(text, { table: 'incidents', key, isExpendable: false });

const texts = (writes: readonly DeferredWrite[]): unknown[] => writes.map(({ parameters }) => parameters[0]);

test('gives lasting writes first, each kind in the order it came', () => {
  const waiting = queue(1e6);
  waiting.push(write('a1'));
  waiting.push(lasting('i1', '1'));
  waiting.push(write('a2'));
  waiting.push(lasting('i2', '2'));
  expect(texts(waiting.take(1e6))).toEqual(['i1', 'i2', 'a1', 'a2']);
  expect(waiting.size).toBe(0);
});

test('a later write of the same key takes the place of the one that waits', () => {
  const waiting = queue(1e6);
  waiting.push(lasting('old', '1'));
  waiting.push(write('old', { key: '1' }));
  waiting.push(lasting('new', '1'));
  expect(texts(waiting.take(1e6))).toEqual(['new', 'old']);
});

test('when it is full the oldest expendable write goes, and lasting ones only when there is no other', () => {
  // A write counts 512 bytes and two for each unit of its text.
  const waiting = queue(2100);
  waiting.push(lasting('i1', '1'));
  for (const text of ['a1', 'a2', 'a3', 'a4']) waiting.push(write(text));
  expect(dropped).toEqual(['anomalies']);
  for (const key of ['2', '3', '4', '5']) waiting.push(lasting(`i${key}`, key));
  expect(dropped).toEqual(['anomalies', 'anomalies', 'anomalies', 'anomalies', 'incidents']);
  expect(texts(waiting.take(1e6))).toEqual(['i2', 'i3', 'i4', 'i5']);
});

test('is never larger than its bound, whatever comes, and takes new writes when room was made', () => {
  const waiting = queue(10_000);
  waiting.push(write('x'.repeat(6000)));
  expect([waiting.size, dropped]).toEqual([0, ['anomalies']]);
  for (let round = 0; round < 100; round += 1) {
    for (let index = 0; index < 50; index += 1) waiting.push(lasting('y'.repeat(100), `${round} ${index % 10}`));
    expect(waiting.size).toBeLessThanOrEqual(14);
    waiting.take(3000);
  }
  waiting.take(1e6);
  waiting.push(write('fits'));
  expect(texts(waiting.take(1e6))).toEqual(['fits']);
});

test('a batch stays within its size, but is never empty while something waits', () => {
  const waiting = queue(1e6);
  for (const text of ['x'.repeat(5000), 'b', 'c', 'd']) waiting.push(write(text));
  expect(texts(waiting.take(1100))).toEqual(['x'.repeat(5000)]);
  expect(texts(waiting.take(1100))).toEqual(['b', 'c']);
  expect(texts(waiting.take(1100))).toEqual(['d']);
  expect(waiting.take(1100)).toEqual([]);
});

test('forgets what speaks of an erased user, also within other text', () => {
  const waiting = queue(1e6);
  waiting.push(write('u_1'));
  waiting.push(lasting('[{"user":"u_1"}]', '1'));
  waiting.push(write('u_2'));
  waiting.purge(['u_1', 'a_1']);
  expect(texts(waiting.take(1e6))).toEqual(['u_2']);
});
