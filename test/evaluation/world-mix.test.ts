import { CONFOUNDER_NAMES } from '../../processor/src/simulation/confounders.ts';
import type { WorldOptions } from '../../processor/src/simulation/world.ts';
import { attackedWorld, drawConfounders, mixedWorld, seedsOf, type SeedSeries } from './world-mix.ts';

const options = { quick: false };

const orders = ({ attacks = [] }: WorldOptions) =>
  new Set(attacks.map(({ behavior, intensity }) => `${behavior} ${intensity}`));

describe('the worlds of the evaluation', () => {
  it('have all twelve confounders within four that follow each other, and others in the next four', () => {
    const rounds = [0, 4, 8].map((from) => [0, 1, 2, 3].flatMap((index) => drawConfounders(from + index)));
    for (const round of rounds) expect(round.toSorted()).toEqual(CONFOUNDER_NAMES.toSorted());
    expect(new Set(rounds.map((round) => round.join())).size).toBe(3);
  });

  it('have every behavior in every intensity', () => {
    expect(orders(mixedWorld(1001, options)).size).toBe(33);
    expect(orders(attackedWorld(1501, options)).size).toBe(39);
  });

  it('have seeds of their own', () => {
    const series: readonly SeedSeries[] = ['mix', 'incidents', 'confounders', 'ordinary'];
    const seeds = series.flatMap((name) => seedsOf(name, 400));
    expect(new Set(seeds).size).toBe(seeds.length);
    expect(Math.min(...seeds)).toBe(1001);
  });
});
