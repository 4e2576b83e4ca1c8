import { LabelSets, labelValue, OTHER } from './label-sets.ts';
import { MAX_LABELLED_ENDPOINTS, METRICS } from './metrics.ts';

/** The labels of an endpoint. */
export interface EndpointName {
  readonly service: string;
  readonly endpoint: string;
}

/** What is known of one labelled endpoint, or of all others together. */
export interface EndpointSeries {
  readonly name: EndpointName;
  /** One count a bucket of api_anomaly_score, not cumulative; a view, valid until the next `record`. */
  readonly counts: Float64Array;
  readonly count: number;
  readonly sum: number;
  /** Highest score over the last minute; 0 when there was none. */
  readonly highest: number;
}

const BOUNDS = Float64Array.from(METRICS.api_anomaly_score.buckets);
const BUCKETS = BOUNDS.length + 1;

/** Slot 0 takes the endpoints without labels of their own. */
const OTHER_SLOT = 0;
const SLOTS = MAX_LABELLED_ENDPOINTS + 1;
const OTHER_NAME: EndpointName = { service: OTHER, endpoint: OTHER };
/** Marks an endpoint that was not seen yet. */
const UNSEEN = -1;

/** A minute in windows of 10 s; the seventh is the one being filled, so that a whole minute is always covered. */
const WINDOW_MS = 10_000;
const WINDOWS = 7;

const RELABEL_MS = 60_000;
/** Activity halves in 30 minutes: the factor for one minute. */
const ACTIVITY_DECAY = 0.5 ** (1 / 30);
/** How much busier a newcomer must be than the labelled endpoint it displaces. */
const DISPLACEMENT = 2;

/**
 * Scores by endpoint, on the hot path: typed arrays, nothing allocated per span.
 *
 * The 100 busiest endpoints have labels, all others share `{other}`. An endpoint gets labels when it is first seen while
 * there is room. After that the labels follow the traffic slowly: once a minute, the busiest unlabelled endpoint takes
 * the place of the quietest labelled one if it is twice as busy. To swap back, the ratio would have to change fourfold, so
 * series do not flap, and at most 60 appear in an hour. Every series only rises: a displaced one ends, what its endpoint
 * does later counts in `{other}`, and a new one starts at zero, which Prometheus reads as a start and not as a rise.
 */
export class EndpointScores {
  readonly #nameOf: (endpointId: number) => EndpointName;
  /** By endpoint id; they grow with the table of endpoints, which is bounded. */
  #slotOf = new Int16Array(0);
  #activity = new Float64Array(0);
  /** By slot. */
  readonly #names: (EndpointName | undefined)[] = [OTHER_NAME];
  readonly #counts = new Float64Array(SLOTS * BUCKETS);
  readonly #sums = new Float64Array(SLOTS);
  readonly #highest = new Float64Array(SLOTS * WINDOWS);
  readonly #slotByName = new Map<string, number>([[nameKey(OTHER_NAME), OTHER_SLOT]]);
  readonly #anomalies = new LabelSets(METRICS.api_anomaly_anomalies_total, newCount);
  #window: number;
  #relabelledAtMs: number;

  /** `nameOf` names an endpoint id; `startMs` is Unix time. */
  constructor(nameOf: (endpointId: number) => EndpointName, startMs: number) {
    this.#nameOf = nameOf;
    this.#window = Math.floor(startMs / WINDOW_MS);
    this.#relabelledAtMs = startMs;
  }

