import { Random } from '../../../processor/src/forest/random.ts';
import { RowSample, type SampleOptions } from '../../../processor/src/model/sample.ts';

/** Uniform in [0, 1), the same numbers for the same seed. */
function seeded(seed: number): () => number {
  const random = new Random(seed, 0);
  return () => random.fraction();
}

const HOUR = 3600;

function sampleOf(options: Partial<SampleOptions>): RowSample {
  return new RowSample({ capacity: 100, width: 1, halfLifeSeconds: HOUR, random: seeded(1), ...options });
}

/** A row offered: its number is its only value, `u` the random number it draws. */
interface Offer {
  readonly number: number;
  readonly entity: number;
  readonly network: number;
  readonly seconds: number;
  readonly u: number;
}

function offers(count: number, random: () => number, entities: number, networkOf: (entity: number) => number): Offer[] {
  return Array.from({ length: count }, (_, number) => {
    const entity = Math.floor(random() ** 2 * entities);
    return { number, entity, network: networkOf(entity), seconds: 1.8e9 + random() * 4 * HOUR, u: random() };
  });
}

/** Offers the rows; `random` of the options must be `() => draws.u`. */
function offerAll(sample: RowSample, rows: readonly Offer[], draws: { u: number }): void {
  for (const row of rows) {
    draws.u = row.u;
    sample.add(7, row.entity, row.network, row.seconds, row.number % 4, Float32Array.of(row.number), 0);
  }
}

/** Numbers of the rows kept, ascending. Checks on the way that every row is still what was offered. */
function kept(sample: RowSample, rows: readonly Offer[]): number[] {
  const view = sample.view();
  const numbers = Array.from(view.rows.subarray(0, view.size));
  for (const [slot, number] of numbers.entries()) {
    const row = rows[number]!;
    expect([
      view.entityHigh[slot],
      view.entityLow[slot],
      view.network[slot],
      view.windowTime[slot],
      view.band[slot],
    ]).toEqual([7, row.entity, row.network, row.seconds, number % 4]);
  }
  return numbers.toSorted((a, b) => a - b);
}

/** The definition, computed at leisure: by descending priority, whatever the caps and the capacity still allow. */
function byDefinition(rows: readonly Offer[], capacity: number, entityCap: number, networkCap: number): number[] {
  const priority = ({ seconds, u }: Offer): number => 2 ** ((seconds - 1.8e9) / HOUR) / -Math.log(u);
  const ofEntity = new Map<number, number>();
  const ofNetwork = new Map<number, number>();
  const numbers: number[] = [];
  for (const row of rows.toSorted((a, b) => priority(b) - priority(a))) {
    const entityRows = ofEntity.get(row.entity) ?? 0;
    const networkRows = ofNetwork.get(row.network) ?? 0;
    const isRefused = entityRows >= entityCap || (row.network !== 0 && networkRows >= networkCap);
    if (isRefused || numbers.length >= capacity) continue;
    ofEntity.set(row.entity, entityRows + 1);
    ofNetwork.set(row.network, networkRows + 1);
    numbers.push(row.number);
  }
  return numbers.toSorted((a, b) => a - b);
}

test.each([
  ['a few hot entities', 400, 60, 20, 5, 30],
  ['many entities', 2000, 100, 1000, 3, 10],
  ['a sample that never fills', 50, 100, 10, 50, 500],
  ['one row an entity', 500, 40, 100, 1, 5],
])(
  '%s: the highest priorities the caps allow stay, whatever the order',
  (_, count, capacity, entities, entityCap, networkCap) => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const random = seeded(seed);
      const rows = offers(count, random, entities, (entity) => entity % 8);
      const expected = byDefinition(rows, capacity, entityCap, networkCap);
      for (const order of [rows, rows.toReversed(), rows.toSorted((a, b) => a.u - b.u)]) {
        const draws = { u: 0 };
        const sample = sampleOf({ capacity, entityCap, networkCap, random: () => draws.u });
        offerAll(sample, order, draws);
        expect(kept(sample, rows)).toEqual(expected);
        expect([sample.size, sample.seen]).toEqual([expected.length, count]);
      }
    }
  },
);

