import { array, assert, double, property } from 'fast-check';
import { IsolationForest } from '../../../processor/src/forest/isolation-forest.ts';
import { Random } from '../../../processor/src/forest/random.ts';

/** `count` rows of independent normal values (sum of twelve uniform ones). */
function normalRows(count: number, columns: number, stream = 1): Float64Array {
  const random = new Random(9, stream);
  return Float64Array.from({ length: count * columns }, () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += random.fraction();
    return sum;
  });
}

const rows = normalRows(2000, 4);
const forest = IsolationForest.train(rows, 4, { seed: 1 });
/** Any number at all: NaN, infinities and denormals included. */
const anyRow = array(double(), { minLength: 4, maxLength: 4 });

/** Standard deviation of one row's score over seeds. */
function spread(trees: number): number {
  const scores = Array.from({ length: 12 }, (_, seed) =>
    IsolationForest.train(rows, 4, { seed, trees }).score(Float64Array.of(1, 2, 0, -1)),
  );
  const mean = scores.reduce((a, b) => a + b) / 12;
  return Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / 11);
}

describe('IsolationForest', () => {
  it('grows 200 trees on 256 rows each by default', () => {
    expect([forest.trees, forest.sampleSize, forest.columns]).toEqual([200, 256, 4]);
  });

  it('scores a far row above all the rows it was trained on', () => {
    const scores = new Float64Array(2000);
    forest.scoreBatch(rows, scores);
    expect(forest.score(Float64Array.of(30, -30, 30, -30))).toBeGreaterThan(scores.reduce((a, b) => Math.max(a, b)));
  });

  it('scores anything in (0, 1]', () => {
    assert(
      property(anyRow, (row) => {
        const score = forest.score(Float64Array.from(row));
        expect(score).toBeGreaterThan(0);
        expect(score).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('explains every score: contributions add up to the path length less the expected one', () => {
    const out = new Float64Array(4);
    assert(
      property(anyRow, (values) => {
        const row = Float64Array.from(values);
        const path = forest.contributions(row, 0, out);
        expect(path).toBeCloseTo(forest.pathLength(row), 10);
        const sum = out.reduce((a, b) => a + b);
        expect(sum).toBeCloseTo(path - forest.expectedPathLength, 9);
      }),
    );
  });

  it('attributes a row that is far in one feature to that feature', () => {
    const out = new Float64Array(4);
    forest.contributions(Float64Array.of(0, 0, 40, 0), 0, out);
    expect(out.indexOf(Math.min(...out))).toBe(2);
  });

  it('scores a batch as it scores each row, in any order', () => {
    const batch = new Float64Array(500);
    forest.scoreBatch(rows, batch);
    for (let row = 499; row >= 0; row--) expect(forest.score(rows.slice(4 * row, 4 * row + 4))).toBe(batch[row]);
  });

  it('reads only the rows it is told to', () => {
    const fewer = IsolationForest.train(rows, 4, { seed: 5, trees: 8, rowCount: 300 });
    const cut = IsolationForest.train(rows.slice(0, 1200), 4, { seed: 5, trees: 8 });
    expect(new Uint8Array(fewer.buffer)).toEqual(new Uint8Array(cut.buffer));
  });

  it('gives the same scores when a feature is measured in another unit, up to rounding', () => {
    const scale = [2 ** 20, 2 ** -30, 1, 2 ** 100];
    const scaled = rows.map((value, i) => value * scale[i % 4]!);
    const other = IsolationForest.train(scaled, 4, { seed: 1 });
    for (let row = 0; row < 400; row += 4) expect(other.score(scaled, row)).toBe(forest.score(rows, row));
  });

  it('ignores a feature that was constant in training', () => {
    const widened = new Float64Array(500 * 5);
    for (let row = 0; row < 500; row++) widened.set([7, ...rows.subarray(4 * row, 4 * row + 4)], 5 * row);
    const wide = IsolationForest.train(widened, 5, { seed: 2, trees: 50 });
    const at = (value: number): number => wide.score(Float64Array.of(value, 1, -1, 0.5, 2));
    expect([at(0), at(1e300), at(-Infinity), at(NaN)]).toEqual([at(7), at(7), at(7), at(7)]);
  });

  it('saturates beyond the training range', () => {
    for (let column = 0; column < 4; column++) {
      const at = (value: number): number => {
        const row = new Float64Array(4);
        row[column] = value;
        return forest.score(row);
      };
      expect(at(1e6)).toBe(at(1e30));
      expect(at(Infinity)).toBe(at(Number.MAX_VALUE));
      expect(at(-Infinity)).toBe(at(-1e6));
      expect(at(1e6)).toBeGreaterThan(at(0));
    }
  });

  it('takes a missing value for neither usual nor extreme', () => {
    const missing = forest.score(Float64Array.of(NaN, 0, 0, 0));
    expect(missing).toBeGreaterThan(forest.score(Float64Array.of(0, 0, 0, 0)));
    expect(missing).toBeLessThan(forest.score(Float64Array.of(40, 0, 0, 0)));
  });

  it('treats 0 and -0 alike, and whole numbers beyond 2^24 as different', () => {
    expect(forest.score(Float64Array.of(-0, 0, -0, 0))).toBe(forest.score(Float64Array.of(0, 0, 0, 0)));
    const base = 2 ** 40;
    const counted = IsolationForest.train(Float64Array.of(base, base + 1), 1, { seed: 1, trees: 10 });
    // Each is isolated by one split, c(2) = 1.
    expect([base, base + 1].map((value) => counted.score(Float64Array.of(value)))).toEqual([0.5, 0.5]);
  });

  it.each([
    ['one row', [3, 4], 2],
    ['two rows', [1, 2, 3, 4], 2],
    ['rows that are all alike', Array.from({ length: 600 }, () => 5), 2],
    ['rows without a single value', Array.from({ length: 600 }, () => NaN), 2],
  ])('scores a half whatever it sees after training on %s', (_, values, columns) => {
    const trained = IsolationForest.train(Float64Array.from(values), columns, { seed: 1, trees: 30 });
    for (const row of [
      [3, 4],
      [-1e9, 1e9],
      [NaN, 0],
    ])
      expect(trained.score(Float64Array.from(row))).toBeCloseTo(0.5, 12);
  });

  it('takes rows that each occur ten times', () => {
    const repeated = new Float64Array(4000);
    for (let copy = 0; copy < 10; copy++) repeated.set(rows.subarray(0, 400), 400 * copy);
    const trained = IsolationForest.train(repeated, 4, { seed: 1 });
    const far = trained.score(Float64Array.of(9, 9, 9, 9));
    for (let row = 0; row < 400; row += 4) expect(trained.score(repeated, row)).toBeLessThan(far);
  });

  it('takes hundreds of features, one feature, one tree and any number of trees', () => {
    const wide = IsolationForest.train(normalRows(100, 300), 300, { seed: 1, trees: 20 });
    const far = new Float64Array(300).fill(50);
    expect(wide.score(far)).toBeGreaterThan(wide.score(new Float64Array(300)));
    for (const trees of [1, 2, 3, 5]) {
      const narrow = IsolationForest.train(rows, 1, { seed: 1, trees });
      expect(narrow.score(Float64Array.of(50))).toBeGreaterThan(narrow.score(Float64Array.of(0)));
    }
  });

  it('spreads less between seeds with more trees', () => {
    // scikit-learn: .0147 with 25 trees, .0050 with 200 (on other data); the law is 1 / sqrt(trees).
    expect(spread(10) / spread(160)).toBeGreaterThan(2);
  });

  it.each([
    [{ seed: 1, trees: 0 }, 'forest.trees is 0; use an integer from 1 to 65536.'],
    [{ seed: 1, sampleSize: 2.5 }, 'forest.sampleSize is 2.5; use an integer from 1 to 65536.'],
    [{ seed: -1 }, 'forest.seed is -1; use an integer from 0 to 4294967295.'],
    [{ seed: 1, rowCount: 2001 }, '8000 values are not 2001 rows of 4; pass at least one whole row.'],
    [{ seed: 1, rowCount: 0 }, '8000 values are not 0 rows of 4; pass at least one whole row.'],
  ])('refuses to train with %j', (options, message) => {
    expect(() => IsolationForest.train(rows, 4, options)).toThrow(message);
  });

  it('refuses a row that is cut short', () => {
    expect(() => forest.score(rows, 7998)).toThrow('A row of 4 values at 7998 does not fit in 8000 values.');
  });
});
