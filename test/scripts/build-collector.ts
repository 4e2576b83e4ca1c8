/**
 * Builds the OpenTelemetry Collector and telemetrygen from their Go modules, of the release pinned in
 * `test/support/programs.ts`, into the programs folder outside the checkout. Does nothing when they are there already.
 *
 * Usage: node bootstrap.mjs test/scripts/build-collector.ts
 * Needs Go and a module proxy, and takes some minutes on two cores; it runs at low priority.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { COLLECTOR_VERSION, programsFolder } from '../support/programs.ts';

const CORE = 'go.opentelemetry.io/collector';
const CONTRIB = 'github.com/open-telemetry/opentelemetry-collector-contrib';

const COMPONENTS = {
  receivers: [`${CORE}/receiver/otlpreceiver`],
  processors: [
    `${CORE}/processor/batchprocessor`,
    `${CORE}/processor/memorylimiterprocessor`,
    `${CONTRIB}/processor/tailsamplingprocessor`,
  ],
  connectors: [`${CONTRIB}/connector/spanmetricsconnector`],
  exporters: [
    `${CORE}/exporter/otlpexporter`,
    `${CORE}/exporter/otlphttpexporter`,
    `${CORE}/exporter/debugexporter`,
    `${CONTRIB}/exporter/fileexporter`,
    `${CONTRIB}/exporter/loadbalancingexporter`,
  ],
  extensions: [`${CONTRIB}/extension/storage/filestorage`, `${CONTRIB}/extension/healthcheckextension`],
};

/**
 * Of the load balancing exporter's resolver of AWS Cloud Map, which nothing here uses: not every module proxy serves the
 * version it asks for.
 */
const SERVED_SERVICE_DISCOVERY = 'github.com/aws/aws-sdk-go-v2/service/servicediscovery v1.43.0';

/** Only the benchmark compares with it, and not every module proxy serves it: the collector is built without it then. */
const OPTIONAL_PROCESSOR = `${CONTRIB}/processor/isolationforestprocessor`;

const folder = programsFolder();
const work = mkdtempSync(path.join(tmpdir(), 'build-collector-'));
try {
  mkdirSync(folder, { recursive: true });
  buildOnce('telemetrygen', buildTelemetrygen);
  buildOnce('otelcol', buildCollector);
  process.stdout.write(`Programs in ${folder}: otelcol, telemetrygen ${COLLECTOR_VERSION}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** Builds into the work folder and moves the finished binary, so that an interrupted build leaves none behind. */
function buildOnce(name: string, build: () => string): void {
  const target = path.join(folder, name);
  if (existsSync(target)) return;
  process.stdout.write(`Building ${name} ${COLLECTOR_VERSION} …\n`);
  const built = build();
  // The work folder may be on another file system: copy beside the target first, then rename.
  run('cp', [built, `${target}.new`]);
  renameSync(`${target}.new`, target);
}

function buildTelemetrygen(): string {
  goInstall(`${CONTRIB}/cmd/telemetrygen@v${COLLECTOR_VERSION}`);
  return path.join(work, 'telemetrygen');
}

function buildCollector(): string {
  goInstall(`${CORE}/cmd/builder@v${COLLECTOR_VERSION}`);
  const processors = [...COMPONENTS.processors];
  if (isServed(OPTIONAL_PROCESSOR)) {
    processors.push(OPTIONAL_PROCESSOR);
  } else {
    process.stdout.write(`The module proxy does not serve ${OPTIONAL_PROCESSOR}: building without it.\n`);
  }
  const output = path.join(work, 'collector');
  const manifest = path.join(work, 'manifest.json');
  const distribution = { name: 'otelcol', version: COLLECTOR_VERSION, output_path: output, module: 'otelcol' };
  const replaces = [`${SERVED_SERVICE_DISCOVERY.split(' ')[0]} => ${SERVED_SERVICE_DISCOVERY}`];
  writeFileSync(manifest, JSON.stringify({ dist: distribution, ...modules({ ...COMPONENTS, processors }), replaces }));
  run(path.join(work, 'builder'), ['--config', manifest]);
  return path.join(output, 'otelcol');
}

/** The builder's form of the component lists: each module at the pinned version. */
function modules(components: Record<string, string[]>): Record<string, { gomod: string }[]> {
  return Object.fromEntries(Object.entries(components).map(([kind, list]) => [kind, list.map(pinned)]));
}

function pinned(module: string): { gomod: string } {
  return { gomod: `${module} v${COLLECTOR_VERSION}` };
}

function goInstall(module: string): void {
  run('go', ['install', module]);
}

function isServed(module: string): boolean {
  const answer = spawnSync('go', ['list', '-m', `${module}@v${COLLECTOR_VERSION}`], { cwd: work, stdio: 'ignore' });
  return answer.status === 0;
}

/** Runs a build step at low priority on all but spare memory: two packages compile at a time. */
function run(command: string, args: string[]): void {
  const { status, error } = spawnSync('nice', ['-n', '10', command, ...args], {
    cwd: work,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      GOBIN: work,
      GOFLAGS: `${process.env['GOFLAGS'] ?? ''} -p=2 -trimpath`.trim(),
      CGO_ENABLED: '0',
    },
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} exited with ${status}. Is Go ≥ 1.25 installed?`);
}
