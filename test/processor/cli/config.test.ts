import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { configCommand } from '../../../processor/src/cli/config.ts';
import { loadConfig } from '../../../processor/src/config/load.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'api-anomaly-config-command-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(yaml: string): string {
  const file = path.join(folder, 'config.yaml');
  writeFileSync(file, yaml);
  return file;
}

/** Runs the command as the shell would and gives back what it wrote and its exit code. */
async function run(...args: string[]): Promise<{ out: string; err: string; code: number }> {
  const written = { out: '', err: '' };
  const original = { out: process.stdout.write.bind(process.stdout), err: process.stderr.write.bind(process.stderr) };
  process.stdout.write = (text: string | Uint8Array) => (written.out += String(text)) !== '';
  process.stderr.write = (text: string | Uint8Array) => (written.err += String(text)) !== '';
  try {
    await configCommand().parseAsync(args, { from: 'user' });
    return { ...written, code: Number(process.exitCode ?? 0) };
  } finally {
    process.stdout.write = original.out;
    process.stderr.write = original.err;
    process.exitCode = undefined;
  }
}

test('check exits 0 on a valid file', async () => {
  expect(await run('check', '--config', fileWith('model: { trees: 50 }'))).toMatchObject({ code: 0, err: '' });
});

test('check exits 2 and names key, value and remedy of every mistake', async () => {
  const { code, err } = await run('check', '--config', fileWith('model: { trees: 1, seeds: 2 }'));
  expect(code).toBe(2);
  expect(err.split('\n')).toEqual([
    'model.trees is 1; use an integer from 10 to 2000.',
    'model.seeds is 2, but there is no such key; use model.seed or remove it.',
    '',
  ]);
});

test('check --json answers in JSON on standard output', async () => {
  const bad = await run('check', '--json', '--config', fileWith('model: { trees: 1 }'));
  expect(bad.code).toBe(2);
  expect(JSON.parse(bad.out)).toEqual({
    valid: false,
    mistakes: [{ code: 'config_invalid_value', message: 'model.trees is 1; use an integer from 10 to 2000.' }],
  });
  expect(JSON.parse((await run('check', '--json')).out)).toEqual({ valid: true, mistakes: [] });
});

test('print shows the effective configuration with secrets masked, as YAML that loads again', async () => {
  const file = fileWith('export: { headers: { authorization: hunter2 } }\nmodel: { trees: 77 }');
  const { out, code } = await run('print', '--config', file);
  expect(code).toBe(0);
  expect(out).not.toContain('hunter2');
  expect(parse(out)).toMatchObject({ export: { headers: { authorization: '********' } }, model: { trees: 77 } });
  expect(loadConfig(fileWith(out), {}).model.trees).toBe(77);
  expect(JSON.parse((await run('print', '--json', '--config', file)).out)).toEqual(parse(out));
});

test('print masks single secrets as well, and shows that there is none', async () => {
  const { out } = await run('print', '--config', fileWith(`identity: { pseudonym_key: ${'ab'.repeat(32)} }`));
  expect(parse(out)).toMatchObject({ identity: { pseudonym_key: '********' } });
  expect(parse((await run('print')).out)).toMatchObject({ identity: { pseudonym_key: '' } });
});

test('print of an unusable configuration exits 2', async () => {
  expect(await run('print', '--config', '/no/such.yaml')).toMatchObject({ code: 2, out: '' });
});

test('schema prints a JSON Schema that refuses unknown keys', async () => {
  const schema = JSON.parse((await run('schema')).out) as Record<string, unknown>;
  expect(schema).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    additionalProperties: false,
    properties: { receiver: { properties: { grpc_port: { default: 4317, minimum: 0, maximum: 65_535 } } } },
  });
});

test.each([['check', '--bogus'], ['bogus'], ['print', '--config']])(
  'bad usage is thrown to the process edge: %s %s',
  async (...args) => {
    await expect(run(...args)).rejects.toMatchObject({ name: 'CommanderError', exitCode: 1 });
  },
);
