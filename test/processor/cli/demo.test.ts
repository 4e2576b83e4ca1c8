import path from 'node:path';
import { ChildProgram, killAllPrograms } from '../../support/child-program.ts';

const MAIN = path.join(import.meta.dirname, '../../../processor/src/main.ts');

interface Result {
  readonly episodes: readonly { episode: { behavior: string }; labelledSpans: number; flaggedSpans: number }[];
  readonly spans: { sent: number; arrived: number; scored: number; learning: number };
  readonly incidentsTotal: number;
}

afterEach(killAllPrograms);

test('demo learns a simulated day, finds attacks of at least five kinds, loses no span, and says so as JSON', async () => {
  const program = new ChildProgram(process.execPath, [MAIN, 'demo', '--json']);
  expect(await program.ended).toEqual({ code: 0, signal: null });
  const { episodes, spans, incidentsTotal } = JSON.parse(program.standardOutput) as Result;
  const found = new Set(episodes.filter(({ flaggedSpans }) => flaggedSpans > 0).map(({ episode }) => episode.behavior));
  expect(found.size).toBeGreaterThanOrEqual(5);
  expect(spans.sent).toBeGreaterThan(10_000);
  expect(spans.arrived).toBe(spans.sent);
  expect([spans.scored > 0, spans.learning > 0, incidentsTotal > 0]).toEqual([true, true, true]);
  // Progress and what was found, for a person, is on standard error.
  expect(program.output).toContain('Simulated day');
}, 300_000);
