/**
 * The programs of other projects that the system tests and the benchmark run: where they are, and what to do where
 * one is missing. The Go programs are built by `test/scripts/build-collector.ts` into a folder outside the checkout.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** Release of the OpenTelemetry Collector, its contrib components and telemetrygen that the tests run against. */
export const COLLECTOR_VERSION = '0.161.0';

/** Goes up when the collector gets other components, so that it is built anew. */
const COLLECTOR_BUILD = 3;

/** How each program is installed, as a command for a person. */
const INSTALL = {
  otelcol: 'node bootstrap.mjs test/scripts/build-collector.ts',
  telemetrygen: 'node bootstrap.mjs test/scripts/build-collector.ts',
  prometheus: 'apt-get install prometheus',
  promtool: 'apt-get install prometheus',
  amtool: 'apt-get install prometheus-alertmanager',
} as const;

export type ProgramName = keyof typeof INSTALL;

/**
 * Folder of the built programs: `TEST_PROGRAMS` when set, otherwise a folder by version in the user's cache, so
 * that a new release never meets an old binary.
 */
export function programsFolder(): string {
  const chosen = process.env['TEST_PROGRAMS'];
  if (chosen !== undefined && chosen !== '') return path.resolve(chosen);
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
  return path.join(cache, 'api-anomaly', `${COLLECTOR_VERSION}-${COLLECTOR_BUILD}`);
}

/** Absolute path of the program: the programs folder first, then PATH; undefined when it is in neither. */
export function findProgram(name: ProgramName): string | undefined {
  const folders = [
    programsFolder(),
    ...(process.env['PATH'] ?? '').split(path.delimiter).filter((entry) => entry !== ''),
  ];
  return folders.map((folder) => path.join(folder, name)).find(isExecutable);
}

/** Absolute path of the program. Throws with the command that installs it. */
export function programPath(name: ProgramName): string {
  const found = findProgram(name);
  if (found === undefined) throw new Error(`${name} is not installed. Install it with: ${INSTALL[name]}`);
  return found;
}

/**
 * A `describe` whose tests run the programs named. Where one is missing they are reported as skipped, with the command
 * that installs it; in CI (`CI=true`) they fail instead, so that a broken installation cannot pass.
 */
export function describeWithPrograms(title: string, names: readonly ProgramName[], tests: () => void): void {
  const missing = names.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) {
    describe(title, tests);
    return;
  }
  const remedy = [...new Set(missing.map((name) => INSTALL[name]))].join('; ');
  if (process.env['CI'] === 'true') {
    test(title, () => {
      throw new Error(`${missing.join(', ')} must be installed in CI: ${remedy}`);
    });
  } else {
    // Jest does not name the tests of a file that is skipped as a whole.
    process.stderr.write(`Skipped, ${missing.join(', ')} not found: ${title}. To run it: ${remedy}\n`);
    describe.skip(title, tests);
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
