import { rowWidth } from '../../../processor/src/features/features.ts';
import { createSamples, LearnedRows } from '../../../processor/src/model/learned-rows.ts';
import { LearningEntities, START } from './entities.ts';

const userRow = new Float32Array(rowWidth('user'));
const addressRow = new Float32Array(rowWidth('address'));

describe('the samples', () => {
  it('take at most 50 rows of one user and of one address', () => {
    const { user, address } = createSamples(1000, () => 0.5);
    for (let index = 0; index < 200; index++) {
      user.add(1, 2, 0, index, 0, userRow, 0);
      address.add(1, 2, 0, index, 0, addressRow, 0);
    }
    expect([user.size, address.size]).toEqual([50, 50]);
  });

  it('take at most a tenth from one network, however many users it has', () => {
    const { user } = createSamples(1000, () => 0.5);
    for (let index = 0; index < 300; index++) user.add(1, index, 7, index, 0, userRow, 0);
    expect(user.size).toBe(100);
    for (let index = 300; index < 600; index++) user.add(1, index, 0, index, 0, userRow, 0);
    expect(user.size).toBe(400);
  });
});

/** Two hours of calls; every user's and address's windows are in the sample. */
function learned(): LearnedRows {
  const entities = new LearningEntities({ sampleRows: 5000 });
  entities.live(0, 2);
  return new LearnedRows(entities.states, entities.watermark, entities.lifecycle.samples);
}

const identity = (low: number, row: ArrayLike<number>): string => `${low}: ${Array.from(row).join(' ')}`;

describe('gathered rows', () => {
  const HOUR = 3600;

  it('are all there are, with the time of their windows', async () => {
    const rows = learned();
    const { kinds, available, used } = await rows.gather();
    const sizes = kinds.map(({ size }) => size);
    expect(sizes).toEqual([rows.samples.user.size, rows.samples.address.size, rows.samples.endpoint.size]);
    // Twenty-four windows are over or just ending; the last of them is still open.
    expect(used).toEqual({
      rows: sizes.reduce((sum, size) => sum + size),
      fromSeconds: START,
      toSeconds: START + 6900,
    });
    expect(available).toEqual(used);
  });

  it('are those of a time range where one is asked for, each with whose it is, and what else there was is told', async () => {
    const rows = learned();
    const all = await rows.gather();
    const range = { fromSeconds: START + 600, toSeconds: START + 1200 };
    const { kinds, available, used } = await rows.gather(range);
    expect(available).toEqual(all.available);
    expect(used).toMatchObject({ fromSeconds: START + 600, toSeconds: START + 1500 });
    const sample = rows.samples.user.view();
    const inRange = Array.from({ length: sample.size }, (_, row) => row).filter(
      (row) => sample.windowTime[row]! >= range.fromSeconds && sample.windowTime[row]! <= range.toSeconds,
    );
    const user = kinds[0]!;
    expect(user.size).toBe(inRange.length);
    const given = Array.from({ length: user.size }, (_, row) =>
      identity(user.entityLow[row]!, user.rows.subarray(row * user.width, (row + 1) * user.width)),
    );
    const expected = inRange.map((row) =>
      identity(sample.entityLow[row]!, sample.rows.subarray(row * sample.width, (row + 1) * sample.width)),
    );
    expect(given.toSorted()).toEqual(expected.toSorted());
    // What is kept is as it was.
    expect((await rows.gather()).used).toEqual(all.used);
  });

  it('are none of a time of which nothing is kept, and that is told', async () => {
    const { kinds, used } = await learned().gather({ fromSeconds: START + 30 * HOUR });
    expect(kinds.map(({ size }) => size)).toEqual([0, 0, 0]);
    expect(used).toEqual({ rows: 0, fromSeconds: undefined, toSeconds: undefined });
  });
});
