/** Judges calls: what the active model says of their user, address and endpoint at this moment. */
import { BEHAVIOR_NAMES, type Behavior } from '../detection/behaviors.ts';
import { budgetThreshold, type Budget, isAnomaly } from '../detection/decision.ts';
import { scoreOf } from '../detection/evidence.ts';
import { BehaviorNaming } from '../detection/naming.ts';
import { reason } from '../detection/reason.ts';
import type { ApiCall } from '../call/api-call.ts';
import { ENTITY_KINDS, type EntityState, type EntityStates, NO_SLOT } from '../features/entity-states.ts';
import { type EntityKind, FEATURE_NAMES, rowWidth } from '../features/features.ts';
import { definitionsOf, type EntityDetector } from '../model/entity-detector.ts';
import type { Model } from '../model/model.ts';
import { EntityScores, TOP_FEATURES } from './entity-scores.ts';

/** What was found about one call. Reused: valid until the next call is judged. */
export class Judgement {
  /** Highest score of the sides, 0..1. */
  score = 0;
  userScore = 0;
  addressScore = 0;
  endpointScore = 0;
  isAnomaly = false;
  /** The side that is most unusual, or whose anomaly this is, and its slot; undefined when the call has no entity. */
  kind: EntityKind | undefined = undefined;
  slot = NO_SLOT;
  /** Highest evidence of the sides, nats. */
  evidence = 0;
  /** Raw isolation score of the most unusual side. */
  isolationScore = 0.5;
}

interface Side {
  readonly kind: EntityKind;
  readonly state: EntityState;
  readonly scores: EntityScores;
  naming: BehaviorNaming;
  readonly row: Float32Array;
  detector: EntityDetector | undefined;
  /** p from which the budget flags. */
  threshold: number;
}

export class Scorer {
  readonly judgement = new Judgement();
  readonly #states: EntityStates;
  #budget: Budget;
  readonly #explainsAll: boolean;
  readonly #sides: Record<EntityKind, Side>;

  /** @param explainsAll whether every scored span carries an explanation, not only anomalies */
  constructor(states: EntityStates, budget: Budget, disabledBehaviors: ReadonlySet<string>, explainsAll = false) {
    this.#explainsAll = explainsAll;
    this.#states = states;
    this.#budget = budget;
    const side = (kind: EntityKind): Side => {
      return {
        kind,
        state: states[kind],
        scores: new EntityScores(states[kind].table.capacity),
        naming: namingOf(kind, disabledBehaviors),
        row: new Float32Array(rowWidth(kind)),
        detector: undefined,
        threshold: 0,
      };
    };
    this.#sides = { user: side('user'), address: side('address'), endpoint: side('endpoint') };
  }

  /** Puts a model to use; what the one before it found is void. */
  use(model: Model): void {
    for (const kind of ENTITY_KINDS) {
      const side = this.#sides[kind];
      side.detector = model.detectors[kind];
      side.threshold = this.#thresholdOf(side);
      side.scores.forgetAll();
    }
  }

  /** Flags by another budget and other behaviors from the next evaluation of each entity on. */
  useSensitivity(budget: Budget, disabledBehaviors: ReadonlySet<string>): void {
    this.#budget = budget;
    for (const kind of ENTITY_KINDS) {
      const side = this.#sides[kind];
      side.threshold = this.#thresholdOf(side);
      side.naming = namingOf(kind, disabledBehaviors);
    }
  }

