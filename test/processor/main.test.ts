/** The command line as a user meets it: a process of its own, its output and its exit code. */
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { ChildProgram, killAllPrograms } from '../support/child-program.ts';
import { removeTemporaryFolders, temporaryFolder } from '../support/temporary-folder.ts';

const MAIN = path.join(import.meta.dirname, '../../processor/src/main.ts');

interface Run {
  readonly code: number | null;
  readonly standardOutput: string;
  readonly standardError: string;
}

async function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Run> {
  const program = new ChildProgram(process.execPath, [MAIN, ...args], environment);
  const { code } = await program.ended;
  const { standardOutput, output } = program;
  return { code, standardOutput, standardError: output.replace(standardOutput, '') };
}

function configFile(text: string): string {
  const file = path.join(temporaryFolder(), 'config.yaml');
  writeFileSync(file, text);
  return file;
}

afterEach(async () => {
  await killAllPrograms();
  removeTemporaryFolders();
});

describe('help', () => {
  test('of the whole names every command, and goes to standard output', async () => {
    const { code, standardOutput, standardError } = await run(['--help']);
    expect([code, standardError]).toEqual([0, '']);
    for (const command of ['serve', 'demo', 'detect', 'simulate', 'config'])
      expect(standardOutput).toContain(`  ${command} `);
  });

  test.each([
    [['serve'], ['--config']],
    [['demo'], ['--keep', '--json']],
    [['detect'], ['--traces', '--model', '--train-until', '--train-fraction', '--out', '--json']],
    [['simulate'], ['--out', '--seed', '--days', '--users', '--attacks', '--json']],
    [['config'], ['check', 'print', 'schema']],
    [
      ['config', 'check'],
      ['--config', '--json'],
    ],
    [
      ['config', 'print'],
      ['--config', '--json'],
    ],
    [['config', 'schema'], ['--json']],
  ])('of %p names %p', async (command, names) => {
    const { code, standardOutput, standardError } = await run([...command, '--help']);
    expect([code, standardError]).toEqual([0, '']);
    expect(standardOutput).toContain(`Usage: api-anomaly ${command.join(' ')}`);
    for (const name of names) expect(standardOutput).toContain(name);
  });
});

describe('bad usage ends with 2 and says what is wrong on standard error', () => {
  test.each([
    [[], 'Usage: api-anomaly'],
    [['config'], 'Usage: api-anomaly config'],
    [['serv'], "unknown command 'serv'"],
    [['serve', '--nonsense'], "unknown option '--nonsense'"],
    [['config', 'print', '--nonsense'], "unknown option '--nonsense'"],
    [['serve', 'surplus'], 'too many arguments'],
    [['serve', '--config'], 'argument missing'],
    [['simulate'], "required option '--out <file>' not specified"],
  ])('%p: %s', async (args, message) => {
    const { code, standardOutput, standardError } = await run(args);
    expect([code, standardOutput]).toEqual([2, '']);
    expect(standardError).toContain(message);
  });
});

describe('a configuration that cannot be used ends with 2, the key, the value and the remedy', () => {
  test.each([
    ['an unknown key', 'receiver: { grpc_prot: 1 }', ['receiver.grpc_prot is 1', 'receiver.grpc_port']],
    ['a value out of bounds', 'receiver: { grpc_port: 70000 }', ['receiver.grpc_port is 70000', '65535']],
    ['two mistakes', 'model: { trees: 1 }\nlog: { level: loud }', ['model.trees is 1', 'log.level is "loud"', 'info']],
    ['no YAML', 'receiver: [', ['config.yaml', 'config schema']],
    [
      'plain text for everybody',
      'receiver: { bind_address: 0.0.0.0 }',
      ['receiver.bind_address is 0.0.0.0', 'receiver.allow_plaintext'],
    ],
  ])('%s', async (_name, text, messages) => {
    const store = { API_ANOMALY_STORE__DIRECTORY: path.join(temporaryFolder(), 'data') };
    const { code, standardError } = await run(['serve', '--config', configFile(text)], store);
    expect(code).toBe(2);
    for (const message of messages) expect(standardError).toContain(message);
    expect(standardError).not.toContain('    at ');
  });

  test('from the environment', async () => {
    const { code, standardError } = await run(['serve'], { API_ANOMALY_MODEL__TREES: '1' });
    expect(code).toBe(2);
    expect(standardError).toContain('model.trees is 1; use an integer from 10 to 2000');
  });

  test('a file that is not there', async () => {
    const file = path.join(temporaryFolder(), 'missing.yaml');
    const { code, standardError } = await run(['serve', '--config', file]);
    expect(code).toBe(2);
    expect(standardError).toContain(`${file} cannot be read`);
  });

  test('what only the parts can see: files that the next hop needs', async () => {
    const text = 'export: { endpoint: "https://localhost:1", tls: { ca_file: /nowhere/ca.pem } }';
    const store = { API_ANOMALY_STORE__DIRECTORY: path.join(temporaryFolder(), 'data') };
    const { code, standardError } = await run(['serve', '--config', configFile(text)], store);
    expect(code).toBe(2);
    expect(standardError).toContain('export.tls.ca_file is /nowhere/ca.pem');
  });
});

describe('a run that fails ends with 1, the reason and the remedy', () => {
  test('a port that is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const config = `receiver: { grpc_port: ${port}, http_port: 0 }\ncontrol: { port: 0 }`;
    const store = { API_ANOMALY_STORE__DIRECTORY: path.join(temporaryFolder(), 'data') };
    const { code, standardError } = await run(['serve', '--config', configFile(config)], store);
    taken.close();
    expect(code).toBe(1);
    expect(standardError).toContain(`Cannot listen on 127.0.0.1:${port}`);
    expect(standardError).toContain('receiver.grpc_port');
  });

  test('a data folder that cannot be one', async () => {
    const file = configFile('{}');
    const { code, standardError } = await run(['serve'], { API_ANOMALY_STORE__DIRECTORY: file });
    expect(code).toBe(1);
    expect(standardError).toContain(`The data folder ${file} cannot be written`);
  });
});
