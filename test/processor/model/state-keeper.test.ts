import { readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EndpointSnapshot, EndpointTable } from '../../../processor/src/call/endpoint-table.ts';
import { methodOf } from '../../../processor/src/call/http-method.ts';
import { ENTITY_KINDS } from '../../../processor/src/features/entity-states.ts';
import { rowWidth } from '../../../processor/src/features/features.ts';
import { stateHeader } from '../../../processor/src/features/state-snapshot.ts';
import { StateKeeper } from '../../../processor/src/model/state-keeper.ts';
import type { Header } from '../../../processor/src/store/envelope.ts';
import { FileStore } from '../../../processor/src/store/files.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';
import { LearningEntities } from './entities.ts';

let folder: string;
const opened: FileStore[] = [];

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  removeTemporaryFolders();
});

/** A service's memory, and the keeper of it. */
class Kept {
  readonly entities = new LearningEntities();
  readonly endpoints = new EndpointTable({ maxServices: 5, maxEndpointsPerService: 50 });
  readonly errors: string[] = [];
  recoveries = 0;
  readonly store: FileStore;
  readonly keeper: StateKeeper;

  constructor(everySeconds = 3600) {
    this.store = new FileStore(folder, { error: () => {} });
    const { endpoints, entities, store } = this;
    this.keeper = new StateKeeper(
      { everySeconds },
      {
        store,
        states: entities.states,
        endpointNames: {
          snapshot: () => endpoints.snapshot(),
          restore: (saved) => endpoints.restore(saved as EndpointSnapshot),
        },
        lifecycle: entities.lifecycle,
        onError: (error) => void this.errors.push(String(error)),
        onFailing: (error) => void this.errors.push(String(error)),
        onRecovered: () => void (this.recoveries += 1),
      },
    );
  }

  async start(): Promise<this> {
    opened.push(this.store);
    await this.store.open();
    await this.keeper.start();
    return this;
  }

  async stop(): Promise<void> {
    await this.keeper.stop();
    await this.store.close();
  }

  /** Id of an endpoint, named if it is new. */
  endpoint(text: string): number {
    const service = this.endpoints.service('shop');
    return this.endpoints.resolve({ service, method: methodOf('GET'), source: 'route', text }, true);
  }

  /** The rows of all entities, by key. */
  rows(): Record<string, number[]> {
    const rows: Record<string, number[]> = {};
    for (const kind of ENTITY_KINDS) {
      const state = this.entities.states[kind];
      state.table.forEachByAge((slot) => {
        const row = new Float32Array(rowWidth(kind));
        state.row(slot, row);
        rows[`${kind} ${state.table.keyHigh(slot)}:${state.table.keyLow(slot)}`] = Array.from(row);
      });
    }
    return rows;
  }

  /** The rows of the training samples, in an order that does not depend on their slots. */
  samples(): string[][] {
    return ENTITY_KINDS.map((kind) => {
      const { size, width, rows, entityHigh, entityLow, windowTime } = this.entities.lifecycle.samples[kind].view();
      return Array.from({ length: size }, (_, slot) =>
        [
          windowTime[slot],
          entityHigh[slot],
          entityLow[slot],
          ...rows.subarray(slot * width, (slot + 1) * width),
        ].join(),
      ).toSorted();
    });
  }
}

const snapshots = (): string[] => readdirSync(path.join(folder, 'state')).toSorted();

test('state, sample, counters and endpoint names come back after a restart', async () => {
  const before = await new Kept().start();
  const orders = before.endpoint('/orders/{id}');
  const carts = before.endpoint('/carts');
  before.entities.live(0, 1.5);
  await before.stop();

  const after = await new Kept().start();
  expect(after.errors).toEqual([]);
  expect(after.rows()).toEqual(before.rows());
  expect(Object.keys(after.rows())).toHaveLength(20 + 20 + 10);
  expect(after.samples()).toEqual(before.samples());
  expect(after.samples()[0]!.length).toBeGreaterThan(100);
  expect(after.entities.lifecycle.snapshotCounters()).toEqual(before.entities.lifecycle.snapshotCounters());
  expect(after.endpoints.describe(orders)).toEqual({ service: 'shop', endpoint: 'GET /orders/{id}' });
  expect([after.endpoint('/carts'), after.endpoint('/orders/{id}')]).toEqual([carts, orders]);
});

