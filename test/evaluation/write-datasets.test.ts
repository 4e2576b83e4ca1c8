import { spawnSync } from 'node:child_process';
import path from 'node:path';

const script = path.join(import.meta.dirname, 'write-datasets.ts');

describe('writing the data sets', () => {
  it.each([
    [[], '--out is missing; name the folder to write to.'],
    [['--out', 'x', '--seed=-1'], '--seed is -1; use an integer from 0.'],
  ])('%j is refused with the remedy', (options, message) => {
    const { status, stderr } = spawnSync(process.execPath, [script, ...options], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([2, `${message}\n`]);
  });
});
