/** A service with a model, its control API and its span path under load, together or each alone. */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Status } from '../../processor/src/control/routes/status.ts';
import type { Job } from '../../processor/src/store/jobs.ts';
import { Processor } from '../support/processor.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { Calls } from './calls.ts';
import { type ControlCall, ControlClient } from './control-client.ts';
import { mainThreadSeconds } from './cpu-time.ts';
import { startSink } from './hop.ts';
import { peakMegabytes } from './resident-memory.ts';
import { SpanTraffic } from './span-traffic.ts';
import { TraceSender } from './trace-sender.ts';

export const CONNECTIONS = 16;
export const CALLS_PER_SECOND = 100;
export const SPANS_PER_REQUEST = 100;
export const REQUESTS_PER_SECOND = 200;
const OPERATOR = 'operator-token-of-the-benchmark';
const TRAFFIC = { spansPerRequest: SPANS_PER_REQUEST, serverShare: 0.4, secondsPerCall: 0.05, seed: 1 } as const;
const SECONDS_LATE = 23 * 3600;

export const STATUS: ControlCall = { method: 'GET', path: '/status' };
/** With one span. */
export const DETECT: ControlCall = {
  method: 'POST',
  path: '/detect',
  type: 'application/x-protobuf',
  body: new Calls(2).request([1], Date.now() / 1000 - 1, Date.now() / 1000),
};
const TRAIN: ControlCall = { method: 'POST', path: '/train', body: JSON.stringify({ source: 'window' }) };

/** How one kind of call was answered. */
export interface Speed {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly mean: number;
  readonly p99: number;
}

/** What a period of spans cost. */
export interface Period {
  /** CPU of the event loop's thread a span, microseconds. */
  readonly cpu: number;
  /** Of the requests with spans, milliseconds. */
  readonly p99: number;
}

export class BusyService {
  readonly #processor: Processor;
  readonly #spans: TraceSender;
  readonly #traffic: SpanTraffic;
  readonly #api: ControlClient;
  /** Trainings that were asked for and have ended. */
  trainings = 0;

  /** Resolves when the service has its first model, of so many SERVER spans. */
  static async start(trainingCalls: number): Promise<BusyService> {
    const processor = await Processor.create(temporaryFolder(), {
      export: { endpoint: await startSink() },
      control: { tokens: { operator: [OPERATOR] }, max_requests_per_minute: 100_000_000 },
      // One model stays in use, and no training begins but those that are asked for.
      model: {
        min_rows: trainingCalls * 0.9,
        min_entities: 20,
        min_hours: 0,
        retrain_every_hours: 0,
        promote: 'manual',
      },
    });
    await processor.start();
    const service = new BusyService(processor);
    await service.#learn(trainingCalls);
    return service;
  }

  private constructor(processor: Processor) {
    this.#processor = processor;
    this.#spans = new TraceSender(processor.grpcAddress);
    this.#api = new ControlClient(processor.controlUrl, OPERATOR, CONNECTIONS);
    this.#traffic = new SpanTraffic({ ...TRAFFIC, firstSecond: Date.now() / 1000 - SECONDS_LATE });
  }

  /** Highest resident memory so far, megabytes. */
  get peak(): number {
    return peakMegabytes(this.#pid);
  }

  /** Calls for so many seconds, on each connection the next as soon as one is answered. */
  async measureSpeed(call: ControlCall, seconds: number): Promise<Speed> {
    const times: number[] = [];
    const began = performance.now();
    const caller = async (): Promise<void> => {
      while (performance.now() < began + seconds * 1000) times.push(await this.#api.time(call));
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, caller));
    const perSecond = times.length / ((performance.now() - began) / 1000);
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    return { perSecond, mean, p99: quantile(times, 0.99) };
  }

  /** Spans for a period, with API calls and trainings beside them if it `isBusy`. */
  async measurePeriod(isBusy: boolean, seconds: number): Promise<Period> {
    const requests = seconds * REQUESTS_PER_SECOND;
    const times: number[] = [];
    const ending = new AbortController();
    const beside = isBusy ? [this.#callAtPace(seconds * CALLS_PER_SECOND), this.#trainUntil(ending.signal)] : [];
    const before = mainThreadSeconds(this.#pid);
    let used = 0;
    const spans = atPace(requests, REQUESTS_PER_SECOND, async () => {
      const began = performance.now();
      await this.#spans.request(this.#traffic.next());
      times.push(performance.now() - began);
    }).finally(() => {
      used = mainThreadSeconds(this.#pid) - before;
      ending.abort();
    });
    await Promise.all([spans, ...beside]);
    return { cpu: (used / requests / SPANS_PER_REQUEST) * 1e6, p99: quantile(times, 0.99) };
  }

  async stop(): Promise<void> {
    this.#api.close();
    await this.#spans.close();
    await this.#processor.stop();
  }

  get #pid(): number {
    return this.#processor.program!.pid;
  }

  async #learn(calls: number): Promise<void> {
    const requests = calls / TRAFFIC.serverShare / SPANS_PER_REQUEST;
    for (let request = 0; request < requests; request += 1) await this.#spans.send(this.#traffic.next());
    await this.#spans.settle();
    await this.#processor.program!.ready(async () => {
      const { model, learning } = JSON.parse(await this.#api.call(STATUS)) as Status;
      return model !== null && learning.training === null;
    }, 60_000);
  }

  async #callAtPace(calls: number): Promise<void> {
    let turn = 0;
    await atPace(calls, CALLS_PER_SECOND, async () => {
      await this.#api.call((turn += 1) % 2 === 0 ? STATUS : DETECT);
    });
  }

  /** One training after the other; the last one ends after the signal. */
  async #trainUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { id } = JSON.parse(await this.#api.call(TRAIN)) as { id: string };
      const path = `/api/v1/jobs/${id}`;
      let state = 'running';
      while (state === 'running') {
        await delay(20);
        ({ state } = JSON.parse(await this.#api.call({ method: 'GET', path })) as Pick<Job, 'state'>);
      }
      this.trainings += 1;
    }
  }
}

/** Begins `count` works, `perSecond` of them a second whether earlier ones have ended or not. Rejects as they do. */
async function atPace(count: number, perSecond: number, work: () => Promise<void>): Promise<void> {
  const began = performance.now();
  const works: Promise<void>[] = [];
  for (let index = 0; index < count; index += 1) {
    const wait = began + (index * 1000) / perSecond - performance.now();
    if (wait > 0) await delay(wait);
    const begun = work();
    begun.catch(() => undefined);
    works.push(begun);
  }
  await Promise.all(works);
}

/** The value that `share` (0..1) of the others do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * share)]!;
}