test('entities that change networks stay within both caps', () => {
  const random = seeded(3);
  const rows = offers(5000, random, 40, () => Math.floor(random() * 6));
  const draws = { u: 0 };
  const sample = sampleOf({ capacity: 150, entityCap: 6, networkCap: 20, random: () => draws.u });
  for (const row of rows) {
    offerAll(sample, [row], draws);
    const { size, entityLow, network } = sample.view();
    expect(entityLow.subarray(0, size).filter((key) => key === row.entity).length).toBeLessThanOrEqual(6);
    if (row.network === 0) continue;
    expect(network.subarray(0, size).filter((key) => key === row.network).length).toBeLessThanOrEqual(20);
  }
  kept(sample, rows);
  expect(sample.size).toBeGreaterThan(100);
});

test('of rows of the same age every one is as likely to stay', () => {
  const rows = 500;
  const runs = 400;
  const share = 50 / rows;
  const counts = new Float64Array(rows);
  for (let run = 0; run < runs; run += 1) {
    const sample = sampleOf({ capacity: 50, random: seeded(run + 1) });
    for (let i = 0; i < rows; i += 1) sample.add(0, i, 0, 1.8e9, 0, Float32Array.of(i), 0);
    for (const number of sample.view().rows) counts[number]! += 1;
  }
  // Chi-square of counts that are binomial (runs, share): each term is divided by its variance.
  const chiSquare = counts.reduce((sum, count) => sum + (count - runs * share) ** 2 / (runs * share * (1 - share)), 0);
  // 499 degrees of freedom: mean 499, standard deviation sqrt(2 * 499) = 31.6; four of these either way.
  expect(Math.abs(chiSquare - 499)).toBeLessThan(4 * 31.6);
});

