/** `config check|print|schema`: validates, shows the effective configuration, prints its JSON Schema. */
import { Command } from 'commander';
import { stringify } from 'yaml';
import { ConfigError, loadConfig } from '../config/load.ts';
import { maskSecrets } from '../config/print.ts';
import { configJsonSchema, type Config } from '../config/schema.ts';

/** Exit code of bad usage and bad configuration. */
const BAD_CONFIG = 2;

interface Options {
  readonly config?: string;
  readonly json?: boolean;
}

export function configCommand(): Command {
  // Set before the subcommands are made, which inherit it: bad usage is thrown to main.ts, which knows the exit codes.
  const command = new Command('config').description('Check and show the configuration.').exitOverride();
  command
    .command('check')
    .description('Say whether the configuration can be used, with every mistake in it; exit code 2 if it cannot.')
    .option('-c, --config <file>', 'YAML file; without it only defaults and environment count')
    .option('--json', 'for machines: {"valid", "mistakes"}')
    .action((options: Options) => check(options));
  command
    .command('print')
    .description('Print the effective configuration, secrets masked.')
    .option('-c, --config <file>', 'YAML file; without it only defaults and environment count')
    .option('--json', 'JSON instead of YAML')
    .action((options: Options) => print(options));
  command
    .command('schema')
    .description('Print the JSON Schema of the configuration file.')
    .option('--json', 'accepted for symmetry: the schema is JSON anyway')
    .action(() => writeJson(configJsonSchema));
  return command;
}

function check({ config: file, json = false }: Options): void {
  const { mistakes } = read(file);
  if (json) {
    writeJson({ valid: mistakes.length === 0, mistakes: mistakes.map(({ code, message }) => ({ code, message })) });
  } else if (mistakes.length === 0) {
    process.stdout.write('The configuration is valid.\n');
  } else {
    process.stderr.write(`${mistakes.map(({ message }) => message).join('\n')}\n`);
  }
}

function print({ config: file, json = false }: Options): void {
  const { config, mistakes } = read(file);
  if (config === undefined) {
    process.stderr.write(`${mistakes.map(({ message }) => message).join('\n')}\n`);
    return;
  }
  const shown = maskSecrets(config);
  if (json) writeJson(shown);
  else process.stdout.write(stringify(shown));
}

/** Sets the exit code when the configuration cannot be used. */
function read(file: string | undefined): { config?: Config; mistakes: ConfigError['mistakes'] } {
  try {
    return { config: loadConfig(file, process.env), mistakes: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.exitCode = BAD_CONFIG;
    return { mistakes: error.mistakes };
  }
}

function writeJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
