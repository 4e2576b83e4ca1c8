/** Label values told apart; further ones are `{other}`. A label attribute with more is not one. */
const MAX_LABELS = 10_000;
const OTHER = '{other}';

/** What became of the calls that carry one value of the label, in the test part. */
export interface LabelOutcome {
  readonly label: string;
  readonly calls: number;
  /** How many of them were anomalies. */
  readonly anomalies: number;
  /** Start of the first call, Unix seconds. */
  readonly firstSeconds: number;
  /** Start of the first anomaly, Unix seconds; undefined when none was found. */
  readonly foundSeconds: number | undefined;
  /** Behaviors its anomalies were named, the most frequent first. */
  readonly behaviors: readonly string[];
}

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

interface Tally extends Writable<Omit<LabelOutcome, 'behaviors'>> {
  readonly named: Map<string, number>;
}

/** Which of the labelled things were found, and how soon. */
export class LabelOutcomes {
  readonly #tallies = new Map<string, Tally>();
  readonly #known = new Map<string, string>();

  /** The label as it is counted: always the same string, `{other}` beyond the limit. */
  known(label: string): string {
    const known = this.#known.get(label);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_LABELS) return OTHER;
    this.#known.set(label, label);
    return label;
  }

  /** Counts a call of the test part that carries the label. `behavior`: the name of its anomaly, if it is a named one. */
  add(label: string, startSeconds: number, isAnomaly: boolean, behavior: string | undefined): void {
    let tally = this.#tallies.get(label);
    if (tally === undefined) {
      tally = { label, calls: 0, anomalies: 0, firstSeconds: Infinity, foundSeconds: undefined, named: new Map() };
      this.#tallies.set(label, tally);
    }
    tally.calls++;
    tally.firstSeconds = Math.min(tally.firstSeconds, startSeconds);
    if (!isAnomaly) return;
    tally.anomalies++;
    tally.foundSeconds = Math.min(tally.foundSeconds ?? Infinity, startSeconds);
    if (behavior !== undefined) tally.named.set(behavior, (tally.named.get(behavior) ?? 0) + 1);
  }

  /** Every label seen in the test part, the earliest first. */
  outcomes(): LabelOutcome[] {
    const outcomes = Array.from(this.#tallies.values(), ({ named, ...outcome }) => ({
      ...outcome,
      behaviors: [...named].toSorted(([, a], [, b]) => b - a).map(([behavior]) => behavior),
    }));
    return outcomes.toSorted((a, b) => a.firstSeconds - b.firstSeconds);
  }
}

/** What kind of thing a label value stands for: `enumeration#3` is the third of the kind `enumeration`. */
export function kindOf(label: string): string {
  const end = label.lastIndexOf('#');
  return end > 0 ? label.slice(0, end) : label;
}
