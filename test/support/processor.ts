import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { ChildProgram, type ProgramEnd } from './child-program.ts';
import { freePorts } from './free-ports.ts';

const COMMAND = path.join(import.meta.dirname, '../../processor/bin/api-anomaly.mjs');

/** The value of a sample in the exposition format: what follows the name and its labels. */
const SAMPLE_VALUE = /^\w+(?:\{.*\})? (\S+)/;

/** Sections of the configuration file, as a user writes them. */
export type Settings = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The real service as a process of its own, with a configuration file and a data folder, which can be killed and started again. */
export class Processor {
  readonly grpcAddress: string;
  readonly httpAddress: string;
  readonly controlUrl: string;
  readonly dataFolder: string;
  program: ChildProgram | undefined;
  private readonly configFile: string;

  /** `folder`: where its configuration and data go. `settings` are laid over the ports and the data folder. */
  static async create(folder: string, settings: Settings): Promise<Processor> {
    return new Processor(folder, settings, await freePorts(3));
  }

  private constructor(folder: string, settings: Settings, [grpcPort, httpPort, controlPort]: readonly number[]) {
    this.grpcAddress = `127.0.0.1:${grpcPort}`;
    this.httpAddress = `127.0.0.1:${httpPort}`;
    this.controlUrl = `http://127.0.0.1:${controlPort}`;
    this.dataFolder = path.join(folder, 'data');
    this.configFile = path.join(folder, 'config.yaml');
    mkdirSync(folder, { recursive: true });
    const config = {
      ...settings,
      receiver: { grpc_port: grpcPort, http_port: httpPort, ...settings['receiver'] },
      store: { directory: this.dataFolder, ...settings['store'] },
      control: { port: controlPort, ...settings['control'] },
    };
    writeFileSync(this.configFile, stringify(config));
  }

  /** Starts it without waiting: for starts that are expected to fail. */
  launch(): ChildProgram {
    return new ChildProgram(process.execPath, [COMMAND, 'serve', '--config', this.configFile]);
  }

  /** Starts it and waits until it says that it is ready. */
  async start(): Promise<void> {
    const program = this.launch();
    this.program = program;
    await program.ready(() => this.isReady());
  }

  async isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.controlUrl}/ready`, { signal: AbortSignal.timeout(2000) })).ok;
    } catch {
      return false;
    }
  }

  async kill(): Promise<void> {
    await this.program?.kill();
  }

  async stop(): Promise<ProgramEnd> {
    if (this.program === undefined) throw new Error('The processor was not started.');
    return this.program.stop();
  }

  /** The Prometheus exposition text. */
  async metrics(): Promise<string> {
    return (await fetch(`${this.controlUrl}/metrics`)).text();
  }

  /** Sum over the series of one metric whose labels contain all of `labels` (as `name="value"`); 0 when there is none. */
  async metric(name: string, ...labels: readonly string[]): Promise<number> {
    const lines = (await this.metrics()).split('\n');
    return lines
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => labels.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(SAMPLE_VALUE.exec(line)?.[1]), 0);
  }
}
