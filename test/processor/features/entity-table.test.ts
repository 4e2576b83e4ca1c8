import { EntityTable } from '../../../processor/src/features/entity-table.ts';
import { Random } from '../../../processor/src/forest/random.ts';

/** The same promises with arrays: two lists, the least recently used first. */
class Model {
  probation: string[] = [];
  mature: string[] = [];
  readonly capacity: number;
  readonly share: number;

  constructor(capacity: number, share: number) {
    this.capacity = capacity;
    this.share = Math.max(1, Math.floor(capacity * share));
  }

  has(key: string): boolean {
    return this.probation.includes(key) || this.mature.includes(key);
  }

  touch(key: string): void {
    const list = this.probation.includes(key) ? this.probation : this.mature;
    list.push(...list.splice(list.indexOf(key), 1));
  }

  /** The key that must give way to this one. */
  insert(key: string): string | undefined {
    let evicted: string | undefined;
    if (this.probation.length + this.mature.length === this.capacity) {
      const gives = this.probation.length >= this.share || this.mature.length === 0 ? this.probation : this.mature;
      evicted = gives.shift();
    }
    this.probation.push(key);
    return evicted;
  }

  promote(key: string): void {
    if (!this.probation.includes(key)) return;
    this.probation.splice(this.probation.indexOf(key), 1);
    this.mature.push(key);
  }

  remove(key: string): void {
    this.probation = this.probation.filter((other) => other !== key);
    this.mature = this.mature.filter((other) => other !== key);
  }
}

const nameOf = (table: EntityTable, slot: number): string => `${table.keyHigh(slot)}/${table.keyLow(slot)}`;

function keysByAge(table: EntityTable): string[] {
  const keys: string[] = [];
  table.forEachByAge((slot) => keys.push(nameOf(table, slot)));
  return keys;
}

/** Keys that all want the same place, keys in a row, keys by chance. */
const keyChoices: Record<string, (n: number) => [number, number]> = {
  colliding: (n) => [0, Math.imul(n, 0x4000_0000 / 64) >>> 0],
  successive: (n) => [0, n],
  'high halves only': (n) => [n, 0],
  'by chance': (n) => [new Random(n, 1).next(), new Random(n, 2).next()],
};

describe.each(Object.keys(keyChoices))('with keys that are %s', (kind) => {
  it.each([
    [1, 0.2],
    [2, 0.5],
    [7, 0.2],
    [64, 0.2],
    [64, 0],
    [50, 1],
  ])('a table of %d with a share of %d does what two lists would do', (capacity, share) => {
    const random = new Random(capacity, 7);
    const evicted: string[] = [];
    const table: EntityTable = new EntityTable(capacity, share, (slot) => evicted.push(nameOf(table, slot)));
    const model = new Model(capacity, share);
    let evictions = 0;
    for (let step = 0; step < 4000; step++) {
      const [high, low] = keyChoices[kind]!(random.below(capacity * 3));
      const key = `${high}/${low}`;
      const slot = table.find(high, low);
      if (slot >= 0 !== model.has(key)) throw new Error(`${key} is in slot ${slot} at step ${step}`);
      const act = random.below(10);
      if (slot < 0) {
        const expected = model.insert(key);
        const taken = table.insert(high, low);
        if (expected !== undefined) evictions++;
        if (evicted.pop() !== expected || evicted.length > 0) throw new Error(`${key} did not replace ${expected}`);
        if (table.find(high, low) !== taken || table.isMature(taken)) throw new Error(`${key} is not a newcomer`);
      } else if (act < 5) {
        table.touch(slot);
        model.touch(key);
      } else if (act < 7) {
        table.promote(slot);
        model.promote(key);
      } else if (act < 9) {
        table.remove(slot);
        model.remove(key);
        if (table.find(high, low) >= 0 || table.isUsed(slot)) throw new Error(`${key} is still there`);
      }
      if (step % 100 !== 0) continue;
      expect(keysByAge(table)).toEqual([...model.probation, ...model.mature]);
      expect([table.size, table.evicted]).toEqual([model.probation.length + model.mature.length, evictions]);
    }
  });
});

