/** Backtests on uploaded history: what the replay of it finds, judged under two settings, in a thread. */
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { displayName, Pseudonyms } from '../../../processor/src/call/pseudonym.ts';
import { sensitivityOf } from '../../../processor/src/detection/sensitivity.ts';
import { JobMemory } from '../../../processor/src/jobs/job-memory.ts';
import { Jobs } from '../../../processor/src/jobs/jobs.ts';
import type { BacktestComparison } from '../../../processor/src/model/backtest.ts';
import type { BacktestSettings } from '../../../processor/src/model/judged-windows.ts';
import { encodeJsonLine } from '../../../processor/src/otlp/request-writer.ts';
import { HistoryBacktest } from '../../../processor/src/replay/history-backtest.ts';
import type { HistoryReport } from '../../../processor/src/replay/history-judging.ts';
import { SpanKind } from '../../../processor/src/simulation/span.ts';
import { batchesOf, toResourceSpans } from '../../../processor/src/simulation/trace-batch.ts';
import { boundsOf, configOf, QUIET_UNTIL, replayed, requestsOf, workingDay } from './recorded-traffic.ts';

const world = workingDay(3);
const spans = [...world];
const history = Buffer.from(
  Array.from(batchesOf(spans, 200), (batch) => encodeJsonLine(toResourceSpans(batch))).join(''),
);
const config = configOf();
const KEYS = { key: Buffer.alloc(32, 1), hashKey: Buffer.alloc(32, 2) };
const backtests = new HistoryBacktest(config, KEYS, () => world.endMs + 86_400_000);

let settings: BacktestSettings;
/** Pseudonym of the attacker, by the keys of the service. */
let attacker: string;

beforeAll(async () => {
  const { replay } = await replayed(requestsOf(spans), { bounds: boundsOf(world), learning: { until: QUIET_UNTIL } });
  settings = { model: replay.engine.lifecycle.active!, sensitivity: sensitivityOf(config.sensitivity), exclusions: [] };
  const id = String(spans.find(({ label }) => label.startsWith('enumeration'))!.attributes['user.id']);
  const pseudonyms = new Pseudonyms(KEYS.key, KEYS);
  pseudonyms.pseudonym(pseudonyms.kind('user.id'), Buffer.from(id), 0, Buffer.byteLength(id));
  attacker = displayName('u', pseudonyms.high, pseudonyms.low);
});

const jobs = new Jobs({ journal: new JobMemory(), clock: () => 0, random: () => 0, onFault: () => {} });

/** Runs a backtest as a job; rejects with what that failed with. */
async function run(change: Partial<BacktestComparison> = {}, bytes = Readable.from([history])): Promise<HistoryReport> {
  const comparison = { before: settings, after: settings, fromMs: undefined, toMs: undefined, ...change };
  const order = { kind: 'backtest', requestedBy: 'ops', request: {} } as const;
  const { ended } = jobs.begin(order, async (control) => ({
    result: await backtests.run(comparison, { bytes, length: history.length }, control, () => {}),
  }));
  const { job, error } = await ended;
  if (error !== undefined) throw error as Error;
  return job.result as HistoryReport;
}

test('the attack is found, and vanishes under an exclusion of who it was', async () => {
  const after = { ...settings, exclusions: [{ entity: attacker }] };
  const report = await run({ after });
  expect(report.before.byBehavior['enumeration']).toBeGreaterThan(0);
  expect(report.examplesVanishing.map(({ entity }) => entity)).toContain(attacker);
  expect(new Set(report.examplesVanishing.map(({ entity }) => entity)).size).toBe(1);
  expect(report.appearing).toBe(0);
});

test('it tells what it read, as a training does', async () => {
  const calls = spans.filter(({ kind }) => kind === SpanKind.SERVER).length;
  const { upload } = await run({}, Readable.from([gzipSync(history)]));
  expect(upload).toEqual({ bytes: history.length, calls, duplicates: 0, broken: { count: 0, lines: [] } });
});

test('only windows of the time that is asked for count', async () => {
  const quietMs = QUIET_UNTIL * 1000;
  const [all, early, late] = [await run(), await run({ toMs: quietMs }), await run({ fromMs: quietMs })];
  expect(early.windows + late.windows).toBe(all.windows);
  expect(early.toMs).toBeLessThanOrEqual(quietMs);
  expect(late.fromMs).toBeGreaterThanOrEqual(quietMs);
  expect(late.before.byBehavior['enumeration']).toBe(all.before.byBehavior['enumeration']);
});

test('what holds no traces is refused', async () => {
  await expect(run({}, Readable.from([Buffer.from('user,path\n')]))).rejects.toMatchObject({
    code: 'upload_unreadable',
  });
});

test('a cancel ends it while it reads', async () => {
  const stalled = new Readable({ read() {} });
  const running = run({}, stalled);
  await jobs.cancel(jobs.running('backtest')!.id);
  await expect(running).rejects.toMatchObject({ code: 'cancelled' });
  expect(jobs.isFree('backtest')).toBe(true);
});