test('learning goes on after a restart as if there had been none', async () => {
  const before = await new Kept().start();
  before.entities.live(0, 0.9);
  await before.stop();
  const after = await new Kept().start();
  expect(after.entities.lifecycle.progress).toBe(before.entities.lifecycle.progress);
  after.entities.live(0.9, 0.5);
  await after.entities.train();
  expect(after.entities.trainings.map(({ outcome }) => outcome)).toEqual(['promoted']);
});

test('the first start has nothing to restore, and that is no error', async () => {
  const { errors, entities } = await new Kept().start();
  expect(errors).toEqual([]);
  expect(entities.lifecycle.progress).toBe(0);
});

/** Leaves a snapshot with this header behind, and no more data than that. */
async function leaveSnapshot(header: (sound: Header) => Header): Promise<void> {
  const other = await new Kept().start();
  other.entities.live(0, 0.2);
  const sound = stateHeader(other.entities.states, other.endpoints.snapshot()) as unknown as Header;
  await other.store.saveState(header({ ...sound, learning: [9, 9, 9] }), []);
  await other.store.close();
}

describe('a snapshot is not used, and learning starts again, when', () => {
  it.each<[string, (sound: Header) => Header]>([
    ['it has another layout', (sound) => ({ ...sound, layout: 99 })],
    [
      'its features are others',
      (sound) => JSON.parse(JSON.stringify(sound).replaceAll('"burst"', '"bursts"')) as Header,
    ],
    ['its header is of something else', () => ({ some: 'thing' })],
    ['it ends before its data', (sound) => sound],
  ])('%s', async (_, header) => {
    await leaveSnapshot(header);
    const after = await new Kept().start();
    expect(after.rows()).toEqual({});
    expect(after.samples()).toEqual([[], [], []]);
    expect(after.entities.lifecycle.snapshotCounters()).toEqual([0, 0, 0, 0, 0, 0]);

    after.entities.live(0, 1.5);
    await after.entities.train();
    expect(after.entities.lifecycle.active).toBeDefined();
    await after.stop();
    const again = await new Kept().start();
    expect([again.errors, again.rows()]).toEqual([[], after.rows()]);
  });

  it('its features are others, and the reason is told', async () => {
    await leaveSnapshot((sound) => ({ ...sound, layout: 99 }));
    const { errors } = await new Kept().start();
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/other features; baselines are learned again/);
  });
});

test('a snapshot is saved every so often while the service runs', async () => {
  const kept = await new Kept(0.002).start();
  while (snapshots().length === 0) await sleep(2);
  await kept.stop();
  expect(kept.errors).toEqual([]);
});

test('one snapshot is saved at a time', async () => {
  const { keeper } = await new Kept().start();
  await Promise.all([keeper.save(), keeper.save(), keeper.save()]);
  expect(snapshots()).toHaveLength(1);
});

test('what cannot be saved is told once and costs nothing else', async () => {
  const kept = await new Kept().start();
  await kept.store.close();
  await kept.keeper.save();
  await kept.keeper.save();
  expect(kept.errors).toHaveLength(1);
  kept.entities.live(0, 0.1);
  await expect(kept.keeper.stop()).resolves.toBeUndefined();
  expect([kept.errors.length, kept.recoveries]).toEqual([1, 0]);
});

test('what can be saved again is told once, and so is the next failure', async () => {
  const kept = await new Kept().start();
  await kept.store.close();
  await kept.keeper.save();
  await kept.store.open();
  await kept.keeper.save();
  await kept.keeper.save();
  expect([kept.errors.length, kept.recoveries]).toEqual([1, 1]);
  await kept.store.close();
  await kept.keeper.save();
  expect([kept.errors.length, kept.recoveries]).toEqual([2, 1]);
});

test('stop saves once more; it is safe twice and without a start', async () => {
  await expect(new Kept().keeper.stop()).resolves.toBeUndefined();
  const kept = await new Kept().start();
  await kept.keeper.stop();
  expect(snapshots()).toHaveLength(1);
  await kept.keeper.stop();
  expect(snapshots()).toHaveLength(1);
});
