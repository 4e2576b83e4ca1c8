import path from 'node:path';
import { ChildProgram } from '../support/child-program.ts';
import { programPath } from '../support/programs.ts';

/** What the collector logs once every receiver listens. */
const READY = 'Everything is ready';

/** A real OpenTelemetry Collector with a fixed configuration, which can be killed and started again. */
export class Collector {
  program: ChildProgram | undefined;
  private readonly args: string[];
  private readonly environment: Readonly<Record<string, string>>;

  /** `configs`: files laid over one another. `environment`: the variables that they name. */
  constructor(configs: readonly string[], environment: Readonly<Record<string, string>>) {
    this.args = configs.flatMap((config) => ['--config', config]);
    this.environment = environment;
  }

  async start(): Promise<void> {
    const program = new ChildProgram(programPath('otelcol'), this.args, this.environment);
    this.program = program;
    await program.ready(() => program.output.includes(READY));
  }

  async kill(): Promise<void> {
    await this.program?.kill();
  }

  async stop(): Promise<void> {
    await this.program?.stop();
  }
}

/** Absolute path of a config that users get. */
export function shippedConfig(name: string): string {
  return path.join(import.meta.dirname, '../../deploy/collector', name);
}
