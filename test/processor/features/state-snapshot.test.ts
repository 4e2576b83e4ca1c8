import { ENTITY_KINDS, type EntityCapacities } from '../../../processor/src/features/entity-states.ts';
import type { EntityKind } from '../../../processor/src/features/features.ts';
import {
  isReadable,
  restoreState,
  stateChunks,
  type StateHeader,
  stateHeader,
  type StatePayload,
} from '../../../processor/src/features/state-snapshot.ts';
import { Random } from '../../../processor/src/forest/random.ts';
import { type CallFields, HOUR, MINUTES_5, Observations } from './observations.ts';

const BIG = { users: 1000, addresses: 700, endpoints: 500 };

/** Calls of so many users over some windows, of all sorts. */
function traffic(calls: number, users: number, from = 0): CallFields[] {
  const random = new Random(calls, users);
  return Array.from({ length: calls }, (_, n) => ({
    at: from + n * 1.7 + random.fraction(),
    user: random.below(users),
    address: random.below(users),
    endpoint: random.below(280),
    service: random.below(8),
    status: [200, 200, 200, 404, 401, 500][random.below(6)]!,
    object: random.below(500),
    objectNumber: random.below(500),
    client: random.below(3),
    network: random.below(5),
    responseBytes: random.below(100_000),
    durationSeconds: 0.05 + random.fraction(),
    isWrite: random.below(3) === 0,
  }));
}

/** The bytes of a snapshot, handed out in the order in which they were written; they end where the writer ended. */
function payloadOf(chunks: readonly Uint8Array[]): StatePayload & { left: () => number } {
  const bytes = Buffer.concat(chunks);
  let position = 0;
  return {
    read: (target) => {
      const into = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
      if (position + into.length > bytes.length) return Promise.reject(new Error('the snapshot is too short'));
      into.set(bytes.subarray(position, position + into.length));
      position += into.length;
      return Promise.resolve();
    },
    left: () => bytes.length - position,
  };
}

/** Header as it comes back from a file: plain JSON. */
const throughJson = (header: StateHeader): StateHeader => JSON.parse(JSON.stringify(header)) as StateHeader;

/** Writes a snapshot, doing `meanwhile` before every chunk, and restores it. */
async function restored(
  source: Observations,
  capacities: Partial<EntityCapacities> = BIG,
  meanwhile: (chunk: number) => void = () => {},
): Promise<{ target: Observations; chunks: Uint8Array[] }> {
  const header = stateHeader(source.states, { endpoints: [] });
  const chunks: Uint8Array[] = [];
  for (const chunk of stateChunks(source.states, header)) {
    chunks.push(Buffer.from(chunk));
    meanwhile(chunks.length);
  }
  const target = new Observations(capacities);
  const payload = payloadOf(chunks);
  await restoreState(target.states, throughJson(header), payload);
  expect(payload.left()).toBe(0);
  return { target, chunks };
}

/** The rows of all entities by key, with their segment, the least recently used first. */
function rowsOf(seen: Observations, kind: EntityKind): [string, Float32Array][] {
  const rows: [string, Float32Array][] = [];
  const { table } = seen.states[kind];
  table.forEachByAge((slot) =>
    rows.push([`${table.keyHigh(slot)}/${table.keyLow(slot)} ${table.isMature(slot)}`, seen.rowAt(kind, slot)]),
  );
  return rows;
}

const busy = (): Observations => new Observations(BIG).observe(...traffic(4000, 600));

test('a snapshot restores every row bit for bit, in order of use, through several chunks', async () => {
  const source = busy();
  const { target, chunks } = await restored(source);
  // Transitions, departures, hours and clients; users and addresses in three chunks each, endpoints in two.
  expect(chunks).toHaveLength(4 + 3 + 3 + 2);
  for (const kind of ENTITY_KINDS) {
    const rows = rowsOf(source, kind);
    expect(rows.length).toBeGreaterThan(256);
    expect(rowsOf(target, kind)).toEqual(rows);
  }
  expect(target.states.population.snapshot()).toEqual(source.states.population.snapshot());
});

test('what was restored goes on as if it had never stopped', async () => {
  const source = new Observations(BIG).observe(...traffic(3000, 300));
  const { target } = await restored(source);
  const more = traffic(2000, 350, 3000 * 1.7);
  source.observe(...more);
  target.observe(...more);
  for (const kind of ENTITY_KINDS) expect(rowsOf(target, kind)).toEqual(rowsOf(source, kind));
});

test('a novelty that is over stays over', async () => {
  // New at 0:05:00, over at 1:05:00, in the middle of neither window nor life.
  const source = new Observations(BIG).observe(
    { client: 1 },
    { client: 2, at: MINUTES_5 + 100 },
    { client: 2, at: MINUTES_5 + HOUR },
    { client: 2, at: MINUTES_5 + HOUR + 200 },
  );
  expect(source.valueOf('user', 'client_novelty')).toBe(0);
  const { target } = await restored(source);
  expect(rowsOf(target, 'user')).toEqual(rowsOf(source, 'user'));
});

test('an empty state has an empty snapshot', async () => {
  const { target, chunks } = await restored(new Observations(BIG));
  expect(chunks).toHaveLength(4);
  for (const kind of ENTITY_KINDS) expect(target.states[kind].table.size).toBe(0);
});

