import { rowWidth } from '../../../processor/src/features/features.ts';
import { createSamples } from '../../../processor/src/model/learned-rows.ts';

const row = new Float32Array(rowWidth('user'));
const addressRow = new Float32Array(rowWidth('address'));

describe('the samples', () => {
  it('take at most 50 rows of one user and of one address', () => {
    const { user, address } = createSamples(1000, () => 0.5);
    for (let index = 0; index < 200; index++) {
      user.add(1, 2, 0, index, 0, row, 0);
      address.add(1, 2, 0, index, 0, addressRow, 0);
    }
    expect([user.size, address.size]).toEqual([50, 50]);
  });

  it('take at most a tenth from one network, however many users it has', () => {
    const { user } = createSamples(1000, () => 0.5);
    for (let index = 0; index < 300; index++) user.add(1, index, 7, index, 0, row, 0);
    expect(user.size).toBe(100);
    for (let index = 300; index < 600; index++) user.add(1, index, 0, index, 0, row, 0);
    expect(user.size).toBe(400);
  });
});
