/** Exclusions: what is known and not to alert, for a time. Looked at only for what would be an anomaly. */

/** What an exclusion is about; a part left out stands for all, but one must be there. */
export interface ExclusionScope {
  /** Pseudonym of a user (`u_…`) or address (`a_…`), `{service} {endpoint}` of an endpoint. */
  readonly entity?: string | undefined;
  /** Template as shown, such as `GET /orders/{id}`; with the service before it, only that service's. */
  readonly endpoint?: string | undefined;
  readonly behavior?: string | undefined;
}

export interface Exclusion extends ExclusionScope {
  readonly id: string;
  /** Event time, unix milliseconds, from which it excludes nothing any more. */
  readonly expiresMs: number;
}

/** What would be an anomaly, as an exclusion sees it. */
export interface ExclusionSubject {
  readonly entity: string;
  readonly service: string;
  readonly endpoint: string;
  readonly behavior: string;
}

/** Exclusions from which none is taken over the API any more; each is compared with whatever would be an anomaly. */
export const MOST_EXCLUSIONS = 1000;
/** Kept free for those of the configuration file, so that a file that is read again always fits. */
const FILE_ROOM = 200;

/** How an entity that is an endpoint is named, and an endpoint told from those of other services. */
const endpointName = (service: string, endpoint: string): string => `${service} ${endpoint}`;

export function covers(scope: ExclusionScope, { entity, service, endpoint, behavior }: ExclusionSubject): boolean {
  return (
    isScoped(scope) &&
    (scope.entity === undefined || scope.entity === entity) &&
    (scope.endpoint === undefined ||
      scope.endpoint === endpoint ||
      scope.endpoint === endpointName(service, endpoint)) &&
    (scope.behavior === undefined || scope.behavior === behavior)
  );
}

/** Whether a scope names something: one that does not would exclude everything, and excludes nothing. */
const isScoped = ({ entity, endpoint, behavior }: ExclusionScope): boolean =>
  entity !== undefined || endpoint !== undefined || behavior !== undefined;

/** The exclusions in force. Changed between two batches, never while a batch is judged. */
export class ExclusionList {
  readonly #byId = new Map<string, Exclusion>();
  /** Present names of entities that were excluded by former ones. */
  readonly #renamed = new Map<string, string>();
  /** Latest end of any: past it there is nothing to compare with. */
  #lastExpiryMs = Number.NEGATIVE_INFINITY;

  constructor(exclusions: Iterable<Exclusion> = []) {
    for (const exclusion of exclusions) this.add(exclusion);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Whether another one may be added that is not of the configuration file. */
  get hasRoom(): boolean {
    return this.#byId.size < MOST_EXCLUSIONS;
  }

  [Symbol.iterator](): IterableIterator<Exclusion> {
    return this.#byId.values();
  }

  /**
   * Puts an exclusion into force, in place of one with the same id. Throws a RangeError when it names nothing, never ends
   * or is one too many.
   */
  add(exclusion: Exclusion): void {
    const { id, expiresMs } = exclusion;
    if (!isScoped(exclusion)) throw new RangeError(`Exclusion ${id} names no entity, endpoint or behavior; name one.`);
    if (!Number.isFinite(expiresMs)) throw new RangeError(`Exclusion ${id} ends at ${expiresMs}; give a time.`);
    if (!this.#byId.has(id) && this.#byId.size >= MOST_EXCLUSIONS + FILE_ROOM) {
      throw new RangeError(`There are ${this.#byId.size} exclusions already; remove one.`);
    }
    const { entity } = exclusion;
    this.#byId.set(
      id,
      entity === undefined ? exclusion : { ...exclusion, entity: this.#renamed.get(entity) ?? entity },
    );
    this.#noteExpiry();
  }

  /** An entity goes by another name: in the exclusions there are, and when they are added again by its former one. */
  rename(former: string, present: string): void {
    for (const [id, exclusion] of this.#byId) {
      if (exclusion.entity !== former) continue;
      this.#byId.set(id, { ...exclusion, entity: present });
      this.#renamed.set(former, present);
    }
  }

  /** Ends an exclusion at once; false if there is none of that id. */
  remove(id: string): boolean {
    const existed = this.#byId.delete(id);
    this.#noteExpiry();
    return existed;
  }

  /** Forgets what has expired; returns how many. */
  removeExpired(nowMs: number): number {
    const before = this.#byId.size;
    for (const [id, { expiresMs }] of this.#byId) if (expiresMs <= nowMs) this.#byId.delete(id);
    this.#noteExpiry();
    return before - this.#byId.size;
  }

  /** Whether any could apply at that time: if not, nobody needs to be named. */
  mayCover(timeMs: number): boolean {
    return timeMs < this.#lastExpiryMs;
  }

  /** The exclusion that covers a would-be anomaly at `timeMs`, the one added first of several. */
  covering(subject: ExclusionSubject, timeMs: number): Exclusion | undefined {
    for (const exclusion of this.#byId.values()) {
      if (timeMs < exclusion.expiresMs && covers(exclusion, subject)) return exclusion;
    }
    return undefined;
  }

  #noteExpiry(): void {
    this.#lastExpiryMs = Number.NEGATIVE_INFINITY;
    for (const { expiresMs } of this.#byId.values()) this.#lastExpiryMs = Math.max(this.#lastExpiryMs, expiresMs);
  }
}
