/**
 * The control API of a service with a model: how fast it answers, and what it costs the span path. For the latter,
 * periods with API calls and trainings take turns with periods without; both get the same spans at the same pace.
 */
import { killAllPrograms } from '../support/child-program.ts';
import { removeTemporaryFolders } from '../support/temporary-folder.ts';
import {
  BusyService,
  CALLS_PER_SECOND,
  CONNECTIONS,
  DETECT,
  type Period,
  quantile,
  REQUESTS_PER_SECOND,
  SPANS_PER_REQUEST,
  STATUS,
} from './busy-service.ts';
import type { BenchSection } from './section.ts';

/** How long is measured. */
interface Effort {
  readonly trainingCalls: number;
  /** Seconds for each kind of call. */
  readonly apiSeconds: number;
  readonly pairs: number;
  readonly periodSeconds: number;
}

const FULL: Effort = { trainingCalls: 100_000, apiSeconds: 10, pairs: 9, periodSeconds: 5 };
const QUICK: Effort = { trainingCalls: 30_000, apiSeconds: 0.3, pairs: 1, periodSeconds: 0.5 };
const MOST_MEGABYTES = 512;

interface Pair {
  readonly busy: Period;
  readonly quiet: Period;
}

/**
 * Measures both; `quick`: a short pass that shows that it works. Throws if the service ever needed more than 512 MB, but
 * for a short pass, whose numbers say little.
 */
export async function benchControlApi({ quick }: { quick: boolean }): Promise<BenchSection> {
  const effort = quick ? QUICK : FULL;
  try {
    const service = await BusyService.start(effort.trainingCalls);
    const rows: (string | number)[][] = [];
    for (const call of [STATUS, DETECT]) {
      // Once so that all code is compiled.
      await service.measureSpeed(call, effort.apiSeconds / 3);
      const { perSecond, mean, p99 } = await service.measureSpeed(call, effort.apiSeconds);
      rows.push([`${call.method} ${call.path}`, Math.round(perSecond), mean.toFixed(2), p99.toFixed(2), '', '', '']);
    }
    const peakOfCalls = service.peak;
    const pairs = await measurePairs(service, effort);
    rows.push(...spanRows(pairs));
    const { trainings, peak } = service;
    await service.stop();
    const memory = `Highest resident memory of the service: ${peakOfCalls.toFixed(0)} MB up to the end of the calls, ${peak.toFixed(0)} MB in all. At most ${MOST_MEGABYTES} MB.`;
    if (!quick && peak > MOST_MEGABYTES) throw new Error([memory, ...rows.map((row) => row.join(' | '))].join('\n'));
    return {
      title: 'Control API',
      columns: ['what', 'requests/s', 'mean, ms', 'p99, ms', 'p99 ×', 'CPU µs a span', 'CPU ×'],
      rows,
      notes: [
        `Calls: one model active, ${CONNECTIONS} connections kept open, a next call as soon as one is answered, ${effort.apiSeconds} s each; caller and service share the processors. One span a /detect.`,
        `Spans: medians of ${pairs.length} pairs of periods of ${effort.periodSeconds} s, ${REQUESTS_PER_SECOND} requests/s of ${SPANS_PER_REQUEST} spans to a next hop; × is with the API to without, within a pair (lowest, highest).`,
        `With the API: ${CALLS_PER_SECOND} calls/s, /status and /detect by turns, and one training after the other, ${trainings} in all.`,
        'CPU is that of the thread of the event loop, the API calls it answers included and the training in its own thread not; p99 is of whole requests as their sender sees them, who shares the processors with the training.',
        memory,
      ],
    };
  } finally {
    await killAllPrograms();
    removeTemporaryFolders();
  }
}

/** Pairs of periods, their order changing from pair to pair. */
async function measurePairs(service: BusyService, { pairs, periodSeconds }: Effort): Promise<Pair[]> {
  await service.measurePeriod(true, periodSeconds);
  const measured: Pair[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const isBusyFirst = pair % 2 === 0;
    const first = await service.measurePeriod(isBusyFirst, periodSeconds);
    const second = await service.measurePeriod(!isBusyFirst, periodSeconds);
    measured.push(isBusyFirst ? { busy: first, quiet: second } : { quiet: first, busy: second });
  }
  return measured;
}

function spanRows(pairs: readonly Pair[]): (string | number)[][] {
  const of = (kind: keyof Pair, cost: keyof Period): string => {
    return median(pairs.map((pair) => pair[kind][cost])).toFixed(2);
  };
  const ratio = (cost: keyof Period): string => {
    const values = pairs.map(({ busy, quiet }) => busy[cost] / quiet[cost]);
    return `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)}, ${Math.max(...values).toFixed(2)})`;
  };
  return [
    ['spans', REQUESTS_PER_SECOND, '', of('quiet', 'p99'), '', of('quiet', 'cpu'), ''],
    [
      'spans, API and training beside',
      REQUESTS_PER_SECOND,
      '',
      of('busy', 'p99'),
      ratio('p99'),
      of('busy', 'cpu'),
      ratio('cpu'),
    ],
  ];
}

const median = (values: readonly number[]): number => quantile(values, 0.5);
