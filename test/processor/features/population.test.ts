import { Population } from '../../../processor/src/features/population.ts';
import { Random } from '../../../processor/src/forest/random.ts';
import { DAY, HOUR, MONDAY } from './observations.ts';

describe('a step from one endpoint to another', () => {
  it('surprises by -ln((c_ab + 4 p_b) / (n_a + 4)), and is counted afterwards', () => {
    const population = new Population();
    expect(population.transition(1, 2, 0.1)).toBeCloseTo(-Math.log(0.4 / 4), 9);
    expect(population.transition(1, 2, 0.1)).toBeCloseTo(-Math.log(1.4 / 5), 9);
    expect(population.transition(1, 3, 0.5)).toBeCloseTo(-Math.log(2 / 6), 9);
    expect(population.transition(2, 1, 0.1)).toBeCloseTo(-Math.log(0.4 / 4), 9);
  });

  it('never surprises by less than nothing', () => {
    expect(new Population().transition(1, 2, 5)).toBeCloseTo(0, 9);
  });

  it('surprises by its own frequency in the long run', () => {
    const population = new Population();
    const random = new Random(1, 1);
    for (let n = 0; n < 50_000; n++) population.transition(1, random.below(10) < 7 ? 2 : 3, 0.01);
    expect(population.transition(1, 2, 0.01)).toBeCloseTo(-Math.log(0.7), 1);
    expect(population.transition(1, 3, 0.01)).toBeCloseTo(-Math.log(0.3), 1);
  });

  it('stays known when four million steps are in and all counts are halved', () => {
    const population = new Population();
    const saved = population.snapshot();
    saved.numbers[1] = 4_000_000 - 1;
    population.restore(saved);
    population.transition(1, 2, 0.1);
    expect(population.snapshot().numbers[1]).toBe(2_000_000);
    expect(population.transition(1, 2, 0.1)).toBeCloseTo(-Math.log((0.5 + 0.4) / (0.5 + 4)), 6);
  });
});

describe('hours of the day', () => {
  it('are equally likely before anything was seen', () => {
    const population = new Population();
    expect(population.hourShare(3)).toBeCloseTo(1 / 24, 9);
  });

  it('have shares that add up to 1', () => {
    const population = new Population();
    const random = new Random(1, 1);
    for (let n = 0; n < 1000; n++) population.windowStarted(MONDAY + random.below(10 * DAY), 0);
    const shares = Array.from({ length: 24 }, (_, hour) => population.hourShare(hour));
    expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
  });

  it('are smoothed by a Gaussian of two hours over midnight', () => {
    const population = new Population();
    for (let n = 0; n < 99; n++) population.windowStarted(MONDAY + n, 0);
    const weights = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((hours) => Math.exp(-((hours / 2) ** 2) / 2));
    const all = weights.reduce((a, b) => a + b);
    for (const [hour, weight] of [
      [0, weights[4]!],
      [23, weights[3]!],
      [2, weights[6]!],
      [20, weights[0]!],
      [5, 0],
    ] as const) {
      expect(population.hourShare(hour)).toBeCloseTo((99 * (weight / all) + 1 / 24) / 100, 6);
    }
  });

  it('are told apart by the day of the week too', () => {
    const population = new Population();
    for (let n = 0; n < 99; n++) population.windowStarted(MONDAY + 3 * DAY + 12 * HOUR + n, 0);
    const shares = Array.from({ length: 168 }, (_, hour) => population.weekHourShare(hour));
    expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    expect(shares.indexOf(Math.max(...shares))).toBe(3 * 24 + 12);
    expect(population.weekHourShare(4 * 24 + 12)).toBeCloseTo(1 / 168 / 100, 9);
    expect(population.hourShare(12)).toBeGreaterThan(0.1);
  });

  it('of the week are known after seven days of event time', () => {
    const population = new Population();
    population.windowStarted(MONDAY, 0);
    population.windowStarted(MONDAY + 7 * DAY - 1, 0);
    expect(population.knowsTheWeek).toBe(false);
    population.windowStarted(MONDAY + 7 * DAY, 0);
    expect(population.knowsTheWeek).toBe(true);
  });

  it('are known after one day of event time', () => {
    const population = new Population();
    expect(population.knowsTheDay).toBe(false);
    population.windowStarted(MONDAY, 0);
    population.windowStarted(MONDAY + DAY - 1, 0);
    expect(population.knowsTheDay).toBe(false);
    population.windowStarted(MONDAY + DAY, 0);
    population.windowStarted(MONDAY + 1, 0);
    expect(population.knowsTheDay).toBe(true);
  });
});