test('the share of rows of an age halves with every half-life', () => {
  const halfLives = 6;
  const perHalfLife = 15_000;
  const runs = 20;
  const found = new Float64Array(halfLives);
  const row = new Float32Array(1);
  for (let seed = 1; seed <= runs; seed += 1) {
    const sample = sampleOf({ capacity: 200, entityCap: Infinity, random: seeded(seed) });
    for (let i = 0; i < halfLives * perHalfLife; i += 1) {
      row[0] = halfLives - 1 - Math.floor(i / perHalfLife);
      sample.add(0, i, 0, 1.8e9 + (i / perHalfLife) * HOUR, 0, row, 0);
    }
    for (const age of sample.view().rows) found[age]! += 1;
  }
  const total = runs * 200;
  const all = 1 - 0.5 ** halfLives;
  const chiSquare = found.reduce((sum, count, age) => {
    const expected = (total * 0.5 ** (age + 1)) / all;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  // 5 degrees of freedom: 20.5 is exceeded once in a thousand (chi-square table).
  expect(chiSquare).toBeLessThan(20.5);
});

test('a burst of one entity takes no more than its cap and displaces nobody else', () => {
  const sample = sampleOf({ capacity: 1000, entityCap: 50 });
  for (let i = 0; i < 500; i += 1) sample.add(1, i, 0, 1.8e9, 0, Float32Array.of(1), 0);
  for (let i = 0; i < 100_000; i += 1) sample.add(2, 0, 0, 1.8e9 + i / 1000, 0, Float32Array.of(2), 0);

  const rows = sample.view().rows.subarray(0, sample.size);
  expect(rows.filter((value) => value === 1)).toHaveLength(500);
  expect(rows.filter((value) => value === 2)).toHaveLength(50);
});

test('the same random numbers give the same sample', () => {
  const columns = [1, 1, 2].map((seed) => {
    const sample = sampleOf({ random: seeded(seed) });
    for (let i = 0; i < 5000; i += 1) sample.add(0, i, i % 50, 1.8e9 + i, 0, Float32Array.of(i), 0);
    return Array.from(sample.view().rows);
  });
  expect(columns[0]).toEqual(columns[1]);
  expect(columns[0]).not.toEqual(columns[2]);
});

test('a row is read at its offset and a row without a time is not kept', () => {
  const sample = sampleOf({ width: 2 });
  expect(sample.add(1, 2, 3, NaN, 0, Float32Array.of(1, 2), 0)).toBe(false);
  expect(sample.add(1, 2, 3, Infinity, 0, Float32Array.of(1, 2), 0)).toBe(false);
  expect(sample.add(1, 2, 3, 1.8e9, 0, Float32Array.of(1, 2, 3, 4, 5), 2)).toBe(true);
  expect(Array.from(sample.view().rows.subarray(0, 2))).toEqual([3, 4]);
  expect([sample.size, sample.seen]).toEqual([1, 3]);
});

test('an erased entity is gone and the others are as they were', () => {
  const rows = offers(1000, seeded(5), 20, (entity) => entity % 3);
  const draws = { u: 0 };
  const sample = sampleOf({ capacity: 80, random: () => draws.u });
  offerAll(sample, rows, draws);
  const before = kept(sample, rows);
  const remaining = before.filter((number) => rows[number]!.entity !== 2);

  expect(sample.eraseEntity(7, 2)).toBe(before.length - remaining.length);
  expect(remaining.length).toBeLessThan(before.length);
  expect(kept(sample, rows)).toEqual(remaining);
  expect(sample.eraseEntity(7, 2)).toBe(0);
  expect(sample.eraseEntity(8, 3)).toBe(0);

  // It goes on as a sample does: full again, within the caps.
  offerAll(
    sample,
    rows.map((row) => ({ ...row, seconds: row.seconds + HOUR, u: 1 - row.u })),
    draws,
  );
  expect(sample.size).toBe(80);
});

/** Wide enough for several slices: 70 000 rows of 3 values are about 2.9 MB. */
function large(): RowSample {
  const sample = sampleOf({ capacity: 70_000, width: 3, entityCap: Infinity });
  for (let i = 0; i < 70_000; i += 1) sample.add(i % 10, i, 0, 1.8e9 + i, i % 4, Float32Array.of(i, i + 0.5, -i), 0);
  return sample;
}

describe('copy', () => {
  test('has the rows of the sample, in one buffer to transfer', async () => {
    const sample = large();
    const copy = await sample.copy();
    const view = sample.view();
    expect(copy.size).toBe(70_000);
    expect(copy.buffer).not.toBe(view.buffer);
    for (const name of ['rows', 'entityHigh', 'entityLow', 'windowTime', 'band', 'network'] as const) {
      expect(copy[name].buffer).toBe(copy.buffer);
      expect(Buffer.compare(bytesOf(copy[name]), bytesOf(view[name]))).toBe(0);
    }
  });

  test('lets the event loop turn, and holds whole rows even if they change meanwhile', async () => {
    const sample = large();
    const copying = sample.copy();
    let turns = 0;
    const change = (): void => {
      turns += 1;
      for (let i = 0; i < 5000; i += 1) sample.add(20, turns, 0, 1.9e9, 1, Float32Array.of(-5, -5, -5), 0);
      sample.eraseEntity(20, turns - 1);
      timer = setImmediate(change);
    };
    let timer = setImmediate(change);
    const copy = await copying;
    clearImmediate(timer);

    expect(turns).toBeGreaterThan(3);
    expect(copy.size).toBeLessThan(70_000);
    for (let row = 0; row < copy.size; row += 1) {
      const [first, second, third] = copy.rows.subarray(row * 3, row * 3 + 3);
      const isNew = copy.entityHigh[row] === 20;
      const isWhole = isNew
        ? second === -5 && third === -5
        : second === first! + 0.5 && third === -first! && copy.entityLow[row] === first;
      if (!isWhole) throw new Error(`row ${row} is torn: ${first} ${second} ${third}`);
    }
  });
});

function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}
