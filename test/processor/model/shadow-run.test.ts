import type { Model } from '../../../processor/src/model/model.ts';
import { ShadowRun } from '../../../processor/src/model/shadow-run.ts';
import { LearningEntities } from './entities.ts';

const BUDGET = { falseIncidentsPerDay: 10, shares: { user: 0.6, address: 0.2, endpoint: 0.2 } };

const entities = new LearningEntities();
let model: Model;

beforeAll(async () => {
  entities.live(0, 2);
  await entities.train();
  model = entities.promoted[0]!;
});

/** Hands over the window of one user. */
function note(run: ShadowRun): void {
  run.note('user', entities.states.user.table.find(1, 1));
}

const runOf = (): ShadowRun => new ShadowRun(entities.states, BUDGET, new Set());

test('nothing is counted without a shadow, or without a model that it could run beside', () => {
  const run = runOf();
  run.run(model);
  note(run);
  expect(run.agreement()).toBeUndefined();
  run.compareWith(model);
  run.run(undefined);
  note(run);
  expect(run.agreement()).toBeUndefined();
});

test('windows are counted from when the shadow begins, and from anew beside another model or by another budget', () => {
  const run = runOf();
  run.compareWith(model);
  run.run(model);
  note(run);
  note(run);
  expect(run.agreement()).toMatchObject({ windows: 2, agreement: 1 });
  run.compareWith(model);
  expect(run.agreement()).toMatchObject({ windows: 0 });
  note(run);
  run.useSensitivity({ ...BUDGET, falseIncidentsPerDay: 1 }, new Set());
  expect(run.agreement()).toMatchObject({ windows: 0 });
  run.run(undefined);
  expect(run.agreement()).toBeUndefined();
});
