import { FEATURE_NAMES } from '../../../processor/src/features/features.ts';
import { LEAST_ROWS } from '../../../processor/src/model/detector-training.ts';
import { Model } from '../../../processor/src/model/model.ts';
import { train, type TrainingInput } from '../../../processor/src/model/train.ts';
import { Crowd, trainingRows } from './synthetic-rows.ts';

const users = new Crowd('user', 12, 31).rows(200);
const addresses = new Crowd('address', 7, 32).rows(LEAST_ROWS - 1);

const input: TrainingInput = {
  version: 'm-7',
  trainedAtSeconds: 1_789_000_000,
  settings: { seed: 9, trees: 5, sampleSize: 32 },
  kinds: [trainingRows('user', users), trainingRows('address', addresses), trainingRows('endpoint', [])],
  thresholds: { user: 1e-4, address: 1e-4, endpoint: 1e-4 },
  judged: [],
  minEntities: 10,
  approved: undefined,
};

const result = train(input);
const model = Model.from(new Uint8Array(result.model));

test('a training gives a model of the kinds with rows enough, and says what it rests on', () => {
  expect(Object.keys(model.detectors)).toEqual(['user']);
  expect(model.provenance).toEqual({
    version: 'm-7',
    trainedAtSeconds: 1_789_000_000,
    rows: { user: 200, address: LEAST_ROWS - 1, endpoint: 0 },
    entities: { user: 12, address: 7, endpoint: 0 },
    seed: 9,
  });
  expect(result.version).toBe('m-7');
});

test('the gates say of it what was measured', () => {
  expect(result.gates.map(({ gate }) => gate)).toEqual([
    'kinds',
    'sample',
    'alert_rate',
    'golden_attacks',
    'score_distribution',
  ]);
  expect(result.gates[0]!.detail).toBe('judges user');
  expect(result.gates[1]!.detail).toContain('user 200 rows of 12');
});

test('what the approved model finds suspect is not trained on', () => {
  const [offered] = input.kinds;
  const width = offered!.width;
  const rows = offered!.rows.slice();
  const failedLogins = FEATURE_NAMES.user.indexOf('failed_logins');
  for (let row = 0; row < 20; row++) {
    for (const name of ['failed_logins', 'denied', 'client_errors', 'calls'] as const) {
      rows[row * width + FEATURE_NAMES.user.indexOf(name)] = Math.log1p(500);
    }
  }
  const poisoned = { ...input, kinds: [{ ...offered!, rows }] };
  const naive = Model.from(new Uint8Array(train(poisoned).model));
  const wary = Model.from(new Uint8Array(train({ ...poisoned, approved: result.model }).model));
  expect(naive.provenance.rows.user).toBe(200);
  // Beside them an ordinary row in a thousand.
  expect(wary.provenance.rows.user).toBeLessThanOrEqual(180);
  expect(wary.provenance.rows.user).toBeGreaterThan(170);
  expect(wary.detectors.user!.parts.means[failedLogins]).toBeLessThan(0.2);
});

test('it survives being sent to another thread and back', () => {
  const sent = structuredClone(input);
  expect(Buffer.from(train(sent).model).equals(Buffer.from(result.model))).toBe(true);
});