test('smaller tables keep the ones used last, mature ones before newcomers', async () => {
  const source = busy();
  const small = { users: 200, addresses: 50, endpoints: 40, services: 3 };
  const { target } = await restored(source, small);
  for (const kind of ENTITY_KINDS) {
    const { table } = target.states[kind];
    expect(table.size).toBe(table.capacity);
    const before = rowsOf(source, kind);
    const mature = before.filter(([key]) => key.endsWith('true'));
    const newcomers = before.filter(([key]) => key.endsWith('false'));
    // A newcomer on its way to maturity takes one place of the newcomers' share for a moment.
    const share = Math.floor(table.capacity * 0.2);
    const keptMature = mature.slice(-(table.capacity - Math.min(share - 1, newcomers.length)));
    const kept = [...newcomers.slice(newcomers.length - (table.capacity - keptMature.length)), ...keptMature];
    expect(rowsOf(target, kind).map(([key]) => key)).toEqual(kept.map(([key]) => key));
    if (kind === 'endpoint') continue;
    expect(rowsOf(target, kind)).toEqual(kept);
  }
  // Services beyond the table have no counts any more, but every row is a row of numbers.
  for (const [, row] of rowsOf(target, 'endpoint')) expect(row).not.toContain(NaN);
});

describe('while a snapshot is written', () => {
  it('entities may come: newcomers give way to them, mature entities do not', async () => {
    const seen = busy();
    const before = ENTITY_KINDS.map((kind) => rowsOf(seen, kind));
    const { target } = await restored(seen, BIG, (chunk) => {
      for (let n = 0; n < 7; n++) {
        const stranger = 5000 + 7 * chunk + n;
        seen.observe({ user: stranger, address: stranger, endpoint: stranger, at: 1 });
      }
    });
    for (const [n, kind] of ENTITY_KINDS.entries()) {
      const after = new Map(rowsOf(target, kind));
      expect(after.size).toBe(before[n]!.length);
      const mature = before[n]!.filter(([key]) => key.endsWith('true'));
      expect(mature.length).toBeGreaterThan(50);
      for (const [key, row] of mature) expect(after.get(key)).toEqual(row);
    }
  });

  it('entities may go', async () => {
    const seen = busy();
    const { table } = seen.states.user;
    const gone: string[] = [];
    const { target } = await restored(seen, BIG, () => {
      let slot = 0;
      while (!table.isUsed(slot)) slot++;
      for (const end = slot + 20; slot < end; slot++) {
        if (!table.isUsed(slot)) continue;
        gone.push(`${table.keyHigh(slot)}/${table.keyLow(slot)}`);
        table.remove(slot);
      }
    });
    expect(gone.length).toBeGreaterThan(100);
    const left = new Map(rowsOf(seen, 'user'));
    const found = new Map(rowsOf(target, 'user'));
    for (const [key, row] of left) expect(found.get(key)).toEqual(row);
    for (const key of found.keys()) expect(left.has(key) || gone.includes(key.split(' ')[0]!)).toBe(true);
  });

  it('a full table may replace many: no key is restored twice, and none is garbage', async () => {
    const full = { users: 600, addresses: 600, endpoints: 300 };
    const seen = new Observations(full).observe(...traffic(4000, 600));
    let user = 10_000;
    const keys = new Set<string>();
    const note = () =>
      seen.states.user.table.forEachByAge((slot) => keys.add(String(seen.states.user.table.keyHigh(slot))));
    note();
    const { target } = await restored(seen, full, () => {
      // Newcomers, and some who come back.
      for (let n = 0; n < 150; n++) seen.observe({ user: n % 3 === 0 ? n : user++, at: 10_000 });
      note();
    });
    const restoredKeys = rowsOf(target, 'user').map(([key]) => key.split('/')[0]!);
    expect(new Set(restoredKeys).size).toBe(restoredKeys.length);
    expect(restoredKeys.filter((key) => !keys.has(key))).toEqual([]);
    expect(target.states.user.table.size).toBe(restoredKeys.length);
    expect(restoredKeys.length).toBeGreaterThan(300);
    for (const [, row] of rowsOf(target, 'user')) expect(row).not.toContain(NaN);
  });
});

describe('a header', () => {
  const { states } = new Observations();
  const header = (): StateHeader => throughJson(stateHeader(states, { some: 'names' }));

  it('of this build is readable, and keeps the endpoint names', () => {
    expect(isReadable(states, header())).toBe(true);
    expect(header().endpointTable).toEqual({ some: 'names' });
  });

  it('of another layout, stride or feature table is not', () => {
    expect(isReadable(states, { ...header(), layout: 1 })).toBe(false);
    for (const kind of ENTITY_KINDS) {
      const [stride, features] = [header(), header()];
      stride.kinds[kind].stride++;
      features.kinds[kind].features = [...features.kinds[kind].features].toReversed();
      expect([isReadable(states, stride), isReadable(states, features)]).toEqual([false, false]);
    }
  });
});

test('a snapshot that ends too early is an error', async () => {
  const source = new Observations(BIG).observe(...traffic(500, 100));
  const header = stateHeader(source.states, undefined);
  const chunks = [...stateChunks(source.states, header)].slice(0, -1);
  await expect(restoreState(new Observations(BIG).states, header, payloadOf(chunks))).rejects.toThrow('too short');
});
