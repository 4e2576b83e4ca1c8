import { type Config, configSchema } from '../../processor/src/config/schema.ts';
import { encodeRequest } from '../../processor/src/otlp/request-writer.ts';
import { createService, type Edges, type Service } from '../../processor/src/service.ts';
import type { SimulatedSpan } from '../../processor/src/simulation/span.ts';
import { batchesOf, toResourceSpans } from '../../processor/src/simulation/trace-batch.ts';
import { createLog } from '../../processor/src/telemetry/log.ts';
import { seededRandom } from '../support/otlp-samples.ts';
import { TOKENS } from './control/control-server.ts';
import { ask, bearer } from './control/http-ask.ts';
import { type NextHopServer, startNextHop } from './exporter/next-hop-server.ts';
import { type GrpcAnswer, GrpcSender } from './receiver/grpc-sender.ts';
import { HttpSender } from './receiver/http-sender.ts';

/** Sections of the configuration, as a user writes them. */
export type Settings = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const SPANS_PER_REQUEST = 500;
/** Value of a sample in the exposition format: what follows the name and its labels. */
const SAMPLE_VALUE = /^\w+(?:\{.*\})? (\S+)/;

/** The service in this process, with real senders before and a real next hop behind it. */
export class RunningService {
  readonly service: Service;
  readonly nextHop: NextHopServer;
  readonly grpc: GrpcSender;
  readonly http: HttpSender;
  readonly log: readonly Readonly<Record<string, unknown>>[];
  /** What the configuration file would hold when it is read again. */
  settings: Settings;
  readonly #control: string;

  /** `folder`: the data folder. `settings` are laid over free ports; without `export` everything goes to `nextHop`. */
  static async start(
    folder: string,
    settings: Settings = {},
    clock: Edges['clock'] = Date.now,
  ): Promise<RunningService> {
    const nextHop = await startNextHop();
    const log: Record<string, unknown>[] = [];
    const destination = { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) };
    const configOf = (given: Settings): Config =>
      configSchema.parse({
        export: { endpoint: `127.0.0.1:${nextHop.port}` },
        store: { directory: folder },
        ...given,
        receiver: { grpc_port: 0, http_port: 0, ...given['receiver'] },
        control: { port: 0, ...given['control'] },
      });
    let running: RunningService | undefined;
    const readConfig = (): Config => configOf(running?.settings ?? settings);
    const edges = { clock, random: seededRandom(1), log: createLog({ level: 'info', destination }), readConfig };
    try {
      const service = await createService(readConfig(), edges);
      try {
        await service.start();
      } catch (error) {
        await service.stop(AbortSignal.abort());
        throw error;
      }
      running = new RunningService(service, nextHop, log, settings);
      return running;
    } catch (error) {
      nextHop.stop();
      throw error;
    }
  }

  private constructor(service: Service, nextHop: NextHopServer, log: RunningService['log'], settings: Settings) {
    this.settings = settings;
    const { grpc, http, control } = service.addresses();
    this.#control = control;
    this.service = service;
    this.nextHop = nextHop;
    this.log = log;
    this.grpc = new GrpcSender(portOf(grpc));
    this.http = new HttpSender(portOf(http));
  }

  /** Sends a body over gRPC; rejects unless it is acknowledged. */
  async send(body: Buffer): Promise<void> {
    const { error }: GrpcAnswer = await this.grpc.send(body);
    if (error !== undefined) throw error;
  }

  /** Sends simulated spans whose times are moved by `shiftMs`. */
  async sendSpans(spans: Iterable<SimulatedSpan>, shiftMs: number): Promise<void> {
    for (const batch of batchesOf(spans, SPANS_PER_REQUEST)) {
      await this.send(encodeRequest(toResourceSpans(batch, { shiftMs })));
    }
  }

  async get(path: string): Promise<{ status: number; text: string }> {
    const response = await fetch(`http://${this.#control}${path}`);
    return { status: response.status, text: await response.text() };
  }

  /** A call of the control API, under its prefix, with an admin's token of `TOKENS`. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- says what the answer is
  async call<Answer>(method: string, path: string, body?: unknown): Promise<{ status: number; answer: Answer }> {
    const { status, body: text } = await ask(portOf(this.#control), {
      method,
      path: `/api/v1${path}`,
      headers: { ...bearer(TOKENS.admin), ...(body !== undefined && { 'content-type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status, answer: (text.length === 0 ? undefined : JSON.parse(text.toString())) as Answer };
  }

  /** The rows of the first page of a list. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- says what the answer is
  async rows<Row>(path: string): Promise<Row[]> {
    return (await this.call<{ items: Row[] }>('GET', path)).answer.items;
  }

  /** The rows of a list as soon as `condition` holds for them, within twenty seconds; there are some by default. */
  async rowsOnce<Row>(path: string, condition = (rows: readonly Row[]): boolean => rows.length > 0): Promise<Row[]> {
    for (let tries = 0; tries < 200; tries++) {
      const rows = await this.rows<Row>(path);
      if (condition(rows)) return rows;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`Waited in vain for ${condition.toString()} of ${path}`);
  }

  /** Sum over the series of a metric whose labels contain all of `labels` (as `name="value"`); NaN when there is none. */
  async metric(name: string, ...labels: readonly string[]): Promise<number> {
    const { text } = await this.get('/metrics');
    const values = text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => labels.every((label) => line.includes(label)))
      .map((line) => Number(SAMPLE_VALUE.exec(line)?.[1]));
    return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0);
  }

  /** Stops it as a signal would. */
  async stop(): Promise<void> {
    this.grpc.close();
    this.http.close();
    await this.service.stop(AbortSignal.timeout(10_000));
    this.nextHop.stop();
  }
}

const portOf = (address: string): number => Number(address.split(':').at(-1));
