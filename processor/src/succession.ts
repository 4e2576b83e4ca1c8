/** A change of the pseudonym key: who is met again goes on under the present pseudonym, with all that is known and kept. */
import { displayName, type EntityPrefix, type SuccessionListener } from './call/pseudonym.ts';
import type { Engine } from './engine.ts';
import type { Successions } from './store/successions.ts';

/** A user is known by its pseudonym, and so is an address: which of them an identity is of, the keys do not say. */
const PREFIXES: readonly EntityPrefix[] = ['u', 'a'];

/** Renames entities in the memory of `engine` at once, and soon in `records`. */
export function succession(
  { states, incidents, confirmed, exclusions }: Pick<Engine, 'states' | 'incidents' | 'confirmed' | 'exclusions'>,
  records: Pick<Successions, 'add'>,
): SuccessionListener {
  return (formerHigh, formerLow, high, low) => {
    // Whoever is in an open or a confirmed incident has a state, which most newcomers to this key have not.
    if (states.rename(formerHigh, formerLow, high, low)) {
      incidents.rename(formerHigh, formerLow, high, low);
      confirmed.rename(formerHigh, formerLow, high, low);
    }
    for (const prefix of PREFIXES) {
      const names = [displayName(prefix, formerHigh, formerLow), displayName(prefix, high, low)] as const;
      exclusions.rename(...names);
      records.add(...names);
    }
  };
}
