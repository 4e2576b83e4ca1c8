import { LEAST_ROWS } from '../../../processor/src/model/detector-training.ts';
import { rareShare } from '../../../processor/src/model/gates.ts';
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

test('it measures for the gate how many of its own rows the model would find rare', () => {
  expect(result.rareShares).toEqual({ user: rareShare(model.detectors.user!, input.kinds[0]!) });
});

test('it survives being sent to another thread and back', () => {
  const sent = structuredClone(input);
  expect(Buffer.from(train(sent).model).equals(Buffer.from(result.model))).toBe(true);
});
