import { type Measure, MEASURE_NAMES, NEGATIVE, POSITIVE, Ranking } from '../../processor/src/evaluation/ranking.ts';
import type { WorldOptions } from '../../processor/src/simulation/world.ts';
import { oneForest, persistent, type Scoring, themed } from './ablation-variants.ts';
import type { Measures } from './measured-windows.ts';
import { evaluateWorld } from './simulated-world.ts';
import { type WindowRow, WindowRows } from './window-rows.ts';
import { TRAIN_SHARE } from './world-mix.ts';

/** The variants in the order in which parts are added. */
export const VARIANTS = {
  one_forest: 'one forest over all features',
  themed_forests: 'themed forests, each calibrated, fused by an ordered sum',
  guard: '+ tails of single features (.7 / .3)',
  relative: "+ distances from the user's own baseline",
  without_forests: 'the same without any forest',
  decision: '+ bands of maturity, calibration of the fused evidence, persistence',
  decision_without_forests: 'the same without any forest',
  served: 'the detector as it serves, users and addresses, call by call',
} as const;

export type VariantName = keyof typeof VARIANTS;

export interface AblationOutcome {
  readonly seed: number;
  readonly windows: number;
  readonly measures: Readonly<Record<VariantName, Measures>>;
}

/** All variants on the rows of one world, learned from its first half. */
export async function ablationOutcome(options: WorldOptions): Promise<AblationOutcome> {
  let rows: WindowRows | undefined;
  await evaluateWorld(options, TRAIN_SHARE, (replay) => (rows = new WindowRows(replay)));
  const all = rows!.rows;
  const training = all.filter(({ isTest }) => !isTest);
  const test = all.filter(({ isTest }) => isTest);
  const parts = { guard: true, relative: true, forests: true, bands: false };
  const decision = (forests: boolean): Scoring => {
    return persistent(themed(training, { ...parts, forests, bands: true }), all);
  };
  const scorings: Record<VariantName, () => Scoring> = {
    one_forest: () => oneForest(training),
    themed_forests: () => themed(training, { ...parts, guard: false, relative: false }),
    guard: () => themed(training, { ...parts, relative: false }),
    relative: () => themed(training, parts),
    without_forests: () => themed(training, { ...parts, forests: false }),
    decision: () => decision(true),
    decision_without_forests: () => decision(false),
    served:
      () =>
      ({ evidence }) =>
        evidence,
  };
  const measures = Object.entries(scorings).map(([name, scoring]) => [name, measure(test, scoring())]);
  return {
    seed: options.seed,
    windows: test.length,
    measures: Object.fromEntries(measures) as Record<VariantName, Measures>,
  };
}

function measure(test: readonly WindowRow[], scoring: Scoring): Measures {
  const roles = Uint8Array.from(test, ({ labels }) => (labels.size > 0 ? POSITIVE : NEGATIVE));
  const users = Uint32Array.from(test, ({ user }) => user);
  const ranking = Ranking.of(Float64Array.from(test, scoring), roles, users);
  const out = ranking.measure(new Float64Array(MEASURE_NAMES.length));
  return Object.fromEntries(MEASURE_NAMES.map((name, column) => [name, out[column]!])) as Record<Measure, number>;
}
