/** Checks a candidate must pass before it may judge anyone: what was measured of it against what is allowed. */
import { ENTITY_KINDS } from '../features/entity-states.ts';
import type { EntityKind } from '../features/features.ts';
import type { CandidateMeasures } from './candidate-measures.ts';

export interface GateResult {
  readonly gate: 'kinds' | 'sample' | 'alert_rate' | 'golden_attacks' | 'score_distribution';
  readonly passed: boolean;
  /** What was measured and what was allowed. */
  readonly detail: string;
}

/** What the training was asked for and knew. */
export interface GateContext {
  /** Kinds that the model in use judges; none for the first model. */
  readonly judged: readonly EntityKind[];
  /** Users or addresses that the rows must be of, at least. */
  readonly minEntities: number;
}

/** Above this share of rare rows a model would alert on what it was told is normal. */
const MOST_RARE_ROWS = 0.01;
/** Odd rows, one in a hundred, may be so many times as many as the approved model finds, or as few. */
const ODD_FACTOR = 2;
/** Shares of odd rows below this all count as this: twice of hardly anything is hardly anything. */
const ODD_FLOOR = 0.025;
/** More rows left out than this, and it is not attacks that the approved model finds but another world. */
const MOST_LEFT_OUT = 0.5;
/**
 * Golden attacks found, per kind: at least this share of them, and of what the approved model finds. With twelve
 * behaviours of a user, to lose sight of more than half of one is enough to fail.
 */
const LEAST_RECALL = 0.5;
const RECALL_FACTOR = 0.95;
/** Population stability index of the scores against the approved model's; above 0.25 is called a shift in its literature. */
const MOST_SHIFT = 0.5;

export function checkGates(measures: readonly CandidateMeasures[], { judged, minEntities }: GateContext): GateResult[] {
  return [
    kindsGate(measures, judged),
    sampleGate(measures, minEntities),
    alertRateGate(measures),
    goldenAttacksGate(measures),
    scoreDistributionGate(measures),
  ];
}

function kindsGate(measures: readonly CandidateMeasures[], judged: readonly EntityKind[]): GateResult {
  const judges = new Set(measures.map(({ kind }) => kind));
  const lost = judged.filter((kind) => !judges.has(kind));
  const kept = ENTITY_KINDS.filter((kind) => judges.has(kind));
  return {
    gate: 'kinds',
    passed: lost.length === 0 && kept.length > 0,
    detail: lost.length > 0 ? `no longer judges ${lost.join(', ')}` : `judges ${kept.join(', ') || 'nobody'}`,
  };
}

function sampleGate(measures: readonly CandidateMeasures[], minEntities: number): GateResult {
  const clients = measures.filter(({ kind }) => kind !== 'endpoint');
  const entities = Math.max(0, ...clients.map((kind) => kind.entities));
  const counts = measures.map(
    ({ kind, rows, entities: of, leftOutShare }) =>
      `${kind} ${rows} rows of ${of}, ${percent(leftOutShare)} left out as suspect`,
  );
  return {
    gate: 'sample',
    passed: entities >= minEntities && measures.every(({ leftOutShare }) => leftOutShare <= MOST_LEFT_OUT),
    detail: `${counts.join('; ')}; at least ${minEntities} users or addresses, at most ${percent(MOST_LEFT_OUT)} left out`,
  };
}

function alertRateGate(measures: readonly CandidateMeasures[]): GateResult {
  const isLike = ({ against }: CandidateMeasures): boolean => {
    if (against === undefined) return true;
    const ratio = Math.max(ODD_FLOOR, against.oddShare) / Math.max(ODD_FLOOR, against.approvedOddShare);
    return ratio <= ODD_FACTOR && ratio >= 1 / ODD_FACTOR;
  };
  const shares = measures.map(
    ({ kind, rareShare, against }) =>
      `${kind} ${percent(rareShare)}` +
      (against === undefined
        ? ''
        : `, of 1 in 100 ${percent(against.oddShare)} (approved ${percent(against.approvedOddShare)})`),
  );
  return {
    gate: 'alert_rate',
    passed: measures.every((kind) => kind.rareShare <= MOST_RARE_ROWS && isLike(kind)),
    detail:
      `${shares.join('; ')} of training rows rarer than 1 in 10 000; at most ${percent(MOST_RARE_ROWS)}, ` +
      `and of 1 in 100 half to twice the approved model's, not counting below ${percent(ODD_FLOOR)}`,
  };
}

function goldenAttacksGate(measures: readonly CandidateMeasures[]): GateResult {
  const kinds = measures.map(({ kind, golden }) => {
    const approved = golden.map(({ approvedRecall }) => approvedRecall).filter((recall) => recall !== undefined);
    const found = mean(golden.map(({ recall }) => recall));
    const least = Math.max(LEAST_RECALL, RECALL_FACTOR * mean(approved));
    const lost = golden.filter(({ recall, approvedRecall = LEAST_RECALL }) => recall < RECALL_FACTOR * approvedRecall);
    const compared = approved.length > 0 ? ` (approved ${mean(approved).toFixed(2)})` : '';
    const missed = lost.length > 0 ? `, less of ${lost.map(({ behavior }) => behavior).join(', ')}` : '';
    return { isBlind: found < least, text: `${kind} ${found.toFixed(2)}${compared}${missed}` };
  });
  return {
    gate: 'golden_attacks',
    passed: !kinds.some(({ isBlind }) => isBlind),
    detail:
      `${kinds.map(({ text }) => text).join('; ')} of planted attacks found; ` +
      `at least ${LEAST_RECALL} and ${RECALL_FACTOR} of the approved model's`,
  };
}

function scoreDistributionGate(measures: readonly CandidateMeasures[]): GateResult {
  const shifts = measures.flatMap(({ kind, against }) =>
    against === undefined ? [] : [`${kind} ${against.shift.toFixed(2)}`],
  );
  return {
    gate: 'score_distribution',
    passed: measures.every(({ against }) => against === undefined || against.shift <= MOST_SHIFT),
    detail:
      shifts.length === 0
        ? 'no approved model to compare with that rests on enough rows'
        : `PSI ${shifts.join(', ')} against the approved model's scores; at most ${MOST_SHIFT}`,
  };
}

const percent = (share: number): string => `${Number((100 * share).toFixed(2))} %`;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