/** A table whose first so many entities are mature, keys 0/0 to 0/(count - 1). */
function tableWithMature(capacity: number, share: number, count: number): EntityTable {
  const table = new EntityTable(capacity, share);
  for (let key = 0; key < count; key++) table.promote(table.insert(0, key));
  return table;
}

const survivors = (table: EntityTable, count: number): number =>
  Array.from({ length: count }, (_, key) => table.find(0, key)).filter((slot) => slot >= 0).length;

describe('a full table', () => {
  it('loses no mature entity to a million ids that come once, and counts every one of them', () => {
    const table = tableWithMature(1000, 0.2, 800);
    for (let id = 0; id < 1_000_000; id++) table.insert(1 + (id >>> 16), id);
    expect(survivors(table, 800)).toBe(800);
    expect(table.evicted).toBe(1_000_000 - 200);
    expect(table.size).toBe(1000);
  });

  it('gives newcomers their share where mature entities took all of it, and no more', () => {
    const table = tableWithMature(1000, 0.2, 1000);
    for (let id = 0; id < 100_000; id++) table.insert(1, id);
    expect(survivors(table, 1000)).toBe(800);
    // The least recently used ones went.
    expect(table.find(0, 199)).toBe(-1);
    expect(table.find(0, 200)).toBeGreaterThanOrEqual(0);
  });

  it('lets newcomers have all that mature ones do not need', () => {
    const table = tableWithMature(100, 0.2, 10);
    for (let id = 0; id < 90; id++) table.insert(1, id);
    expect([table.size, table.evicted]).toEqual([100, 0]);
  });

  it('tells of an entity while it can still be read', () => {
    const seen: unknown[] = [];
    const table: EntityTable = new EntityTable(1, 0.2, (slot) =>
      seen.push([slot, table.keyHigh(slot), table.keyLow(slot), table.find(3, 4)]),
    );
    table.insert(3, 4);
    table.insert(5, 6);
    expect(seen).toEqual([[0, 3, 4, 0]]);
  });

  it('has no evictions where entities are removed in time', () => {
    const table = new EntityTable(10, 0.2);
    for (let id = 0; id < 1000; id++) table.remove(table.insert(1, id));
    expect([table.size, table.evicted]).toEqual([0, 0]);
  });
});

test('inserting the keys of one table by age into another keeps their order', () => {
  const table = new EntityTable(50, 0.2);
  const random = new Random(9, 9);
  for (let key = 0; key < 60; key++) {
    const slot = table.insert(0, key);
    if (random.below(2) === 0) table.promote(slot);
  }
  const copy = new EntityTable(50, 0.2);
  table.forEachByAge((slot) => {
    const to = copy.insert(table.keyHigh(slot), table.keyLow(slot));
    if (table.isMature(slot)) copy.promote(to);
  });
  expect(keysByAge(copy)).toEqual(keysByAge(table));
});

test('renamed entities are found by their new keys alone, and keep their age', () => {
  const table = new EntityTable(50, 0.2);
  const random = new Random(5, 5);
  const keys = Array.from({ length: 50 }, (_, key) => [0, key]) as [number, number][];
  for (const [high, low] of keys) table.insert(high, low);
  for (let step = 0; step < 500; step++) {
    const index = random.below(50);
    const [high, low] = keys[index]!;
    keys[index] = [1 + step, low];
    table.rename(table.find(high, low), 1 + step, low);
    expect(table.find(high, low)).toBe(-1);
  }
  expect(keysByAge(table)).toEqual(keys.map(([high, low]) => `${high}/${low}`));
  expect(keys.map(([high, low]) => table.find(high, low))).toEqual(keys.map((_, slot) => slot));
});

test('promoting a mature entity again changes nothing', () => {
  const table = new EntityTable(3, 0.2);
  const [first, second] = [table.insert(0, 1), table.insert(0, 2)];
  table.promote(first);
  table.promote(second);
  table.promote(first);
  expect(keysByAge(table)).toEqual(['0/1', '0/2']);
});
