/** `api-anomaly serve`: the service, until a signal stops it. */
import { flushCompileCache } from 'node:module';
import { Command } from 'commander';
import { pino } from 'pino';
import { FileWatch } from '../config/file-watch.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { createService, type Edges } from '../service.ts';
import { createLog } from '../telemetry/log.ts';
import { LogFile } from '../telemetry/log-file.ts';

export function serveCommand(): Command {
  return new Command('serve')
    .description('Run the service: OTLP in, scored spans and metrics out.')
    .option('-c, --config <file>', 'YAML file; without it, defaults and API_ANOMALY_ environment variables')
    .action(async ({ config: file }: { config?: string }) => {
      const readConfig = () => loadConfig(file, process.env);
      const config = readConfig();
      const logFile = logFileOf(config);
      await logFile?.start();
      const log = createLog({ level: config.log.level, ...(logFile !== undefined && { destination: logFile }) });
      try {
        await serve(config, { log, readConfig }, file);
      } finally {
        await logFile?.stop(AbortSignal.timeout(LOG_STOP_MS));
      }
    });
}

/** Time for the last lines to reach the disk. */
const LOG_STOP_MS = 5000;

function logFileOf({ log }: Config): LogFile | undefined {
  if (log.file === '') return undefined;
  const fallback = pino.destination(1);
  return new LogFile({ file: log.file, maxBytes: log.max_bytes, maxFiles: log.max_files, fallback });
}

/** Runs until a signal stops it. */
async function serve(
  config: Config,
  edges: Pick<Edges, 'log' | 'readConfig'>,
  file: string | undefined,
): Promise<void> {
  const { log } = edges;
  const service = await createService(config, { clock: Date.now, random: Math.random, ...edges });
  const stopped = untilSignal();
  const reload = (): void => service.reloadConfig();
  const watches = configFiles(config, file).map((watched) => new FileWatch(watched, reload));
  try {
    process.on('SIGHUP', reload);
    await service.start();
    for (const watch of watches) await watch.start();
    log.info(service.addresses(), 'listening');
    // What was compiled for this start is there for the next one, however this process ends.
    flushCompileCache();
    const signal = await stopped;
    log.info({ signal }, 'stopping');
  } finally {
    for (const watch of watches) await watch.stop();
    await service.stop(AbortSignal.timeout(config.stop.deadline_seconds * 1000));
  }
  log.info('stopped');
}

/** What the configuration is read from beside the environment: the file, and those it names for headers. */
function configFiles({ export: hop, metrics }: Config, file = ''): string[] {
  return [file, hop.headers_file, metrics.otlp.headers_file].filter((name) => name !== '');
}

/** The first signal asks for a graceful stop; the second one ends the process at once. */
function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1));
        resolve(signal);
      });
    }
  });
}
