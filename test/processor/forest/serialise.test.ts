import { IsolationForest } from '../../../processor/src/forest/isolation-forest.ts';
import { Random } from '../../../processor/src/forest/random.ts';

const random = new Random(3, 3);
const rows = Float64Array.from({ length: 900 }, () => random.fraction());
const forest = IsolationForest.train(rows, 3, { seed: 42, trees: 10, sampleSize: 64 });

/** A copy of the forest with one word replaced: 16 of header, then four a node, last the roots. */
function withWord(index: number, value: number): ArrayBufferLike {
  const copy = forest.buffer.slice(0);
  new Uint32Array(copy)[index] = value;
  return copy;
}

function trained(seed: number): Uint8Array {
  return new Uint8Array(IsolationForest.train(rows, 3, { seed, trees: 10, sampleSize: 64 }).buffer);
}

describe('a forest as bytes', () => {
  it('scores the same after a round trip, without copying', () => {
    const opened = IsolationForest.from(forest.buffer);
    expect(opened.buffer).toBe(forest.buffer);
    for (let row = 0; row < rows.length; row += 3) expect(opened.score(rows, row)).toBe(forest.score(rows, row));
    expect([opened.columns, opened.trees, opened.sampleSize]).toEqual([3, 10, 64]);
    expect(opened.expectedPathLength).toBe(forest.expectedPathLength);
  });

  it('is the same for the same seed and rows, and another for another seed', () => {
    expect(trained(42)).toEqual(new Uint8Array(forest.buffer));
    expect(trained(43)).not.toEqual(trained(42));
  });

  it('reads from shared memory', () => {
    const shared = new SharedArrayBuffer(forest.buffer.byteLength);
    new Uint8Array(shared).set(new Uint8Array(forest.buffer));
    expect(IsolationForest.from(shared).score(rows)).toBe(forest.score(rows));
  });

  it.each([
    ['is too short for a header', forest.buffer.slice(0, 20), 'at least 64 bytes; this buffer has 20'],
    ['holds something else', withWord(0, 0x12345678), 'does not hold an isolation forest'],
    ['has the other byte order', withWord(0, 0x41494600), 'does not hold an isolation forest'],
    ['is of a later version', withWord(1, 2), 'has format version 2; this build reads 1. Train it again.'],
    ['was cut short', forest.buffer.slice(0, -8), 'this buffer has'],
    ['claims no columns', withWord(2, 0), 'over 0 columns'],
    ['claims fewer columns', withWord(2, 2), 'is damaged'],
    ['claims more trees', withWord(3, 21), 'forest of 21 trees'],
    ['claims another depth', withWord(5, 5), 'is damaged'],
    ['claims fewer nodes', withWord(6, 100), 'with 100 nodes'],
    ['has a child before its parent', withWord(16 + 4, 64), 'is damaged'],
    ['has a child outside', withWord(16, 0x7fff_fff0), 'is damaged'],
    ['has a child between two nodes', withWord(16, 64 + 24), 'is damaged'],
    ['has a tree that starts outside', withWord(forest.buffer.byteLength / 4 - 20, 0), 'is damaged'],
  ])('is refused when it %s', (_, buffer, message) => {
    expect(() => IsolationForest.from(buffer)).toThrow(message);
  });
});

describe('a copy that lies in the memory of its walk', () => {
  const waves = Float64Array.from({ length: 600 }, (_, index) => Math.sin(index) * index);
  const grown = IsolationForest.train(waves, 3, { seed: 9, trees: 30, sampleSize: 64 });

  it('scores as the original and gives the same bytes', () => {
    const bytes = new Uint8Array(grown.buffer);
    const copy = IsolationForest.copyOf(bytes);
    for (let row = 0; row < 200; row++) expect(copy.score(waves, 3 * row)).toBe(grown.score(waves, 3 * row));
    expect(new Uint8Array(copy.buffer)).toEqual(bytes);
  });

  it.each([0, 20, 63, 200])('refuses the first %i bytes of a forest', (length) => {
    expect(() => IsolationForest.copyOf(new Uint8Array(grown.buffer).subarray(0, length))).toThrow(/buffer has/);
  });
});
