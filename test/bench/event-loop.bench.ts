/**
 * What a training adds to the delay of the service's event loop: a period in which it trains against one of the same
 * length in which it does not, in pairs, their order changing from pair to pair. Both get one small request and nothing else.
 */
import { setTimeout as delay } from 'node:timers/promises';
import path from 'node:path';
import { ChildProgram, killAllPrograms } from '../support/child-program.ts';
import { freePorts } from '../support/free-ports.ts';
import { removeTemporaryFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { Calls } from './calls.ts';
import type { BenchSection } from './section.ts';
import { TraceSender } from './trace-sender.ts';

const PROBE = path.join(import.meta.dirname, 'event-loop-probe.ts');
const CALLS_PER_REQUEST = 500;
/** Simulated seconds between two trainings, and before the next one that a pair's calls end. */
const TRAINING_SECONDS = 1800;
const MARGIN_SECONDS = 400;
const LONGEST_TRAINING_MS = 120_000;
/** Everything the request set off, but the training, is over by then. */
const REST_MS = 300;

/** How much the service has to train on, and how often it is watched. */
interface Effort {
  readonly pairs: number;
  readonly users: number;
  /** Calls before the first pair, and before each. */
  readonly firstCalls: number;
  readonly calls: number;
}

const FULL: Effort = { pairs: 8, users: 10_000, firstCalls: 100_000, calls: 20_000 };
const QUICK: Effort = { pairs: 1, users: 500, firstCalls: 6000, calls: 1000 };

/** Milliseconds. */
interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const STATISTICS = ['p50', 'p99', 'max'] as const;

interface Pair {
  readonly training: LoopDelay;
  readonly idle: LoopDelay;
}

/** Measures the pairs; `quick`: one, on little data, to see that it works. */
export async function benchEventLoop({ quick }: { quick: boolean }): Promise<BenchSection> {
  const effort = quick ? QUICK : FULL;
  try {
    const service = await WatchedService.start(effort);
    const pairs: Pair[] = [];
    for (let pair = 0; pair < effort.pairs; pair += 1) pairs.push(await service.measurePair(pair % 2 === 1));
    await service.stop();
    return {
      title: 'Delay of the event loop while a training runs',
      columns: ['delay, ms', 'training', 'idle', 'difference within a pair (lowest, highest)'],
      rows: STATISTICS.map((statistic) => rowOf(statistic, pairs)),
      notes: [
        `Medians of ${effort.pairs} pairs; ${effort.users} users; trainings of ${service.shortestTraining.toFixed(1)} to ${service.longestTraining.toFixed(1)} s, in the service's own process.`,
        'A pair shows the machine too: a delay of both periods is its doing.',
      ],
    };
  } finally {
    await killAllPrograms();
    removeTemporaryFolders();
  }
}

function rowOf(statistic: keyof LoopDelay, pairs: readonly Pair[]): string[] {
  const differences = pairs.map(({ training, idle }) => training[statistic] - idle[statistic]);
  return [
    statistic,
    median(pairs.map(({ training }) => training[statistic])).toFixed(2),
    median(pairs.map(({ idle }) => idle[statistic])).toFixed(2),
    `${median(differences).toFixed(2)} (${Math.min(...differences).toFixed(2)}, ${Math.max(...differences).toFixed(2)})`,
  ];
}

/** The service under the probe, fed with calls whose time is simulated. */
class WatchedService {
  readonly #program: ChildProgram;
  readonly #sender: TraceSender;
  readonly #calls = new Calls(1);
  readonly #effort: Effort;
  readonly #durations: number[] = [];
  #clockSeconds: number;
  #nextUser = 0;

  /** Resolves when the service has its first model. */
  static async start(effort: Effort): Promise<WatchedService> {
    const [grpcPort, httpPort, controlPort] = (await freePorts(3)) as [number, number, number];
    const program = new ChildProgram(process.execPath, [PROBE, 'serve'], {
      API_ANOMALY_RECEIVER__GRPC_PORT: String(grpcPort),
      API_ANOMALY_RECEIVER__HTTP_PORT: String(httpPort),
      API_ANOMALY_CONTROL__PORT: String(controlPort),
      API_ANOMALY_STORE__DIRECTORY: temporaryFolder(),
      // The snapshot's own work must not fall into either period.
      API_ANOMALY_STORE__SNAPSHOT_SECONDS: '86400',
      API_ANOMALY_MODEL__MIN_ROWS: String(effort.firstCalls),
      API_ANOMALY_MODEL__RETRAIN_EVERY_HOURS: String(TRAINING_SECONDS / 3600),
    });
    await program.ready(() => program.output.includes('"msg":"listening"'));
    const service = new WatchedService(program, new TraceSender(`127.0.0.1:${grpcPort}`), effort);
    await service.#send(effort.firstCalls, 2 * 3600);
    await service.#trained(0);
    return service;
  }

  private constructor(program: ChildProgram, sender: TraceSender, effort: Effort) {
    this.#program = program;
    this.#sender = sender;
    this.#effort = effort;
    // So late that all pairs fit in before now, and the service takes nothing later.
    this.#clockSeconds = Date.now() / 1000 - 23 * 3600;
  }

  get shortestTraining(): number {
    return Math.min(...this.#durations);
  }

  get longestTraining(): number {
    return Math.max(...this.#durations);
  }

  /** A period with a training and one without, which comes first if `idleFirst`; then both have the same length. */
  async measurePair(idleFirst: boolean): Promise<Pair> {
    await this.#send(this.#effort.calls, TRAINING_SECONDS - MARGIN_SECONDS);
    const before = idleFirst ? await this.#measureIdle() : undefined;
    const training = await this.#measureTraining();
    return { training, idle: before ?? (await this.#measureIdle()) };
  }

  async stop(): Promise<void> {
    await this.#sender.close();
    await this.#program.stop();
  }

  /** A period as long as the latest training. */
  async #measureIdle(): Promise<LoopDelay> {
    await this.#delaySoFar();
    await this.#send(1, 1);
    await delay(this.#durations.at(-1)! * 1000 + REST_MS);
    return this.#delaySoFar();
  }

  async #measureTraining(): Promise<LoopDelay> {
    const trainings = this.#durations.length;
    await this.#delaySoFar();
    await this.#send(1, MARGIN_SECONDS);
    await this.#trained(trainings);
    await delay(REST_MS);
    return this.#delaySoFar();
  }

  /** Sends calls of the users in turn over so many seconds of simulated time, the last one at their end. */
  async #send(calls: number, seconds: number): Promise<void> {
    const { users } = this.#effort;
    const until = this.#clockSeconds + seconds;
    for (let sent = 0; sent < calls; sent += CALLS_PER_REQUEST) {
      const size = Math.min(CALLS_PER_REQUEST, calls - sent);
      const callers = Array.from({ length: size }, () => this.#nextUser++ % users);
      const from = until - (seconds * (calls - sent - 1)) / calls;
      await this.#sender.send(this.#calls.request(callers, from, from + (seconds * size) / calls));
    }
    await this.#sender.settle();
    this.#clockSeconds = until;
  }

  /** Waits for the end of the training after the first `trainings`. */
  async #trained(trainings: number): Promise<void> {
    await this.#program.ready(() => this.#trainingsEnded().length > trainings, LONGEST_TRAINING_MS);
    this.#durations.push(this.#trainingsEnded()[trainings]!);
  }

  /** Seconds each training took, from the log. */
  #trainingsEnded(): number[] {
    return Array.from(this.#program.output.matchAll(/"seconds":([\d.]+),.*"msg":"training ended"/g), ([, seconds]) =>
      Number(seconds),
    );
  }

  async #delaySoFar(): Promise<LoopDelay> {
    const heard = (): string[] =>
      Array.from(this.#program.output.matchAll(/^event loop delay (.*)$/gm), ([, json]) => json!);
    const before = heard().length;
    this.#program.signal('SIGUSR2');
    await this.#program.ready(() => heard().length > before);
    return JSON.parse(heard()[before]!) as LoopDelay;
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