describe('novelties', () => {
  it('are four in two hundred windows before any was seen', () => {
    const population = new Population();
    expect([population.clientNoveltyRate, population.networkNoveltyRate]).toEqual([0.02, 0.02]);
  });

  it('are counted apart, per window of a user', () => {
    const population = new Population();
    for (let n = 0; n < 800; n++) population.windowStarted(MONDAY, 0);
    for (let n = 0; n < 46; n++) population.clientNovelty();
    population.networkNovelty();
    expect(population.clientNoveltyRate).toBeCloseTo(50 / 1000, 9);
    expect(population.networkNoveltyRate).toBeCloseTo(5 / 1000, 9);
  });
});

describe('a client', () => {
  it('is the rarer the fewer windows began with it, down to one in three thousand', () => {
    const population = new Population();
    for (let n = 0; n < 9999; n++) population.windowStarted(MONDAY, n < 99 ? 7 : 8);
    expect(population.clientRarity(7)).toBeCloseTo(-Math.log(100 / 10_000), 6);
    expect(population.clientRarity(8)).toBeCloseTo(-Math.log(9901 / 10_000), 6);
    expect(population.clientRarity(9)).toBeCloseTo(Math.log(3000), 6);
  });

  it('is nothing special before anything was seen', () => {
    expect(new Population().clientRarity(7)).toBeCloseTo(0, 9);
  });
});

test('four million windows are halved with all that is counted per window: rates and shares stay', () => {
  const population = new Population();
  for (let n = 0; n < 10; n++) population.windowStarted(MONDAY + 9 * HOUR, 0);
  const saved = population.snapshot();
  saved.numbers[2] = 4_000_000 - 1;
  saved.numbers[3] = 400_000;
  saved.numbers[4] = 40_000;
  saved.tables[2]![9] = 4_000_000 - 1;
  population.restore(saved);
  const share = population.hourShare(9);
  population.windowStarted(MONDAY + 9 * HOUR, 0);
  expect(population.snapshot().numbers.slice(2, 5)).toEqual([2_000_000, 200_000, 20_000]);
  expect(population.snapshot().tables[2]![9]).toBe(2_000_000);
  expect(population.hourShare(9)).toBeCloseTo(share, 6);
  expect(population.clientNoveltyRate).toBeCloseTo(0.1, 4);
});

test('a snapshot restores all of it', () => {
  const population = new Population();
  population.calls = 17;
  population.windowStarted(MONDAY, 0);
  population.windowStarted(MONDAY + DAY + HOUR, 0);
  population.clientNovelty();
  population.clientNovelty();
  population.networkNovelty();
  for (let n = 0; n < 5; n++) population.transition(1, 2, 0.1);
  const restored = new Population();
  restored.restore(population.snapshot());
  expect(restored.snapshot()).toEqual(population.snapshot());
  expect([restored.calls, restored.knowsTheDay]).toEqual([17, true]);
  expect([restored.clientNoveltyRate, restored.networkNoveltyRate]).toEqual([6 / 202, 5 / 202]);
  expect(restored.hourShare(1)).toBe(population.hourShare(1));
  expect(restored.transition(1, 2, 0.1)).toBe(population.transition(1, 2, 0.1));
});
