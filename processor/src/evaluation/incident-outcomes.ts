/**
 * An incident is about something labelled when at least this share of its anomalies is: one unlucky bystander does not
 * excuse a false alarm.
 */
const SHARE_OF_INCIDENT = 0.25;

/** An incident of the test part. */
export interface IncidentOutcome {
  readonly id: string;
  /** As most of its anomalies were named. */
  readonly behavior: string;
  readonly anomalies: number;
  /** Start of its first anomaly, Unix seconds. */
  readonly firstSeconds: number;
  /** Whether it is about nothing that is labelled. */
  readonly isFalse: boolean;
}

interface Tally {
  readonly id: string;
  readonly named: Map<string, number>;
  anomalies: number;
  labelled: number;
  firstSeconds: number;
  /** Anomalies without label per unit: they count as labelled where another call of the unit is. */
  readonly unlabelled: Map<number, number>;
}

/** The incidents that were raised, put together from the anomalies that name them. */
export class IncidentOutcomes {
  readonly #tallies = new Map<string, Tally>();

  /** Counts an anomaly. `unit`: the user and window it belongs to; undefined for none. */
  add(id: string, behavior: string, startSeconds: number, isLabelled: boolean, unit: number | undefined): void {
    let tally = this.#tallies.get(id);
    if (tally === undefined) {
      tally = { id, named: new Map(), anomalies: 0, labelled: 0, firstSeconds: Infinity, unlabelled: new Map() };
      this.#tallies.set(id, tally);
    }
    tally.anomalies++;
    tally.firstSeconds = Math.min(tally.firstSeconds, startSeconds);
    tally.named.set(behavior, (tally.named.get(behavior) ?? 0) + 1);
    if (isLabelled) tally.labelled++;
    if (unit === undefined) return;
    const before = tally.unlabelled.get(unit) ?? 0;
    tally.unlabelled.set(unit, isLabelled ? before : before + 1);
  }

  /** Every incident, the earliest first. `isPositive`: whether any call of a unit carries the label. */
  outcomes(isPositive: (unit: number) => boolean): IncidentOutcome[] {
    const outcomes = Array.from(this.#tallies.values(), (tally) => {
      let labelled = tally.labelled;
      for (const [unit, anomalies] of tally.unlabelled) if (isPositive(unit)) labelled += anomalies;
      const { id, anomalies, firstSeconds } = tally;
      const isFalse = labelled < SHARE_OF_INCIDENT * anomalies;
      return { id, behavior: mostFrequent(tally.named), anomalies, firstSeconds, isFalse };
    });
    return outcomes.toSorted((a, b) => a.firstSeconds - b.firstSeconds);
  }

  /** Ids of the incidents that a unit has anomalies of. */
  idsOf(unit: number): string[] {
    return Array.from(this.#tallies.values())
      .filter(({ unlabelled }) => unlabelled.has(unit))
      .map(({ id }) => id);
  }
}

function mostFrequent(named: ReadonlyMap<string, number>): string {
  return [...named].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}
