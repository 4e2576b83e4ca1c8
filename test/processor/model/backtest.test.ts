import type { Behavior } from '../../../processor/src/detection/behaviors.ts';
import { FEATURE_NAMES, rowWidth } from '../../../processor/src/features/features.ts';
import { backtest } from '../../../processor/src/model/backtest.ts';
import type { BacktestSettings } from '../../../processor/src/model/judged-windows.ts';
import type { Model } from '../../../processor/src/model/model.ts';
import type { KeptWindow } from '../../../processor/src/store/kept-windows.ts';

const START = Date.UTC(2027, 0, 1);
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const FEATURES = FEATURE_NAMES.user.length;
const CALLS = FEATURE_NAMES.user.indexOf('calls');

/** A model whose evidence is `natsPerCall` for each call, all of it from the feature `calls`. */
function model(natsPerCall: number, windowsPerDay = 0): Model {
  const featureEvidence = new Float64Array(FEATURES);
  const detector = {
    parts: { kind: 'user', windowsPerDay },
    featureEvidence,
    rarityOf: (row: Float32Array) => (featureEvidence[CALLS] = natsPerCall * Math.round(Math.expm1(row[CALLS]!))),
  };
  return { detectors: { user: detector } } as unknown as Model;
}

function settings(change: Partial<BacktestSettings> & { perDay?: number; off?: Behavior[]; effect?: number } = {}) {
  const { perDay = 10, off = [], effect = 1, ...rest } = change;
  return {
    sensitivity: {
      budget: { falseIncidentsPerDay: perDay, shares: { user: 1, address: 0, endpoint: 0 } },
      disabled: new Set(off),
      minimumEffect: effect,
    },
    exclusions: [],
    model: model(0.1),
    ...rest,
  };
}

/** A window of a user with so many calls: 0.1 nats each, so that 100 calls are enough for any budget. */
function window(minutes: number, calls: number, part: Partial<KeptWindow> = {}): KeptWindow {
  const entityRow = Array.from({ length: rowWidth('user') }, () => 0);
  entityRow[CALLS] = Math.log1p(calls);
  return {
    kind: 'user',
    entity: 'u_1',
    startMs: START + minutes * MINUTE,
    timeMs: START + minutes * MINUTE,
    evidence: 0,
    p: 1,
    carried: 0,
    behavior: 'other',
    isMaterial: false,
    service: 'shop',
    endpoint: 'GET /orders',
    features: [],
    modelVersion: 'm-1',
    entityRow,
    ...part,
  };
}

const pages = (...windows: KeptWindow[]): KeptWindow[][] => [windows];

test('windows of one entity with at most 30 quiet minutes between them are one incident', async () => {
  const report = await backtest(
    // The first ends at minute 5: up to minute 35 is quiet enough.
    pages(window(0, 100), window(35, 120), window(75, 100), window(80, 100, { entity: 'u_2' })),
    settings(),
    settings(),
  );
  expect(report.before).toMatchObject({ incidents: 3, byBehavior: { rate_burst: 3, scraping: 0 } });
  expect(report).toMatchObject({ windows: 4, windowsAsFound: 0, appearing: 0, vanishing: 0 });
});

test('incidents a day are those of the time that the windows span', async () => {
  const report = await backtest(pages(window(0, 100), window(2 * 1440 - 5, 100)), settings(), settings());
  expect([report.days, report.after.incidentsPerDay]).toEqual([2, 1]);
  expect([report.fromMs, report.toMs]).toEqual([START, START + 2 * DAY]);
});

/** A budget over a million windows a day. */
const budgeted = (perDay: number) => settings({ perDay, model: model(0.1, 1e6) });

