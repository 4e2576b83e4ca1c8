/** Judges calls: what the active model says of their user, address and endpoint at this moment. */
import { BEHAVIOR_NAMES, type Behavior } from '../detection/behaviors.ts';
import { budgetThreshold, isAnomaly } from '../detection/decision.ts';
import { scoreOf } from '../detection/evidence.ts';
import type { FeatureExplanation } from '../detection/explanation.ts';
import type { ExclusionList } from '../detection/exclusion.ts';
import { BehaviorNaming } from '../detection/naming.ts';
import { reason } from '../detection/reason.ts';
import type { Sensitivity } from '../detection/sensitivity.ts';
import type { ApiCall } from '../call/api-call.ts';
import type { EntityNames } from '../call/entity-names.ts';
import { ENTITY_KINDS, type EntityState, type EntityStates, NO_SLOT } from '../features/entity-states.ts';
import { type EntityKind, FEATURE_NAMES, rowWidth } from '../features/features.ts';
import { definitionsOf, type EntityDetector } from '../model/entity-detector.ts';
import { explain } from '../model/explanation.ts';
import type { Model } from '../model/model.ts';
import { EntityScores, TOP_FEATURES } from './entity-scores.ts';
import { Judgement } from './judgement.ts';
import { noteTop, strongest, topFeaturesOf } from './top-features.ts';
import type { ClosedWindow, WindowPeak, WindowPeaks } from './window-peaks.ts';

interface Side {
  readonly kind: EntityKind;
  readonly state: EntityState;
  readonly scores: EntityScores;
  naming: BehaviorNaming;
  readonly row: Float32Array;
  /** The slot that `row` and the detector's evidence are of, if it was evaluated for the present call. */
  evaluatedSlot: number;
  detector: EntityDetector | undefined;
  /** p from which the budget flags. */
  threshold: number;
}

/** Exclusions, and the names that they go by. */
export interface ExclusionParts {
  readonly list: ExclusionList;
  readonly names: EntityNames;
}

export interface ScorerOptions {
  /** Whether every scored span carries an explanation, not only anomalies; false by default. */
  readonly explainsAll?: boolean;
  /** What is not to be flagged; nothing by default. */
  readonly exclusions?: ExclusionParts;
  /** Where the most unusual windows are noted; nowhere by default. */
  readonly peaks?: WindowPeaks;
}

export class Scorer {
  readonly judgement = new Judgement();
  readonly #states: EntityStates;
  readonly #explainsAll: boolean;
  readonly #exclusions: ExclusionParts | undefined;
  readonly #peaks: WindowPeaks | undefined;
  readonly #sides: Record<EntityKind, Side>;
  #sensitivity: Sensitivity;
  #modelVersion = '';
  /** Of the call that is being judged. */
  #endpoint = 0;

  constructor(states: EntityStates, sensitivity: Sensitivity, options: ScorerOptions = {}) {
    this.#explainsAll = options.explainsAll ?? false;
    this.#exclusions = options.exclusions;
    this.#peaks = options.peaks;
    this.#states = states;
    this.#sensitivity = sensitivity;
    const side = (kind: EntityKind): Side => ({
      kind,
      state: states[kind],
      scores: new EntityScores(states[kind].table.capacity),
      naming: namingOf(kind, sensitivity),
      row: new Float32Array(rowWidth(kind)),
      evaluatedSlot: NO_SLOT,
      detector: undefined,
      threshold: 0,
    });
    this.#sides = { user: side('user'), address: side('address'), endpoint: side('endpoint') };
  }

  /** Puts a model to use; what the one before it found is void. */
  use(model: Model): void {
    this.#modelVersion = model.provenance.version;
    this.#peaks?.forgetAll();
    for (const kind of ENTITY_KINDS) {
      const side = this.#sides[kind];
      side.detector = model.detectors[kind];
      side.scores.forgetAll();
      this.#setThreshold(side);
    }
  }