  /** The score from which an entity kind is flagged. */
  thresholdScore(kind: EntityKind): number {
    return scoreOf(-Math.log(Math.max(Number.MIN_VALUE, this.#sides[kind].threshold)));
  }

  /** Whether the window of a slot showed an anomaly or something close to one, so that it must not be learned from. */
  wasSuspect(kind: EntityKind, slot: number): boolean {
    const { scores, state } = this.#sides[kind];
    return scores.wasSuspectIn(slot, state.window(slot));
  }

  /** The entity in a slot is gone. */
  forget(kind: EntityKind, slot: number): void {
    this.#sides[kind].scores.forget(slot);
  }

  /** Rarity of an entity's latest evaluation: -ln p, nats. */
  rarity(kind: EntityKind, slot: number): number {
    return this.#sides[kind].scores.rarity[slot]!;
  }

  /** Judges a call whose entities `states` has just observed or located. */
  judge(call: ApiCall): Judgement {
    const { judgement } = this;
    judgement.score = 0;
    judgement.isAnomaly = false;
    judgement.kind = undefined;
    judgement.slot = NO_SLOT;
    judgement.evidence = 0;
    judgement.isolationScore = 0.5;
    const { userSlot, addressSlot, endpointSlot } = this.#states;
    judgement.userScore = this.#judgeSide(this.#sides.user, userSlot, call);
    // An address answers for the calls that fail, not for its neighbours behind the same gateway.
    judgement.addressScore = call.isClientError ? this.#judgeSide(this.#sides.address, addressSlot, call) : 0;
    judgement.endpointScore = this.#judgeSide(this.#sides.endpoint, endpointSlot, call);
    judgement.score = Math.max(judgement.userScore, judgement.addressScore, judgement.endpointScore);
    return judgement;
  }

  behavior(judgement: Judgement): Behavior {
    return judgement.kind === undefined
      ? 'other'
      : BEHAVIOR_NAMES[this.#sides[judgement.kind].scores.behavior[judgement.slot]!]!;
  }

  reason(judgement: Judgement): string {
    if (judgement.kind === undefined) return '';
    const { scores } = this.#sides[judgement.kind];
    const definition = definitionsOf(judgement.kind)[scores.reasonColumn[judgement.slot]!]!;
    return reason(definition, scores.observed[judgement.slot]!, scores.expected[judgement.slot]!);
  }

  /** Names of the features with the most evidence, strongest first. */
  topFeatures(judgement: Judgement): string[] {
    if (judgement.kind === undefined) return [];
    const { scores } = this.#sides[judgement.kind];
    const from = judgement.slot * TOP_FEATURES;
    return Array.from(scores.topFeatures.subarray(from, from + TOP_FEATURES))
      .filter((column) => column !== NO_COLUMN)
      .map((column) => FEATURE_NAMES[judgement.kind!][column]!);
  }

  #thresholdOf({ kind, detector }: Side): number {
    return budgetThreshold(this.#budget, kind, detector?.parts.windowsPerDay ?? 0);
  }

  #judgeSide(side: Side, slot: number, call: ApiCall): number {
    if (slot === NO_SLOT || side.detector === undefined) return 0;
    const { state, scores } = side;
    const window = state.window(slot);
    const calls = state.calls(slot);
    const hasFailed = call.isClientError || call.isServerError;
    if (scores.isStale(slot, window, calls, call.startSeconds, hasFailed))
      this.#evaluate(side, slot, window, calls, call.startSeconds);
    if (side.kind === 'endpoint' && !this.#showsSymptom(slot, call)) return 0;
    this.#prefer(side, slot);
    return scoreOf(scores.rarity[slot]!);
  }

  /**
   * A slow or failing endpoint answers for its slow or failing calls; the others had nothing of it. And only when it is
   * so rare that it is flagged: dozens of users share a window of a busy endpoint, and a user calls ten endpoints in a
   * window, so that what is rare for an endpoint is common among its users.
   */
  #showsSymptom(slot: number, call: ApiCall): boolean {
    const { scores, threshold } = this.#sides.endpoint;
    if (scores.rarity[slot]! < -Math.log(threshold)) return false;
    const { theme } = ENDPOINT_DEFINITIONS[scores.reasonColumn[slot]!]!;
    if (theme === 'errors') return call.isServerError || call.isClientError;
    if (theme !== 'latency') return true;
    return this.#states.endpoint.durationDeviation(slot, call.durationSeconds) > SLOW_DEVIATIONS;
  }

  /** The judgement speaks of the side with an anomaly, of the rarer one where both or neither have. */
  #prefer(side: Side, slot: number): void {
    const { judgement } = this;
    judgement.evidence = Math.max(judgement.evidence, side.scores.evidence[slot]!);
    const isAnomalous = side.scores.isAnomaly[slot] === 1;
    if (judgement.kind !== undefined) {
      if (judgement.isAnomaly && !isAnomalous) return;
      const current = this.#sides[judgement.kind].scores.rarity[judgement.slot]!;
      if (judgement.isAnomaly === isAnomalous && current >= side.scores.rarity[slot]!) return;
    }
    judgement.isAnomaly = isAnomalous;
    judgement.kind = side.kind;
    judgement.slot = slot;
    judgement.isolationScore = side.scores.isolation[slot]!;
  }

  #evaluate(side: Side, slot: number, window: number, calls: number, seconds: number): void {
    const { state, scores, row } = side;
    const detector = side.detector!;
    state.row(slot, row);
    const own = detector.rarity(detector.evaluate(row), state.windows(slot));
    // What is carried confirms what a window shows by itself; it does not accuse what shows nothing.
    const carried = Math.min(own, scores.begin(slot, window, calls, seconds));
    scores.notePeak(slot, own);
    scores.evidence[slot] = side.kind === 'endpoint' ? Math.max(0, own - SHARED_NATS) : own + carried;
    const rarity = side.kind === 'endpoint' ? own : own + Math.max(0, carried - CARRY_TOLERANCE);
    scores.rarity[slot] = rarity;
    scores.isolation[slot] = this.#explainsAll ? detector.isolate(row) : detector.isolationScore;
    scores.isAnomaly[slot] = 0;
    // Naming costs more than it tells while nothing is odd.
    if (rarity < NAMED_FROM_NATS) {
      scores.behavior[slot] = OTHER;
      this.#noteReason(side, slot, strongest(detector.featureEvidence));
      return;
    }
    const finding = side.naming.name(row, detector.featureEvidence);
    scores.behavior[slot] = BEHAVIOR_NAMES.indexOf(finding.behavior);
    this.#noteReason(side, slot, finding.column);
    if (finding.isMaterial && rarity >= SUSPECT_FROM_NATS) scores.wasSuspect[slot] = 1;
    if (isAnomaly(rarity, side.threshold, finding.isMaterial)) {
      scores.isAnomaly[slot] = 1;
      scores.wasSuspect[slot] = 1;
      // What was carried into the window can make an anomaly of a row that is not odd enough for its forest to be asked.
      scores.isolation[slot] = detector.isolate(row);
    }
  }

  #noteReason(side: Side, slot: number, column: number): void {
    const { scores, row } = side;
    const detector = side.detector!;
    scores.reasonColumn[slot] = column;
    scores.observed[slot] = row[column]!;
    scores.expected[slot] = detector.expected(row, column);
    noteTop(detector.featureEvidence, scores.topFeatures, slot * TOP_FEATURES);
  }
}