  /** Counts one scored span. `score` in [0, 1]. */
  record(endpointId: number, score: number): void {
    const slot = this.#slot(endpointId);
    this.#activity[endpointId]! += 1;
    let bucket = 0;
    while (bucket < BOUNDS.length && score > BOUNDS[bucket]!) bucket += 1;
    this.#counts[slot * BUCKETS + bucket]! += 1;
    this.#sums[slot]! += score;
    const window = slot * WINDOWS + (this.#window % WINDOWS);
    if (score > this.#highest[window]!) this.#highest[window] = score;
  }

  /** Counts one anomaly, beside its `record`. */
  anomaly(endpointId: number, behavior: string): void {
    const { service, endpoint } = this.#names[this.#slot(endpointId)] ?? OTHER_NAME;
    this.#anomalies.get({ service_name: service, endpoint, behavior }).value += 1;
  }

  /** Lets time pass. To be called every 10 s and before reading; `nowMs` is Unix time. */
  advance(nowMs: number): void {
    const window = Math.floor(nowMs / WINDOW_MS);
    const steps = Math.min(WINDOWS, window - this.#window);
    // A clock that was set back only holds the windows still until it has caught up.
    for (let step = 0; step < steps; step += 1) this.#clearWindow((window - step) % WINDOWS);
    this.#window = Math.max(this.#window, window);

    if (nowMs - this.#relabelledAtMs < RELABEL_MS) return;
    this.#relabelledAtMs = nowMs;
    this.#relabel();
  }

  /** The labelled endpoints, and `{other}` once it has counted something. */
  *series(): Iterable<EndpointSeries> {
    for (const [slot, name] of this.#names.entries()) {
      const counts = this.#counts.subarray(slot * BUCKETS, (slot + 1) * BUCKETS);
      const count = counts.reduce((sum, bucket) => sum + bucket, 0);
      if (name === undefined || count === 0) continue;
      const highest = Math.max(...this.#highest.subarray(slot * WINDOWS, (slot + 1) * WINDOWS));
      yield { name, counts, count, sum: this.#sums[slot]!, highest };
    }
  }

  /** Anomalies by endpoint and behavior. */
  anomalies(): Iterable<readonly [Readonly<Record<string, string>>, { readonly value: number }]> {
    return this.#anomalies.entries();
  }

  #slot(endpointId: number): number {
    const slot = this.#slotOf[endpointId] ?? UNSEEN;
    return slot === UNSEEN ? this.#admit(endpointId) : slot;
  }

  /** Gives an endpoint its slot when it is first seen. */
  #admit(endpointId: number): number {
    if (endpointId >= this.#slotOf.length) this.#grow(endpointId + 1);
    const isFull = this.#names.length === SLOTS;
    const slot = isFull ? this.#slotNamed(endpointId, OTHER_SLOT) : this.#slotNamed(endpointId, this.#names.length);
    this.#slotOf[endpointId] = slot;
    return slot;
  }

  /** The slot of the endpoint's name, else `free`, which then bears that name. Two slots of one name would be one series twice. */
  #slotNamed(endpointId: number, free: number): number {
    const { service, endpoint } = this.#nameOf(endpointId);
    const name = { service: labelValue(service), endpoint: labelValue(endpoint) };
    const slot = this.#slotByName.get(nameKey(name));
    if (slot !== undefined || free === OTHER_SLOT) return slot ?? OTHER_SLOT;
    this.#names[free] = name;
    this.#slotByName.set(nameKey(name), free);
    return free;
  }

  #grow(needed: number): void {
    const length = Math.max(needed, 2 * this.#slotOf.length, 256);
    const slotOf = new Int16Array(length).fill(UNSEEN);
    slotOf.set(this.#slotOf);
    this.#slotOf = slotOf;
    const activity = new Float64Array(length);
    activity.set(this.#activity);
    this.#activity = activity;
  }

  #clearWindow(window: number): void {
    for (let slot = 0; slot < SLOTS; slot += 1) this.#highest[slot * WINDOWS + window] = 0;
  }

  /** Swaps the quietest labelled endpoint for the busiest unlabelled one if that is clearly busier. */
  #relabel(): void {
    const activityBySlot = new Float64Array(SLOTS);
    let busiest = UNSEEN;
    for (let id = 0; id < this.#slotOf.length; id += 1) {
      const activity = (this.#activity[id]! *= ACTIVITY_DECAY);
      const slot = this.#slotOf[id]!;
      if (slot === UNSEEN) continue;
      activityBySlot[slot]! += activity;
      if (slot === OTHER_SLOT && (busiest === UNSEEN || activity > this.#activity[busiest]!)) busiest = id;
    }
    if (busiest === UNSEEN || this.#names.length < SLOTS) return;

    let quietest = 1;
    for (let slot = 2; slot < SLOTS; slot += 1) {
      if (activityBySlot[slot]! < activityBySlot[quietest]!) quietest = slot;
    }
    if (this.#activity[busiest]! <= DISPLACEMENT * activityBySlot[quietest]!) return;
    this.#release(quietest);
    this.#slotOf[busiest] = this.#slotNamed(busiest, quietest);
  }

  /** Ends the series of a slot. */
  #release(slot: number): void {
    for (let id = 0; id < this.#slotOf.length; id += 1) {
      if (this.#slotOf[id] === slot) this.#slotOf[id] = OTHER_SLOT;
    }
    const name = this.#names[slot];
    if (name === undefined) return;
    this.#slotByName.delete(nameKey(name));
    this.#names[slot] = undefined;
    this.#counts.fill(0, slot * BUCKETS, (slot + 1) * BUCKETS);
    this.#sums[slot] = 0;
    this.#highest.fill(0, slot * WINDOWS, (slot + 1) * WINDOWS);
    this.#anomalies.remove((labels) => labels['service_name'] === name.service && labels['endpoint'] === name.endpoint);
  }
}

function newCount(): { value: number } {
  return { value: 0 };
}

function nameKey({ service, endpoint }: EndpointName): string {
  return `${service}\u0000${endpoint}`;
}
