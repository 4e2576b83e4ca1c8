import { readFileSync } from 'node:fs';
import type { EntityWindows, Quantity } from '../../processor/src/evaluation/entity-windows.ts';
import type { DetectorName } from '../../processor/src/evaluation/evaluation-report.ts';
import {
  LEFT_OUT,
  type Measure,
  MEASURE_NAMES,
  NEGATIVE,
  POSITIVE,
  Ranking,
} from '../../processor/src/evaluation/ranking.ts';
import { tuneRules } from '../../processor/src/evaluation/rule-tuner.ts';
import { DEFAULT_RULES_FILE, parseRules, ruleValues } from '../../processor/src/evaluation/static-rules.ts';

export const DETECTORS = ['ours', 'tuned_rules', 'rules', 'peer_forest'] as const satisfies readonly DetectorName[];

/** The measures of a detector; NaN for what does not exist. */
export type Measures = Readonly<Record<Measure, number>>;
export type DetectorMeasures = Readonly<Record<DetectorName, Measures>>;

/** All detectors over the windows of the test part, measured for this or that group of labels. */
export class MeasuredWindows {
  readonly units: Uint32Array;
  readonly #windows: EntityWindows;
  readonly #users: Uint32Array;
  readonly #rankings: Readonly<Record<DetectorName, Ranking>>;

  /** `unmeasured`: quantities that the traffic does not tell, so that nobody would write a rule about them. */
  constructor(windows: EntityWindows, unmeasured: readonly Quantity[] = []) {
    this.#windows = windows;
    this.units = windows.unitsOf('test');
    this.#users = windows.users(this.units);
    const rules = parseRules(readFileSync(DEFAULT_RULES_FILE, 'utf8'), 'the default rules').filter(
      ({ quantity }) => !unmeasured.includes(quantity),
    );
    this.#rankings = {
      ours: this.#rank(windows.evidence(this.units)),
      tuned_rules: this.#rank(ruleValues(tuneRules(rules, windows), windows, this.units)),
      rules: this.#rank(ruleValues(rules, windows, this.units)),
      peer_forest: this.#rank(windows.peerScores(this.units)),
    };
  }

  /** Windows with a label that `isOfGroup` against those without any; the other labelled ones are left out. */
  measures(isOfGroup: (label: string) => boolean): DetectorMeasures {
    const roles = this.roles(isOfGroup);
    const entries = DETECTORS.map((name) => [name, measure(this.#rankings[name].withRoles(roles))]);
    return Object.fromEntries(entries) as DetectorMeasures;
  }

  /** The same for any other values of the windows, in the order of `units`. */
  measuresOf(values: Float64Array, isOfGroup: (label: string) => boolean): Measures {
    return measure(this.#rank(values).withRoles(this.roles(isOfGroup)));
  }

  /** Role of each unit. */
  roles(isOfGroup: (label: string) => boolean): Uint8Array {
    return Uint8Array.from(this.units, (unit) => {
      const labels = this.#windows.labelsOf(unit);
      if (labels.length === 0) return NEGATIVE;
      return labels.some(isOfGroup) ? POSITIVE : LEFT_OUT;
    });
  }

  /** Ranked with everybody taking part; groups are cut out of it. */
  #rank(values: Float64Array): Ranking {
    return Ranking.of(values, new Uint8Array(values.length), this.#users);
  }
}

function measure(ranking: Ranking): Measures {
  const out = ranking.measure(new Float64Array(MEASURE_NAMES.length));
  return Object.fromEntries(MEASURE_NAMES.map((name, column) => [name, out[column]!])) as Measures;
}
