import { Random } from '../../../processor/src/forest/random.ts';
import { RowSample, type SampleOptions } from '../../../processor/src/model/sample.ts';
import type { SampleSource } from '../../../processor/src/model/sample-snapshot.ts';

function seeded(seed: number): () => number {
  const random = new Random(seed, 0);
  return () => random.fraction();
}

function sampleOf(options: Partial<SampleOptions>): RowSample {
  return new RowSample({ capacity: 100, width: 1, random: seeded(1), ...options });
}

function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

function filled(options: Partial<SampleOptions> = {}): RowSample {
  const sample = sampleOf({ width: 2, capacity: 50_000, entityCap: 5, networkCap: 20_000, ...options });
  for (let i = 0; i < 40_000; i += 1) sample.add(3, i % 9000, i % 7, 1.8e9 + i, i % 4, Float32Array.of(i, -i), 0);
  return sample;
}

/** Reads pieces as the file of a snapshot does: all bytes one after the other. */
function sourceOf(pieces: Iterable<ArrayBufferView>): SampleSource & { remaining(): number } {
  const bytes = Buffer.concat(Array.from(pieces, bytesOf));
  let position = 0;
  return {
    read: (target) => {
      bytesOf(target).set(bytes.subarray(position, (position += target.byteLength)));
      return Promise.resolve();
    },
    remaining: () => bytes.length - position,
  };
}

const sorted = (sample: RowSample): Float32Array => sample.view().rows.slice(0, 2000).toSorted();

const rowsOf = (sample: RowSample): Buffer =>
  bytesOf(sample.view().rows.subarray(0, sample.size * sample.view().width));

test('a snapshot restores the sample, and the restored one goes on as the first would', async () => {
  const sample = filled({ capacity: 30_000, random: seeded(1) });
  const restored = sampleOf({ width: 2, capacity: 30_000, entityCap: 5, networkCap: 20_000 });
  restored.add(1, 1, 1, 1.8e9, 0, Float32Array.of(1, 1), 0);
  await restored.restore(sourceOf(sample.chunks()));
  expect([restored.size, restored.seen]).toEqual([30_000, 40_000]);
  expect(rowsOf(restored).equals(rowsOf(sample))).toBe(true);

  const draws = [seeded(9), seeded(9)];
  const both = await Promise.all(
    draws.map(async (random) => {
      const again = sampleOf({ width: 2, capacity: 30_000, entityCap: 5, networkCap: 20_000, random });
      await again.restore(sourceOf((draws[0] === random ? sample : restored).chunks()));
      for (let i = 0; i < 5000; i += 1) again.add(4, i, 0, 1.8e9 + 41_000, 0, Float32Array.of(i, i), 0);
      return rowsOf(again);
    }),
  );
  expect(both[0]?.equals(both[1]!)).toBe(true);
});

test('a snapshot written while rows change is whole', async () => {
  const sample = filled();
  const pieces: Buffer[] = [];
  for (const piece of sample.chunks()) {
    pieces.push(bytesOf(piece));
    sample.eraseEntity(3, pieces.length);
    sample.add(5, pieces.length, 0, 1.9e9, 0, Float32Array.of(1, -1), 0);
  }
  const source = sourceOf(pieces);
  const restored = sampleOf({ width: 2, capacity: 50_000, networkCap: 20_000 });
  await restored.restore(source);
  expect(source.remaining()).toBe(0);
  const { rows, size } = restored.view();
  expect(size).toBeGreaterThan(30_000);
  const sums = Array.from({ length: size }, (_, row) => rows[row * 2]! + rows[row * 2 + 1]!);
  expect(sums.filter((sum) => sum !== 0)).toEqual([]);
});

test('a snapshot restores into a smaller sample what that one would have kept', async () => {
  const smaller = { capacity: 1000, entityCap: 1 };
  const restored = sampleOf({ width: 2, networkCap: 20_000, ...smaller });
  await restored.restore(sourceOf(filled().chunks()));
  const direct = filled(smaller);

  expect(Array.from(sorted(restored))).toEqual(Array.from(sorted(direct)));
});

test('a snapshot restores into other columns: known ones in their new places, new ones as NaN', async () => {
  const sample = sampleOf({ width: 2 });
  for (let i = 0; i < 10; i += 1) sample.add(1, i, 0, 1.8e9, 3, Float32Array.of(i, 10 + i), 0);
  const wider = sampleOf({ width: 3 });
  await wider.restore(sourceOf(sample.chunks()), [1, -1, 0]);
  expect(Array.from(wider.view().rows.subarray(0, 6))).toEqual([10, NaN, 0, 11, NaN, 1]);
  expect(wider.view().band[9]).toBe(3);

  const narrower = sampleOf({ width: 1 });
  await narrower.restore(sourceOf(sample.chunks()));
  expect(Array.from(narrower.view().rows.subarray(0, 3))).toEqual([0, 1, 2]);
});

test('something other than a sample is refused', async () => {
  const garbage = sourceOf([Buffer.alloc(100, 0x7f)]);
  await expect(sampleOf({}).restore(garbage)).rejects.toThrow(RangeError);
});
