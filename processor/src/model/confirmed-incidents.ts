/** Incidents that a person confirmed: what their entities did meanwhile is never learned from. */
import type { EntityKind } from '../features/features.ts';
import { WINDOW_SECONDS } from '../features/window-clock.ts';
import type { RowSamples } from './learned-rows.ts';

export interface ConfirmedIncident {
  readonly id: string;
  readonly kind: EntityKind;
  readonly entityHigh: number;
  readonly entityLow: number;
  /** Event time, unix seconds. */
  readonly fromSeconds: number;
  /** Of the latest anomaly; Infinity while the incident is open. */
  readonly toSeconds: number;
}

/** Confirmed incidents remembered; their rows are out of the sample already, and their windows soon over. */
const MOST = 1000;

export class ConfirmedIncidents {
  readonly #samples: RowSamples;
  readonly #byId = new Map<string, ConfirmedIncident>();

  constructor(samples: RowSamples) {
    this.#samples = samples;
  }

  /** Takes what was learned of the entity during the incident back, and learns no more of it. Returns the rows taken back. */
  add(incident: ConfirmedIncident): number {
    this.#byId.delete(incident.id);
    this.#byId.set(incident.id, incident);
    for (const id of this.#byId.keys()) {
      if (this.#byId.size <= MOST) break;
      this.#byId.delete(id);
    }
    const { kind, entityHigh, entityLow, fromSeconds, toSeconds } = incident;
    return this.#samples[kind].eraseRows(entityHigh, entityLow, fromSeconds - WINDOW_SECONDS, toSeconds);
  }

  /** The confirmation was taken back. */
  remove(id: string): void {
    this.#byId.delete(id);
  }

  /** An open incident ended with an anomaly at `seconds`. */
  close(id: string, seconds: number): void {
    const incident = this.#byId.get(id);
    if (incident !== undefined) this.#byId.set(id, { ...incident, toSeconds: seconds });
  }

  /** A user or an address goes by another key. */
  rename(formerHigh: number, formerLow: number, high: number, low: number): void {
    for (const [id, incident] of this.#byId) {
      if (incident.kind === 'endpoint') continue;
      if (incident.entityHigh !== formerHigh || incident.entityLow !== formerLow) continue;
      this.#byId.set(id, { ...incident, entityHigh: high, entityLow: low });
    }
  }

  /** Forgets an entity that is erased. */
  forget(kind: EntityKind, high: number, low: number): void {
    for (const [id, { kind: of, entityHigh, entityLow }] of this.#byId) {
      if (of === kind && entityHigh === high && entityLow === low) this.#byId.delete(id);
    }
  }

  /** Whether the window of an entity that starts then lies in a confirmed incident. */
  covers(kind: EntityKind, entityHigh: number, entityLow: number, windowStart: number): boolean {
    for (const incident of this.#byId.values()) {
      if (incident.entityLow !== entityLow || incident.entityHigh !== entityHigh || incident.kind !== kind) continue;
      if (windowStart + WINDOW_SECONDS > incident.fromSeconds && windowStart <= incident.toSeconds) return true;
    }
    return false;
  }
}