/** A call this many standard deviations above the endpoint's usual duration is slow: one in six is. */
const SLOW_DEVIATIONS = 1;
const NAMED_FROM_NATS = 3;
/**
 * Nats carried into a window that a verdict passes over. Whoever is a little odd stays so for a while, so that rarity and
 * what was carried together are this much larger among normal windows than rarity alone. Rankings take all of it.
 */
const CARRY_TOLERANCE = 2;
/** What is this rare for an endpoint happens to one of the fifty callers and endpoints that meet within a window. */
const SHARED_NATS = Math.log(50);
/**
 * Rarity from which a window with a material effect is not learned from, anomaly or not: one in a thousand. Attacks too
 * slow to be flagged would otherwise teach the next model that they are normal.
 */
const SUSPECT_FROM_NATS = Math.log(1000);
const ENDPOINT_DEFINITIONS = definitionsOf('endpoint');
const OTHER = BEHAVIOR_NAMES.indexOf('other');
/** Fills the places of top features where fewer features say anything. */
const NO_COLUMN = 255;

function namingOf(kind: EntityKind, disabled: ReadonlySet<string>): BehaviorNaming {
  const features = FEATURE_NAMES[kind].map((name, column) => ({ name, scale: definitionsOf(kind)[column]!.scale }));
  return new BehaviorNaming(kind, features, disabled);
}

function strongest(evidence: Float64Array): number {
  let best = 0;
  for (let column = 1; column < evidence.length; column++) if (evidence[column]! > evidence[best]!) best = column;
  return best;
}

/** Columns of the TOP_FEATURES largest evidences that are above zero. */
function noteTop(evidence: Float64Array, out: Uint8Array, offset: number): void {
  let ceiling = Number.POSITIVE_INFINITY;
  let ceilingColumn = -1;
  for (let place = 0; place < TOP_FEATURES; place++) {
    let best = NO_COLUMN;
    let bestNats = 0;
    for (let column = 0; column < evidence.length; column++) {
      const nats = evidence[column]!;
      const isTaken = nats > ceiling || (nats === ceiling && column <= ceilingColumn);
      if (!isTaken && nats > bestNats) {
        best = column;
        bestNats = nats;
      }
    }
    out[offset + place] = best;
    if (best === NO_COLUMN) {
      out.fill(NO_COLUMN, offset + place, offset + TOP_FEATURES);
      return;
    }
    ceiling = bestNats;
    ceilingColumn = best;
  }
}
