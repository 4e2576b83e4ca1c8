import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { configSchema } from '../../../processor/src/config/schema.ts';
import type { Config } from '../../../processor/src/config/schema.ts';
import { nextHopOf } from '../../../processor/src/exporter/next-hop.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';

const DEFAULTS: Config = configSchema.parse({});

afterEach(removeTemporaryFolders);

function withOptions(options: Partial<Config['export']>): Config['export'] {
  return { ...DEFAULTS.export, ...options };
}

test.each([
  ['collector:4317', 'dns:collector:4317', false],
  ['http://collector:4317/', 'dns:collector:4317', false],
  ['https://otlp.example.com:443', 'dns:otlp.example.com:443', true],
  ['[::1]:4317', 'dns:[::1]:4317', false],
])('%s is %s, with TLS: %s', (endpoint, target, isSecure) => {
  const nextHop = nextHopOf(withOptions({ endpoint }));
  expect(nextHop.target).toBe(target);
  expect(nextHop.credentials._isSecure()).toBe(isSecure);
});

test.each(['', 'ftp://collector:4317', 'https://'])('the endpoint "%s" is an error that shows it', (endpoint) => {
  expect(() => nextHopOf(withOptions({ endpoint }))).toThrow(/^export\.endpoint is .*; use collector:4317 or https:/);
});

test('headers become metadata, under names in lower case', () => {
  const { headers } = nextHopOf(withOptions({ endpoint: 'a:1', headers: { Authorization: 'Bearer t' } }));
  expect(headers.getMap()).toEqual({ authorization: 'Bearer t' });
});

test('a file of TLS that cannot be read is an error with key and file', () => {
  const tls = { ...DEFAULTS.export.tls, ca_file: '/nowhere/ca.pem' };
  expect(() => nextHopOf(withOptions({ endpoint: 'https://a:1', tls }))).toThrow(
    'export.tls.ca_file is /nowhere/ca.pem; use a PEM file that can be read.',
  );
});

test('files of TLS that are no PEM are an error at once, not at the first connection', () => {
  const file = path.join(temporaryFolder(), 'key.pem');
  writeFileSync(file, 'no PEM');
  const tls = { ...DEFAULTS.export.tls, cert_file: file, key_file: file };
  expect(() => nextHopOf(withOptions({ endpoint: 'https://a:1', tls }))).toThrow(/^export\.tls is /);
});
