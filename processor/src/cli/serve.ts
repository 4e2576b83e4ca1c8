/** `api-anomaly serve`: the service, until a signal stops it. */
import { Command } from 'commander';
import { FileWatch } from '../config/file-watch.ts';
import { loadConfig } from '../config/load.ts';
import { createService } from '../service.ts';
import { createLog } from '../telemetry/log.ts';

export function serveCommand(): Command {
  return new Command('serve')
    .description('Run the service: OTLP in, scored spans and metrics out.')
    .option('-c, --config <file>', 'YAML file; without it, defaults and API_ANOMALY_ environment variables')
    .action(async ({ config: file }: { config?: string }) => {
      const readConfig = () => loadConfig(file, process.env);
      const config = readConfig();
      const log = createLog({ level: config.log.level });
      const service = await createService(config, { clock: Date.now, random: Math.random, log, readConfig });
      const stopped = untilSignal();
      const reload = (): void => service.reloadConfig();
      const watch = file === undefined ? undefined : new FileWatch(file, reload);
      try {
        process.on('SIGHUP', reload);
        await service.start();
        await watch?.start();
        log.info(service.addresses(), 'listening');
        const signal = await stopped;
        log.info({ signal }, 'stopping');
      } finally {
        await watch?.stop();
        await service.stop(AbortSignal.timeout(config.stop.deadline_seconds * 1000));
      }
      log.info('stopped');
    });
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
