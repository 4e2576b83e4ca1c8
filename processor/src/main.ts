/** Process edge: arguments in, exit code out. 0 success, 1 a failed run, 2 bad usage or configuration. */
import { setFlagsFromString } from 'node:v8';
import { Command, CommanderError } from 'commander';
import { ConfigError } from './config/load.ts';
import { type ErrorCode, ServiceError } from './errors.ts';

// Buffers of requests live outside the heap and die young. By default V8 marks the whole heap for every 64 MiB of them, which
// costs more than the work itself; counted as part of the heap they are collected when they have grown by a fraction of it.
// A young generation that stays small is collected often and cheaply, and their memory with it.
for (const flag of [
  'external-memory-accounted-in-global-limit',
  'heap-growing-percent=12',
  'semi-space-growth-factor=1',
]) {
  setFlagsFromString(`--${flag}`);
}

/** One file a command, loaded when it is asked for: the service need not hold the simulator in memory. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./cli/serve.ts')).serveCommand(),
  demo: async () => (await import('./cli/demo.ts')).demoCommand(),
  train: async () => (await import('./cli/train.ts')).trainCommand(),
  detect: async () => (await import('./cli/detect.ts')).detectCommand(),
  evaluate: async () => (await import('./cli/evaluate.ts')).evaluateCommand(),
  simulate: async () => (await import('./cli/simulate.ts')).simulateCommand(),
  config: async () => (await import('./cli/config.ts')).configCommand(),
};

const program = new Command('api-anomaly')
  .description('API anomaly detection for teams already on OpenTelemetry.')
  .exitOverride();
const [, , asked = ''] = process.argv;
for (const name of Object.hasOwn(COMMANDS, asked) ? [asked] : Object.keys(COMMANDS)) {
  program.addCommand((await COMMANDS[name]!()).exitOverride());
}

/** Errors of parts that find a configuration wrong which is valid by itself. */
const BAD_CONFIG: ReadonlySet<ErrorCode> = new Set(['config_invalid_value', 'plaintext_not_allowed']);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  // Commander has printed what was wrong with the usage, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const isExplained = error instanceof ServiceError || error instanceof ConfigError;
  process.stderr.write(`${isExplained ? error.message : ((error as Error).stack ?? String(error))}\n`);
  return error instanceof ConfigError || (error instanceof ServiceError && BAD_CONFIG.has(error.code)) ? 2 : 1;
}
