/** A data folder that cannot be written any longer, under a service with traffic: real disks, or a limit on files. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { Processor } from '../support/processor.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { endAll } from './chain.ts';
import { exportSpans, recordCalls, sdkExporter } from './sdk-spans.ts';
import { modelVersion, QUICK_MODEL, train } from './training.ts';

const OPERATOR = 'operator-token-0123456789';
const SETTINGS = {
  ...QUICK_MODEL,
  store: { snapshot_seconds: 1 },
  control: { tokens: { operator: [OPERATOR] } },
};
const CALLS = 200;
/** Within which it must be well again, once there is space. */
const RECOVERY_MS = 60_000;

/** A way to take the space away from a running service, and to give it back. */
interface Shortage {
  begin(processor: Processor): void;
  end(processor: Processor): void;
}

const ballast = ({ dataFolder }: Processor): string => path.join(dataFolder, 'ballast');

const fullDisk: Shortage = {
  begin(processor) {
    const file = openSync(ballast(processor), 'w');
    try {
      for (let bytes = 1 << 20; bytes >= 512; bytes /= 2) writeUntilFull(file, Buffer.alloc(bytes));
    } finally {
      closeSync(file);
    }
  },
  end: (processor) => rmSync(ballast(processor)),
};

const fileLimit: Shortage = {
  begin: ({ program }) => run('prlimit', [`--pid=${program!.pid}`, '--fsize=1:unlimited']),
  end: ({ program }) => run('prlimit', [`--pid=${program!.pid}`, '--fsize=unlimited:unlimited']),
};

let processor: Processor;

beforeEach(async () => {
  processor = await Processor.create(temporaryFolder(), SETTINGS);
});
afterEach(endAll);

test('a full disk costs neither spans nor scores, is told once, and is over by itself when there is space', async () => {
  mkdirSync(processor.dataFolder);
  if (!works('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', processor.dataFolder])) return;
  try {
    await expectEndurance(fullDisk);
  } finally {
    await processor.kill();
    run('umount', [processor.dataFolder]);
  }
});

test('a limit on the size of files costs no more than a full disk', async () => {
  if (!works('prlimit', ['--fsize=1:unlimited', 'true'])) return;
  await expectEndurance(fileLimit);
});

async function expectEndurance(shortage: Shortage): Promise<void> {
  await processor.start();
  const program = processor.program!;
  const version = await train(processor);
  const exporter = sdkExporter('grpc', processor.grpcAddress);
  expect(await setSensitivity(3)).toBe(200);

  shortage.begin(processor);
  const scored = await processor.metric('api_anomaly_scored_spans_total');
  const failures = (): Promise<number> => processor.metric('api_anomaly_store_errors_total', 'operation="save_state"');
  const before = await failures();
  let sent = 0;
  // What is set is acknowledged only when it is on the disk, whose last bytes may take one or two.
  await program.ready(async () => {
    expect(await exportSpans(exporter, recordCalls(CALLS))).toBe(true);
    sent += CALLS;
    const status = await setSensitivity(3 + sent / CALLS);
    expect([200, 503]).toContain(status);
    return status === 503 && (await failures()) >= before + 3;
  }, RECOVERY_MS);
  expect(await processor.metric('api_anomaly_scored_spans_total')).toBe(scored + sent);
  expect(await modelVersion(processor)).toBe(version);
  expect(await processor.isReady()).toBe(true);
  expect(said(program.output, 'the database cannot be used; spans are scored all the same')).toBe(1);
  expect(said(program.output, 'snapshots cannot be saved; tried again at every interval, not told again')).toBe(1);

  shortage.end(processor);
  await program.ready(
    () =>
      said(program.output, 'the database can be used again') === 1 &&
      said(program.output, 'snapshots are saved again') === 1,
    RECOVERY_MS,
  );
  expect(await setSensitivity(2)).toBe(200);
  expect(await exportSpans(exporter, recordCalls(CALLS))).toBe(true);
  expect(await processor.metric('api_anomaly_scored_spans_total')).toBe(scored + sent + CALLS);
  await exporter.shutdown();
  expect(await processor.stop()).toEqual({ code: 0, signal: null });

  await processor.start();
  expect(await modelVersion(processor)).toBe(version);
  const kept = await fetch(`${processor.controlUrl}/api/v1/sensitivity`, { headers: HEADERS });
  expect(await kept.json()).toMatchObject({
    options: expect.arrayContaining([
      expect.objectContaining({ key: 'false_incidents_per_day', value: 2, source: 'settings' }),
    ]),
  });
}

const HEADERS = { authorization: `Bearer ${OPERATOR}`, 'content-type': 'application/json' };

/** Sets the budget over the control API and returns the status of the answer. */
async function setSensitivity(perDay: number): Promise<number> {
  const body = JSON.stringify({ false_incidents_per_day: perDay });
  const answer = await fetch(`${processor.controlUrl}/api/v1/sensitivity`, { method: 'PUT', headers: HEADERS, body });
  await answer.arrayBuffer();
  return answer.status;
}

/** How often a message is in the log. */
const said = (output: string, message: string): number => output.split(`"msg":"${message}"`).length - 1;

function writeUntilFull(file: number, bytes: Buffer): void {
  try {
    for (;;) writeSync(file, bytes);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' });
  }
}

function run(command: string, args: string[]): void {
  execFileSync(command, args, { stdio: 'ignore' });
}

/** Whether a command of the system works here; without it the test says so and passes. */
function works(command: string, args: string[]): boolean {
  try {
    run(command, args);
    return true;
  } catch {
    process.stderr.write(`skipped: ${command} ${args.join(' ')} is not permitted here\n`);
    return false;
  }
}
