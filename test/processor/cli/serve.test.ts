import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ChildProgram, killAllPrograms } from '../../support/child-program.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';
import { startNextHop } from '../exporter/next-hop-server.ts';
import { calls, request } from '../pipeline/requests.ts';
import { GrpcSender } from '../receiver/grpc-sender.ts';

const MAIN = path.join(import.meta.dirname, '../../../processor/src/main.ts');

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** `serve` on free ports with a data folder of its own, configured by the environment and, where given, a file. */
class Served {
  readonly folder = path.join(temporaryFolder(), 'data');
  readonly program: ChildProgram;

  constructor(environment: Readonly<Record<string, string>> = {}, configFile?: string) {
    const options = configFile === undefined ? [] : ['--config', configFile];
    this.program = new ChildProgram(process.execPath, [MAIN, 'serve', ...options], {
      API_ANOMALY_RECEIVER__GRPC_PORT: '0',
      API_ANOMALY_RECEIVER__HTTP_PORT: '0',
      API_ANOMALY_CONTROL__PORT: '0',
      API_ANOMALY_STORE__DIRECTORY: this.folder,
      ...environment,
    });
  }

  /** The lines of the log so far, which is all that is on standard output. */
  get log(): LogLine[] {
    const lines = this.program.standardOutput.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  line(message: string): LogLine | undefined {
    return this.program.standardOutput.includes(`"${message}"`)
      ? this.log.find(({ msg }) => msg === message)
      : undefined;
  }

  async listening(): Promise<LogLine> {
    await this.program.ready(() => this.line('listening') !== undefined);
    return this.line('listening')!;
  }
}

afterEach(async () => {
  await killAllPrograms();
  removeTemporaryFolders();
});

describe('serve', () => {
  test('needs no configuration file, says in its log where it listens, and is ready', async () => {
    const served = new Served();
    const { grpc, http, control } = await served.listening();
    for (const address of [grpc, http, control]) expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect((await fetch(`http://${String(control)}/ready`)).status).toBe(200);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s stops it in good order: exit code 0, the state is kept',
    async (signal) => {
      const served = new Served();
      await served.listening();
      served.program.signal(signal);
      expect(await served.program.ended).toEqual({ code: 0, signal: null });
      expect(served.log.map(({ msg }) => msg).slice(-3)).toEqual(['listening', 'stopping', 'stopped']);
      expect(served.line('stopping')).toMatchObject({ signal });
      expect([existsSync(path.join(served.folder, 'state')), existsSync(path.join(served.folder, 'lock'))]).toEqual([
        true,
        false,
      ]);
    },
  );

  test('reads its configuration again when the file changes, and keeps the old one where that has a mistake', async () => {
    const file = path.join(temporaryFolder(), 'config.yaml');
    writeFileSync(file, 'sensitivity: { top_users: 1 }');
    const served = new Served({}, file);
    await served.listening();
    writeFileSync(file, 'sensitivity: { top_users: -1 }');
    const refused = 'the configuration is not used; the one before stays';
    await served.program.ready(() => served.line(refused) !== undefined);
    expect(served.line(refused)).toMatchObject({
      mistakes: ['sensitivity.top_users is -1; use an integer from 0 to 200.'],
    });
    writeFileSync(file, 'sensitivity: { top_users: 2 }');
    const inUse = 'configuration read again and in use';
    await served.program.ready(() => served.line(inUse) !== undefined);
    expect(served.line(inUse)).toMatchObject({ changed: ['sensitivity.top_users'] });
  });

  test('takes up headers from a file of their own when that changes', async () => {
    const nextHop = await startNextHop();
    const file = path.join(temporaryFolder(), 'headers.yaml');
    writeFileSync(file, 'authorization: Bearer one');
    const served = new Served({
      API_ANOMALY_EXPORT__ENDPOINT: `127.0.0.1:${nextHop.port}`,
      API_ANOMALY_EXPORT__HEADERS_FILE: file,
    });
    const { grpc } = await served.listening();
    const sender = new GrpcSender(Number(String(grpc).split(':')[1]));
    await sender.send(request(calls(1)));
    writeFileSync(file, 'authorization: Bearer two');
    await served.program.ready(() => served.line('configuration read again and in use') !== undefined);
    await sender.send(request(calls(1, 1)));
    expect(nextHop.received.map(({ metadata }) => metadata.get('authorization'))).toEqual([
      ['Bearer one'],
      ['Bearer two'],
    ]);
    expect(served.line('configuration read again and in use')).toMatchObject({ changed: ['export.headers'] });
    expect(served.program.output).not.toContain('Bearer');
    sender.close();
    nextHop.stop();
  });

  test('SIGHUP reads the configuration again and ends nothing, also where there is no file', async () => {
    const served = new Served();
    const { control } = await served.listening();
    served.program.signal('SIGHUP');
    await served.program.ready(() => served.line('configuration read again and in use') !== undefined);
    expect((await fetch(`http://${String(control)}/ready`)).status).toBe(200);
  });

  test('with a log file writes its log there, to the last line', async () => {
    const file = path.join(temporaryFolder(), 'logs/service.log');
    const served = new Served({ API_ANOMALY_LOG__FILE: file });
    const messages = (): string[] => {
      if (!existsSync(file)) return [];
      const lines = readFileSync(file, 'utf8').trim().split('\n');
      return lines.filter((line) => line !== '').map((line) => (JSON.parse(line) as LogLine).msg);
    };
    await served.program.ready(() => messages().includes('listening'));
    served.program.signal('SIGTERM');
    expect(await served.program.ended).toEqual({ code: 0, signal: null });
    expect(messages().slice(-3)).toEqual(['listening', 'stopping', 'stopped']);
    expect(served.program.output).toBe('');
  });

  test('a second signal ends it at once, whatever is in flight', async () => {
    const nextHop = await startNextHop();
    nextHop.answer = () => {};
    const served = new Served({ API_ANOMALY_EXPORT__ENDPOINT: `127.0.0.1:${nextHop.port}` });
    const { grpc } = await served.listening();
    const sender = new GrpcSender(Number(String(grpc).split(':')[1]));
    const sent = sender.send(request(calls(1)), { deadline: Date.now() + 60_000 });
    await served.program.ready(() => nextHop.received.length === 1);
    served.program.signal('SIGTERM');
    await served.program.ready(() => served.line('stopping') !== undefined);
    served.program.signal('SIGTERM');
    expect(await served.program.ended).toEqual({ code: 1, signal: null });
    expect((await sent).error).toBeDefined();
    sender.close();
    nextHop.stop();
  });

  test('what is in flight when the time for the stop is over is given up, and the stop is still a good one', async () => {
    const nextHop = await startNextHop();
    nextHop.answer = () => {};
    const served = new Served({
      API_ANOMALY_EXPORT__ENDPOINT: `127.0.0.1:${nextHop.port}`,
      API_ANOMALY_STOP__DEADLINE_SECONDS: '0.2',
    });
    const { grpc } = await served.listening();
    const sender = new GrpcSender(Number(String(grpc).split(':')[1]));
    const sent = sender.send(request(calls(1)), { deadline: Date.now() + 60_000 });
    await served.program.ready(() => nextHop.received.length === 1);
    served.program.signal('SIGTERM');
    expect(await served.program.ended).toEqual({ code: 0, signal: null });
    expect((await sent).error).toBeDefined();
    sender.close();
    nextHop.stop();
  });

  test('a second one on the same folder does not start, and does not disturb the first', async () => {
    const served = new Served();
    const { control } = await served.listening();
    const second = new Served({ API_ANOMALY_STORE__DIRECTORY: served.folder });
    expect(await second.program.ended).toEqual({ code: 1, signal: null });
    expect(second.program.output).toContain(`The data folder ${served.folder} belongs to a running instance`);
    expect((await fetch(`http://${String(control)}/ready`)).status).toBe(200);
  });
});
