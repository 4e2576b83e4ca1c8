/** The alert rules and the Alertmanager configuration that users get, judged by Prometheus' and Alertmanager's own tools. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { PROMETHEUS_FOLDER } from '../support/alert-rules.ts';
import { describeWithPrograms, programPath } from '../support/programs.ts';

const ALERTMANAGER_CONFIG = path.resolve(PROMETHEUS_FOLDER, '../alertmanager/alertmanager.yml');

describeWithPrograms('the alert rules', ['promtool'], () => {
  test('are loaded by the shipped configuration', () => {
    const { status, stdout } = run('promtool', ['check', 'config', path.join(PROMETHEUS_FOLDER, 'prometheus.yml')]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('2 rule files found') });
  });

  test.each(readdirSync(path.join(PROMETHEUS_FOLDER, 'tests')))('fire and stay quiet as %s says', (file) => {
    const { status, stdout, stderr } = run('promtool', ['test', 'rules', path.join(PROMETHEUS_FOLDER, 'tests', file)]);
    expect({ status, stderr, stdout }).toMatchObject({ status: 0, stderr: '' });
  });
});

describeWithPrograms('the Alertmanager configuration', ['amtool'], () => {
  test('is one', () => {
    const { status, stdout } = run('amtool', ['check-config', ALERTMANAGER_CONFIG]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('SUCCESS') });
  });

  test.each([
    { receiver: 'security', labels: ['category=detection', 'severity=critical', 'alertname=ApiAnomalyIncident'] },
    { receiver: 'security', labels: ['category=detection', 'severity=low', 'alertname=ApiAnomalyIncident'] },
    { receiver: 'operations', labels: ['category=operation', 'severity=warning', 'alertname=ApiAnomalyModelStale'] },
    { receiver: 'operations', labels: ['alertname=OfAnotherProgram'] },
  ])('tells $receiver of $labels', ({ receiver, labels }) => {
    const { status, stdout } = run('amtool', [
      'config',
      'routes',
      'test',
      `--config.file=${ALERTMANAGER_CONFIG}`,
      ...labels,
    ]);
    expect({ status, receiver: stdout.trim() }).toEqual({ status: 0, receiver });
  });
});

function run(
  program: 'promtool' | 'amtool',
  args: string[],
): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(programPath(program), args, { encoding: 'utf8' });
}
