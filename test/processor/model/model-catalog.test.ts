import { ModelCatalog } from '../../../processor/src/model/model-catalog.ts';
import type { ModelFile } from '../../../processor/src/store/files.ts';

const NOW = 1000;

const file = (version: string, createdMs: number, isRejected = false): ModelFile => ({
  version,
  header: { createdMs, trainedAtSeconds: 1, outcome: 'candidate' },
  isRejected,
});

function catalogOf(...files: readonly ModelFile[]): ModelCatalog {
  const catalog = new ModelCatalog();
  catalog.refresh(files, undefined);
  return catalog;
}

const states = (catalog: ModelCatalog, active: string | undefined): string[] =>
  catalog
    .list({ active, approval: undefined, agreement: undefined })
    .map(({ version, state }) => `${version} ${state}`);

test('models are listed by the time they were made, the newest first', () => {
  const catalog = catalogOf(file('m-2', 2), file('m-3', 3, true), file('m-1', 1));
  expect(states(catalog, 'm-1')).toEqual(['m-3 rejected', 'm-2 candidate', 'm-1 active']);
});

test('whoever becomes active retires the one before, ends being the shadow, and both have changed', () => {
  const catalog = catalogOf(file('m-1', 1), file('m-2', 2));
  catalog.standing = catalog.standingWithShadow('m-2', 5);
  expect(states(catalog, 'm-1')).toEqual(['m-2 shadow', 'm-1 active']);
  catalog.standing = catalog.standingWithActive('m-2', 'm-1', NOW);
  expect(catalog.standing).toEqual({ retired: ['m-1'], changedMs: { 'm-1': NOW, 'm-2': NOW } });
  expect(states(catalog, 'm-2')).toEqual(['m-2 active', 'm-1 retired']);
  catalog.standing = catalog.standingWithActive('m-1', 'm-2', NOW);
  expect(states(catalog, 'm-1')).toEqual(['m-2 retired', 'm-1 active']);
});

test('of models that are gone nothing is remembered', () => {
  const catalog = catalogOf(file('m-1', 1), file('m-2', 2));
  catalog.standing = { retired: ['m-0', 'm-1'], changedMs: { 'm-0': 5, 'm-1': 6 } };
  expect(catalog.standingWithShadow('m-1', NOW)).toEqual({
    shadow: 'm-1',
    retired: ['m-1'],
    changedMs: { 'm-1': NOW },
  });
});

test('a model in use that could not be saved stays in the list as long as it is in use', () => {
  const catalog = catalogOf(file('m-1', 1), file('m-2', 2));
  catalog.refresh([file('m-1', 1)], 'm-2');
  expect(states(catalog, 'm-2')).toEqual(['m-2 active', 'm-1 candidate']);
  catalog.refresh([file('m-1', 1)], 'm-1');
  expect(states(catalog, 'm-1')).toEqual(['m-1 active']);
});

test('one that is kept twice, since a crash came as it was taken back in, is not rejected', () => {
  const catalog = catalogOf(file('m-1', 1), file('m-1', 1, true));
  expect(states(catalog, undefined)).toEqual(['m-1 candidate']);
});

test('what an older version wrote no header for is unknown, not wrong', () => {
  const catalog = catalogOf({ version: 'm-1', header: { trainedAtSeconds: 7 }, isRejected: false });
  const view = { active: undefined, approval: undefined, agreement: undefined };
  expect(catalog.get('m-1', view)).toMatchObject({
    createdMs: 7000,
    changedMs: 7000,
    fromMs: undefined,
    origin: 'schedule',
    gates: [],
    measures: { rows: { user: 0, address: 0, endpoint: 0 }, scores: {} },
  });
});