  /** Changes how much is flagged from the next call on. Nothing that was learned or found is lost. */
  tune(sensitivity: Sensitivity): void {
    this.#sensitivity = sensitivity;
    for (const kind of ENTITY_KINDS) {
      const side = this.#sides[kind];
      side.naming = namingOf(kind, sensitivity);
      side.scores.outdate();
      this.#setThreshold(side);
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

  /** How much is flagged now. */
  get sensitivity(): Sensitivity {
    return this.#sensitivity;
  }

  /** Takes over what `from` found about one of its slots. */
  take(kind: EntityKind, slot: number, from: Scorer, fromSlot: number): void {
    this.#sides[kind].scores.take(slot, from.#sides[kind].scores, fromSlot);
  }

  /** The window of a slot is over; what was most unusual in it, if that is to be kept. */
  closeWindow(kind: EntityKind, slot: number): ClosedWindow | undefined {
    const { detector, scores, state } = this.#sides[kind];
    if (this.#peaks === undefined || detector === undefined) return undefined;
    const window = state.window(slot);
    const peak = this.#peaks.close(kind, slot, window, scores.rarityIn(slot, window));
    return peak && { ...peak, kind, entityHigh: state.table.keyHigh(slot), entityLow: state.table.keyLow(slot) };
  }

  /** The entity in a slot is gone. */
  forget(kind: EntityKind, slot: number): void {
    this.#sides[kind].scores.forget(slot);
    this.#peaks?.forget(kind, slot);
  }

  /** What was found of an entity at its latest evaluation. Evidence in nats, score 0..1. */
  finding(kind: EntityKind, slot: number): { score: number; evidence: number; behavior: Behavior | undefined } {
    const { scores } = this.#sides[kind];
    const rarity = scores.rarity[slot]!;
    // Below that nothing was named.
    const behavior = rarity < NAMED_FROM_NATS ? undefined : BEHAVIOR_NAMES[scores.behavior[slot]!]!;
    return { score: scoreOf(rarity), evidence: scores.evidence[slot]!, behavior };
  }

  /** Rarity of an entity's latest evaluation: -ln p, nats. */
  rarity(kind: EntityKind, slot: number): number {
    return this.#sides[kind].scores.rarity[slot]!;
  }

  /** Judges a call whose entities `states` has just observed or located. `seconds`: the event time that counts for it. */
  judge(call: ApiCall, seconds = call.startSeconds): Judgement {
    const { judgement } = this;
    judgement.score = 0;
    judgement.isAnomaly = false;
    judgement.isExcluded = false;
    judgement.kind = undefined;
    judgement.slot = NO_SLOT;
    judgement.evidence = 0;
    judgement.isolationScore = 0.5;
    this.#endpoint = call.endpoint;
    for (const kind of ENTITY_KINDS) this.#sides[kind].evaluatedSlot = NO_SLOT;
    const { userSlot, addressSlot, endpointSlot } = this.#states;
    judgement.userScore = this.#judgeSide(this.#sides.user, userSlot, call, seconds);
    // An address answers for the calls that fail, not for its neighbours behind the same gateway.
    judgement.addressScore = call.isClientError ? this.#judgeSide(this.#sides.address, addressSlot, call, seconds) : 0;
    judgement.endpointScore = this.#judgeSide(this.#sides.endpoint, endpointSlot, call, seconds);
    judgement.score = Math.max(judgement.userScore, judgement.addressScore, judgement.endpointScore);
    if (judgement.isAnomaly) judgement.isExcluded = false;
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

  /** Score of the side that a judgement speaks of, 0..1. */
  sideScore({ kind, slot }: Judgement): number {
    return kind === undefined ? 0 : scoreOf(this.#sides[kind].scores.rarity[slot]!);
  }

  /** Evidence of the side that a judgement speaks of, nats. */
  sideEvidence({ kind, slot }: Judgement): number {
    return kind === undefined ? 0 : this.#sides[kind].scores.evidence[slot]!;
  }

  /** What contributed to `sideEvidence`, feature by feature; of the call judged last. Costs a walk of forests. */
  explain(judgement: Judgement): FeatureExplanation[] {
    const { kind, slot } = judgement;
    const side = kind && this.#sides[kind];
    if (side?.detector === undefined) return [];
    if (side.evaluatedSlot !== slot) {
      side.state.row(slot, side.row);
      side.detector.evaluate(side.row);
      side.evaluatedSlot = slot;
    }
    // Nothing is carried on from one window of an endpoint to the next.
    const carried = side.kind === 'endpoint' ? 0 : side.scores.carried(slot);
    return explain(side.detector, side.row, side.scores.evidence[slot]!, carried);
  }

  /** Names of the features with the most evidence, strongest first. */
  topFeatures(judgement: Judgement): string[] {
    if (judgement.kind === undefined) return [];
    return topFeaturesOf(judgement.kind, this.#sides[judgement.kind].scores, judgement.slot);
  }

  #setThreshold(side: Side): void {
    side.threshold = budgetThreshold(this.#sensitivity.budget, side.kind, side.detector?.parts.windowsPerDay ?? 0);
  }

  #judgeSide(side: Side, slot: number, call: ApiCall, seconds: number): number {
    if (slot === NO_SLOT || side.detector === undefined) return 0;
    const { state, scores } = side;
    const window = state.window(slot);
    const calls = state.calls(slot);
    const hasFailed = call.isClientError || call.isServerError;
    if (scores.isStale(slot, window, calls, call.startSeconds, hasFailed))
      this.#evaluate(side, slot, window, calls, call.startSeconds);
    if (side.kind === 'endpoint' && !this.#showsSymptom(slot, call)) return 0;
    let isAnomalous = scores.isAnomaly[slot] === 1;
    if (isAnomalous && this.#isExcluded(side, slot, call, seconds)) {
      this.judgement.isExcluded = true;
      isAnomalous = false;
    }
    this.#prefer(side, slot, isAnomalous);
    return scoreOf(scores.rarity[slot]!);
  }

  /**
   * A slow or failing endpoint answers for its slow or failing calls; the others had nothing of it. And only when it is
   * rarer than what it shares with its users: dozens of them share a window of a busy endpoint, and a user calls ten
   * endpoints in a window, so that what is rare for an endpoint is common among its users.
   */
  #showsSymptom(slot: number, call: ApiCall): boolean {
    const { scores } = this.#sides.endpoint;
    if (scores.rarity[slot]! <= SHARED_NATS) return false;
    const { theme } = ENDPOINT_DEFINITIONS[scores.reasonColumn[slot]!]!;
    if (theme === 'errors') return call.isServerError || call.isClientError;
    if (theme !== 'latency') return true;
    return this.#states.endpoint.durationDeviation(slot, call.durationSeconds) > SLOW_DEVIATIONS;
  }

  /**
   * The judgement speaks of the side with an anomaly, of the rarer one where both or neither have; of an endpoint only where
   * nobody is to blame, for a culprit tells more than the place.
   */
  #prefer(side: Side, slot: number, isAnomalous: boolean): void {
    const { judgement } = this;
    judgement.evidence = Math.max(judgement.evidence, side.scores.evidence[slot]!);
    if (judgement.kind !== undefined) {
      if (judgement.isAnomaly && (!isAnomalous || side.kind === 'endpoint')) return;
      const current = this.#sides[judgement.kind].scores.rarity[judgement.slot]!;
      if (judgement.isAnomaly === isAnomalous && current >= side.scores.rarity[slot]!) return;
    }
    judgement.isAnomaly = isAnomalous;
    judgement.kind = side.kind;
    judgement.slot = slot;
    judgement.isolationScore = side.scores.isolation[slot]!;
  }

  /** Whether what would be an anomaly is known and not to be one. Asked of nothing else, so that ordinary calls pay nothing. */
  #isExcluded({ kind, state: { table }, scores }: Side, slot: number, call: ApiCall, seconds: number): boolean {
    const exclusions = this.#exclusions;
    if (exclusions === undefined || !exclusions.list.mayCover(seconds * 1000)) return false;
    const { list, names } = exclusions;
    const subject = {
      entity: names.entity(kind, table.keyHigh(slot), table.keyLow(slot)),
      ...names.endpoint(call.endpoint),
      behavior: BEHAVIOR_NAMES[scores.behavior[slot]!]!,
    };
    return list.covering(subject, seconds * 1000) !== undefined;
  }

  #evaluate(side: Side, slot: number, window: number, calls: number, seconds: number): void {
    const { state, scores, row } = side;
    const detector = side.detector!;
    state.row(slot, row);
    side.evaluatedSlot = slot;
    const own = detector.rarity(detector.evaluate(row), state.windows(slot));
    // What is carried confirms what a window shows by itself; it does not accuse what shows nothing.
    const carried = Math.min(own, scores.begin(slot, window, calls, seconds));
    scores.notePeak(slot, own);
    scores.evidence[slot] = side.kind === 'endpoint' ? Math.max(0, own - SHARED_NATS) : own + carried;
    const counted = side.kind === 'endpoint' ? 0 : Math.max(0, carried - CARRY_TOLERANCE);
    const rarity = own + counted;
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
    if (this.#peaks?.isPeak(side.kind, slot, window, rarity) === true) {
      this.#notePeak(side, slot, { window, seconds, carried: counted, ...finding });
    }
    if (finding.isMaterial && rarity >= SUSPECT_FROM_NATS) scores.wasSuspect[slot] = 1;
    const isRaised = finding.isMaterial || !this.#sensitivity.disabled.has('other');
    if (isRaised && isAnomaly(rarity, side.threshold, finding.isMaterial)) {
      scores.isAnomaly[slot] = 1;
      scores.wasSuspect[slot] = 1;
      // What was carried into the window can make an anomaly of a row that is not odd enough for its forest to be asked.
      scores.isolation[slot] = detector.isolate(row);
    }
  }

  #notePeak({ kind, scores, row }: Side, slot: number, found: FoundPeak): void {
    const { window, seconds, carried, behavior, isMaterial } = found;
    this.#peaks!.note(kind, slot, {
      window,
      seconds,
      carried,
      behavior,
      isMaterial,
      rarity: scores.rarity[slot]!,
      evidence: scores.evidence[slot]!,
      endpoint: this.#endpoint,
      features: topFeaturesOf(kind, scores, slot),
      row: row.slice(),
      modelVersion: this.#modelVersion,
    });
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

type FoundPeak = Pick<WindowPeak, 'window' | 'seconds' | 'carried' | 'behavior' | 'isMaterial'>;

function namingOf(kind: EntityKind, { disabled, minimumEffect }: Sensitivity): BehaviorNaming {
  const features = FEATURE_NAMES[kind].map((name, column) => ({ name, scale: definitionsOf(kind)[column]!.scale }));
  return new BehaviorNaming(kind, features, disabled, minimumEffect);
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
