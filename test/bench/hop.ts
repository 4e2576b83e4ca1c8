import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { ChildProgram } from '../support/child-program.ts';
import { freePorts } from '../support/free-ports.ts';
import { findProgram } from '../support/programs.ts';
import { cpuSeconds } from './cpu-time.ts';
import { SpanTraffic, type TrafficOptions } from './span-traffic.ts';

const EXPORT = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const HERE = import.meta.dirname;
/** Requests under way at a time; a collector's exporter has up to ten. */
const CONCURRENCY = 8;
const SPANS_BETWEEN_LOOKS = 8000;
const TIMEOUT_MS = 60_000;

/** A process that takes OTLP/gRPC in and hands it on, under measurement. */
export class Hop {
  readonly name: string;
  private readonly program: ChildProgram;
  private readonly client: Client;
  private readonly traffic: SpanTraffic;
  /** Spans acknowledged so far. */
  sentSpans = 0;

  /** `options`: the traffic it gets; each hop has its own stream, and equal options make equal streams. */
  constructor(name: string, address: string, program: ChildProgram, options: TrafficOptions) {
    this.name = name;
    this.program = program;
    this.traffic = new SpanTraffic(options);
    this.client = new Client(address, credentials.createInsecure(), { 'grpc.max_send_message_length': 64 << 20 });
  }

  /**
   * CPU seconds a span, over as much traffic as keeps the hop's process busy for `busySeconds`. Rejects if a request is
   * refused.
   */
  async measure(busySeconds: number): Promise<number> {
    const requests = Math.ceil(SPANS_BETWEEN_LOOKS / this.traffic.spansPerRequest);
    const before = this.cpuSeconds();
    let spans = 0;
    let used = 0;
    while (used < busySeconds) {
      await this.send(requests);
      spans += requests * this.traffic.spansPerRequest;
      used = this.cpuSeconds() - before;
    }
    return used / spans;
  }

  async send(requests: number): Promise<void> {
    let left = requests;
    const sender = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await this.request(this.traffic.next());
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, sender));
    this.sentSpans += requests * this.traffic.spansPerRequest;
  }

  close(): void {
    this.client.close();
  }

  private cpuSeconds(): number {
    this.program.assertRunning();
    return cpuSeconds(this.program.pid);
  }

  private request(body: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + TIMEOUT_MS;
      this.client.makeUnaryRequest(EXPORT, asIs, asIs, body, new Metadata(), { deadline }, (error) => {
        if (error === null) resolve();
        else reject(new Error(`${this.name}: ${error.message}\n${this.program.output.slice(-2000)}`));
      });
    });
  }
}

/** Starts the process that acknowledges everything and is not measured; returns its address. */
export async function startSink(): Promise<string> {
  const { address } = await startGrpcHop([]);
  return address;
}

/** Starts the bare grpc-js relay before `next`. */
export async function startRelay(name: string, next: string, traffic: TrafficOptions): Promise<Hop> {
  const { address, program } = await startGrpcHop([next]);
  return new Hop(name, address, program, traffic);
}

/** Starts a collector as a hop before `next`. `overlays`: configs laid over `collector-hop.yaml`, in this folder. */
export async function startCollectorHop(
  name: string,
  next: string,
  traffic: TrafficOptions,
  overlays: readonly string[] = [],
): Promise<Hop> {
  const [port] = (await freePorts(1)) as [number];
  const configs = ['collector-hop.yaml', ...overlays].flatMap((file) => ['--config', path.join(HERE, file)]);
  const program = new ChildProgram(findProgram('otelcol') ?? 'otelcol', configs, {
    HOP_PORT: String(port),
    HOP_NEXT: next,
  });
  await program.ready(() => program.output.includes('Everything is ready'));
  return new Hop(name, `127.0.0.1:${port}`, program, traffic);
}

/** Whether the installed collector has the component built in, such as the processor `isolationforest`. */
export function collectorHas(component: string): boolean {
  const collector = findProgram('otelcol');
  if (collector === undefined) return false;
  const { stdout } = spawnSync(collector, ['components'], { encoding: 'utf8' });
  return new RegExp(String.raw`^\s*- name: ${component}$`, 'm').test(stdout);
}

async function startGrpcHop(args: readonly string[]): Promise<{ address: string; program: ChildProgram }> {
  const [port] = (await freePorts(1)) as [number];
  const program = new ChildProgram(process.execPath, [path.join(HERE, 'grpc-hop.ts'), String(port), ...args]);
  await program.ready(() => program.output.includes('ready'));
  return { address: `127.0.0.1:${port}`, program };
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}
