/** The users that were active of late, the most unusual first, and what is usual for one of them: by pseudonym. */
import { setImmediate as turn } from 'node:timers/promises';
import type { EntityNames } from '../call/entity-names.ts';
import { parseDisplayName } from '../call/pseudonym.ts';
import { natural } from '../detection/reason.ts';
import { type EntityStates, NO_SLOT } from '../features/entity-states.ts';
import { FEATURE_NAMES, rowWidth } from '../features/features.ts';
import { hourOfWeek } from '../features/usual-hours.ts';
import { WINDOW_SECONDS, type Watermark, windowOf } from '../features/window-clock.ts';
import { definitionsOf } from '../model/entity-detector.ts';
import type { Scorer } from './scorer.ts';

export type UserSort = 'score' | 'calls' | 'last';

export interface UserQuery {
  readonly sort: UserSort;
  readonly order: 'asc' | 'desc';
  readonly minScore?: number | undefined;
}

export interface UserSummary {
  /** Pseudonym. */
  readonly user: string;
  /** Of its latest window, 0..1. */
  readonly score: number;
  /** Nats. */
  readonly evidence: number;
  readonly behavior: string | undefined;
  /** Calls in its latest window. */
  readonly calls: number;
  /** Closed windows with calls. */
  readonly windows: number;
  readonly lastMs: number;
  /** Attribute that identifies it; undefined where unknown. */
  readonly identity: string | undefined;
  readonly isMature: boolean;
  /** Active windows by hour of the day, UTC: 24 numbers. */
  readonly series: readonly number[];
}

export interface UserProfile extends UserSummary {
  /** Active windows by hour of the week from Monday 0 h UTC: 168 numbers. */
  readonly usualWeek: readonly number[];
  /** Hour of the week now, 0 to 167. */
  readonly hourNow: number;
  readonly endpoints: readonly { readonly service: string; readonly endpoint: string; readonly share: number }[];
  /** Of its latest window, and usually; in the unit of the feature. */
  readonly features: readonly {
    readonly name: string;
    readonly unit: string;
    readonly observed: number;
    readonly usual: number;
  }[];
}

export interface UserListParts {
  readonly states: EntityStates;
  readonly scorer: Scorer;
  readonly watermark: Watermark;
  readonly names: EntityNames;
  /** Names of the kinds of identity, the first for kind 1. */
  readonly identities: readonly string[];
}

/** Users listed at most: those first in the order that was asked for. */
const MOST_LISTED = 1000;
/** A user that was quiet for longer is no news, seconds of event time. */
const LISTED_SECONDS = 86_400;
/** Users looked at before others get their turn. */
const SLICE = 8192;
const HOURS = 24;
const DEFINITIONS = definitionsOf('user');

export class UserList {
  readonly #parts: UserListParts;

  constructor(parts: UserListParts) {
    this.#parts = parts;
  }

  /** In the order asked for, at most 1000 of those active within a day. */
  async list({ sort, order, minScore = 0 }: UserQuery): Promise<UserSummary[]> {
    const { states, watermark } = this.#parts;
    const { user } = states;
    const since = windowOf(watermark.seconds - LISTED_SECONDS);
    const sign = order === 'asc' ? 1 : -1;
    let found: { readonly slot: number; readonly key: number }[] = [];
    const cut = (): void => {
      found = found.toSorted((one, other) => sign * (one.key - other.key)).slice(0, MOST_LISTED);
    };
    for (let slot = 0; slot < user.table.capacity; slot++) {
      if (slot % SLICE === SLICE - 1) await turn();
      if (!user.table.isUsed(slot) || user.window(slot) < since) continue;
      const { score } = this.#parts.scorer.finding('user', slot);
      if (score < minScore) continue;
      found.push({
        slot,
        key: sort === 'score' ? score : sort === 'calls' ? user.calls(slot) : user.lastSeconds(slot),
      });
      if (found.length >= 2 * MOST_LISTED) cut();
    }
    cut();
    // Between two slices a user may have been thrown out.
    return found.filter(({ slot }) => user.table.isUsed(slot)).map(({ slot }) => this.#summary(slot));
  }

  /** Undefined for a user that is not known. */
  get(pseudonym: string): UserProfile | undefined {
    const key = parseDisplayName(pseudonym);
    const { user } = this.#parts.states;
    const slot = key === undefined || key.prefix !== 'u' ? NO_SLOT : user.table.find(key.high, key.low);
    if (slot === NO_SLOT) return undefined;
    const mix = user.endpointMix(slot);
    const calls = mix.reduce((sum, entry) => sum + entry.calls, 0);
    return {
      ...this.#summary(slot),
      usualWeek: [...user.hoursOfWeek(slot)],
      hourNow: hourOfWeek(this.#parts.watermark.seconds),
      endpoints: mix.map((entry) => ({ ...this.#parts.names.endpoint(entry.endpoint), share: entry.calls / calls })),
      features: this.#features(slot),
    };
  }

  #summary(slot: number): UserSummary {
    const { states, scorer, names, identities } = this.#parts;
    const { user } = states;
    const week = user.hoursOfWeek(slot);
    return {
      user: names.entity('user', user.table.keyHigh(slot), user.table.keyLow(slot)),
      ...scorer.finding('user', slot),
      calls: user.calls(slot),
      windows: user.windows(slot),
      lastMs: Math.max(user.lastSeconds(slot), user.window(slot) * WINDOW_SECONDS) * 1000,
      identity: identities[user.identityKind(slot) - 1],
      isMature: user.table.isMature(slot),
      series: Array.from({ length: HOURS }, (_, hour) => sumOf(week.filter((__, index) => index % HOURS === hour))),
    };
  }

  #features(slot: number): UserProfile['features'] {
    const row = new Float32Array(rowWidth('user'));
    const { user } = this.#parts.states;
    user.row(slot, row);
    const hasHistory = user.windows(slot) > 0;
    return FEATURE_NAMES.user.map((name, column) => {
      const definition = DEFINITIONS[column]!;
      const usual = hasHistory ? natural(definition, row[DEFINITIONS.length + column]!) : Number.NaN;
      return { name, unit: definition.unit, observed: natural(definition, row[column]!), usual };
    });
  }
}

const sumOf = (counts: Uint8Array): number => counts.reduce((sum, count) => sum + count, 0);