test('a smaller budget makes the less unusual incidents vanish, a larger one appear', async () => {
  // 10 of a million windows: 11.5 nats, which are 116 calls; 1 of a million: 13.8 nats.
  const windows = pages(window(0, 120), window(0, 150, { entity: 'u_2' }));
  const fewer = await backtest(windows, budgeted(10), budgeted(1));
  expect([fewer.before.incidents, fewer.after.incidents]).toEqual([2, 1]);
  expect(fewer.examplesVanishing).toEqual([
    expect.objectContaining({ entity: 'u_1', behavior: 'rate_burst', endpoint: 'GET /orders', windows: 1 }),
  ]);
  const more = await backtest(windows, budgeted(1), budgeted(10));
  expect([more.appearing, more.vanishing, more.examplesAppearing[0]?.entity]).toEqual([1, 0, 'u_1']);
});

test('an exclusion makes vanish what it covers', async () => {
  const windows = pages(window(0, 120), window(0, 120, { entity: 'u_2' }));
  const exclusions = [{ entity: 'u_2', behavior: 'rate_burst' }];
  const report = await backtest(windows, settings(), settings({ exclusions }));
  expect(report.examplesVanishing.map(({ entity }) => entity)).toEqual(['u_2']);
});

test('a behavior that is switched off, and a higher minimum effect, leave what is a hundred times rarer', async () => {
  // Without a name 13.8 nats are needed.
  const windows = pages(window(0, 100), window(0, 140, { entity: 'u_2' }));
  const off = await backtest(windows, settings(), settings({ off: ['rate_burst', 'scraping'] }));
  expect(off.examplesVanishing.map(({ entity }) => entity)).toEqual(['u_1']);
  expect(off.after.byBehavior).toMatchObject({ other: 1, rate_burst: 0 });
  const demanding = await backtest(windows, settings(), settings({ effect: 4 }));
  expect(demanding.after.byBehavior).toMatchObject({ other: 1, rate_burst: 0 });
  const nothing = await backtest(windows, settings(), settings({ off: ['rate_burst', 'scraping', 'other'] }));
  expect(nothing.after.incidents).toBe(0);
});

test('another model judges the kept rows anew, with what was carried into them', async () => {
  // 9.21 nats are needed: 100 calls are 10 and then 9, 60 calls and 4 nats are 10 and then 9.4.
  const windows = pages(window(0, 100), window(0, 60, { entity: 'u_2', carried: 4 }));
  const report = await backtest(windows, settings(), settings({ model: model(0.09) }));
  expect([report.before.incidents, report.after.incidents]).toEqual([2, 1]);
  expect(report.examplesVanishing.map(({ entity }) => entity)).toEqual(['u_1']);
});

test('a row of another table of features is taken as it was found', async () => {
  const found = { entityRow: [1, 2, 3], p: 1e-5, behavior: 'enumeration', isMaterial: true };
  const windows = pages(window(0, 0, found), window(60, 0, { ...found, kind: 'endpoint', p: 1e-3 }));
  const report = await backtest(windows, settings(), settings({ off: ['enumeration'] }));
  expect(report).toMatchObject({ windows: 2, windowsAsFound: 2 });
  expect(report.before).toMatchObject({ incidents: 1, byBehavior: { enumeration: 1 } });
  expect(report.after.incidents).toBe(0);
});

test('without windows nothing would have been flagged', async () => {
  const report = await backtest([], settings(), settings());
  expect(report).toMatchObject({ fromMs: 0, toMs: 0, windows: 0, appearing: 0 });
  expect(report.before).toMatchObject({ incidents: 0, incidentsPerDay: 0 });
});

test('a run tells its progress and ends when it is told to', async () => {
  const told: number[] = [];
  const stopped = new AbortController();
  const progress = (windows: number): void => {
    told.push(windows);
    if (told.length === 2) stopped.abort(new Error('cancelled'));
  };
  const run = backtest([[window(0, 1)], [window(5, 1), window(10, 1)], [window(15, 1)]], settings(), settings(), {
    progress,
    signal: stopped.signal,
  });
  await expect(run).rejects.toThrow('cancelled');
  expect(told).toEqual([1, 3]);
});
