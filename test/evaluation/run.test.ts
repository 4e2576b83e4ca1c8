import { spawnSync } from 'node:child_process';
import path from 'node:path';

const script = path.join(import.meta.dirname, 'run.ts');

/** In an environment without the reference data. */
function run(...options: readonly string[]) {
  const { ANOMALY_TEST_DATA: _, CI: __, NODE_OPTIONS: ___, ...environment } = process.env;
  return spawnSync(process.execPath, [script, ...options], { encoding: 'utf8', env: environment });
}

describe('the evaluation', () => {
  it('names the sections when it is asked for one that does not exist', () => {
    const { status, stderr } = run('--only', 'nasaa');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^--only is nasaa; use one of: simulated, disguised, .*losses\.\n$/);
  });

  it('says what is missing where there is no reference data', () => {
    const { status, stdout } = run('--quick', '--only', 'nezha');
    expect(status).toBe(0);
    expect(stdout).toContain('Set ANOMALY_TEST_DATA to the folder that holds nezha-trainticket.');
  });
});
