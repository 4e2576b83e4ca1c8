/** Erases a user: from memory first, then from the database and the snapshots, so that nothing is written again. */
import { displayName, type EntityKey, parseDisplayName } from './call/pseudonym.ts';
import type { Erasure, ErasureView } from './control/routes/erase.ts';
import type { Engine } from './engine.ts';
import { NO_SLOT } from './features/entity-states.ts';
import type { Findings } from './findings.ts';
import type { StateKeeper } from './model/state-keeper.ts';
import type { Records } from './records.ts';

export interface ErasureParts {
  readonly engine: Engine;
  readonly findings: Findings;
  readonly records: Pick<Records, 'database' | 'successions'>;
  readonly keeper: StateKeeper;
}

/** Both a user's own pseudonym and that of an address it is identified by. */
const KINDS = ['user', 'address'] as const;

export class UserErasure implements ErasureView {
  readonly #parts: ErasureParts;

  constructor(parts: ErasureParts) {
    this.#parts = parts;
  }

  async erase(id: string): Promise<Erasure> {
    const { engine, records, keeper } = this.#parts;
    const shown = parseDisplayName(id);
    const keys = shown === undefined ? engine.keysOf(id) : [shown];
    let entities = 0;
    let rows = 0;
    for (const key of keys) {
      const forgotten = this.#forget(key);
      entities += forgotten.entities;
      rows += forgotten.rows;
    }
    const pseudonyms = keys.flatMap(({ high, low }) => [displayName('u', high, low), displayName('a', high, low)]);
    this.#endExclusions(pseudonyms);
    // What waits to be renamed must not get a name that is erased.
    records.successions.flush();
    await records.database.erase({ pseudonyms, rawIds: shown === undefined ? [id] : [] });
    await keeper.erase();
    return { entities, rows };
  }

  #forget({ high, low }: EntityKey): Erasure {
    const { states, scorer, lifecycle, incidents, confirmed, topUsers } = this.#parts.engine;
    let entities = 0;
    let rows = 0;
    for (const kind of KINDS) {
      const slot = states[kind].table.find(high, low);
      if (slot !== NO_SLOT) {
        scorer.forget(kind, slot);
        states[kind].erase(slot);
        entities++;
      }
      rows += lifecycle.samples[kind].eraseEntity(high, low);
      const incident = incidents.forget(kind, high, low);
      if (incident !== undefined) {
        this.#parts.findings.forget(incident);
        confirmed.remove(incident.id);
      }
    }
    topUsers.forget(high, low);
    return { entities, rows };
  }

  #endExclusions(pseudonyms: readonly string[]): void {
    const { exclusions } = this.#parts.engine;
    for (const { id, entity } of Array.from(exclusions)) {
      if (entity !== undefined && pseudonyms.includes(entity)) exclusions.remove(id);
    }
  }
}
