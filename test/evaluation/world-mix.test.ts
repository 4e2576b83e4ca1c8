import { CONFOUNDER_NAMES } from '../../processor/src/simulation/confounders.ts';
import type { WorldOptions } from '../../processor/src/simulation/world.ts';
import { ATTACKS } from '../../processor/src/simulation/attacks.ts';
import { attackedWorld, drawAttacks, drawConfounders, mixedWorld, seedsOf, type SeedSeries } from './world-mix.ts';

const options = { quick: false };

const orders = ({ attacks = [] }: Pick<WorldOptions, 'attacks'>) =>
  new Set(attacks.map(({ behavior, intensity }) => `${behavior} ${intensity}`));

describe('the worlds of the evaluation', () => {
  it('have all twelve confounders within four that follow each other, and others in the next four', () => {
    const rounds = [0, 4, 8].map((from) => [0, 1, 2, 3].flatMap((index) => drawConfounders(from + index)));
    for (const round of rounds) expect(round.toSorted()).toEqual(CONFOUNDER_NAMES.toSorted());
    expect(new Set(rounds.map((round) => round.join())).size).toBe(3);
  });

  it('have every behavior in every intensity', () => {
    expect(orders({ attacks: Array.from({ length: 200 }, (_, index) => drawAttacks(index)).flat() }).size).toBe(33);
    expect(orders(mixedWorld(1001, { quick: true })).size).toBe(33);
    expect(orders(attackedWorld(1501, options)).size).toBe(39);
  });

  it('are about as long under attack by every behavior, less by those of low intensity', () => {
    const worlds = 1000;
    const minutes = new Map<string, number>();
    for (const { behavior, intensity } of Array.from({ length: worlds }, (_, index) => drawAttacks(index)).flat()) {
      const { minutes: long, addresses } = ATTACKS[behavior][intensity];
      const kind = `${behavior} ${intensity}`;
      minutes.set(kind, (minutes.get(kind) ?? 0) + (long * addresses) / worlds);
    }
    expect(minutes.size).toBe(33);
    for (const [kind, mean] of minutes) {
      const wanted = kind.endsWith('low') ? 20 : 60;
      expect(mean).toBeGreaterThan(0.6 * wanted);
      expect(mean).toBeLessThan(1.4 * wanted);
    }
    expect(mixedWorld(1001, options).attacks).toEqual(drawAttacks(0));
  });

  it('have seeds of their own', () => {
    const series: readonly SeedSeries[] = ['mix', 'incidents', 'confounders', 'ordinary'];
    const seeds = series.flatMap((name) => seedsOf(name, 400));
    expect(new Set(seeds).size).toBe(seeds.length);
    expect(Math.min(...seeds)).toBe(1001);
  });
});
