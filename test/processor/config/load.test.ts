import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConfigError, loadConfig } from '../../../processor/src/config/load.ts';
import type { Config } from '../../../processor/src/config/schema.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'api-anomaly-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;

function fileWith(yaml: string): string {
  files += 1;
  const file = path.join(folder, `config-${files}.yaml`);
  writeFileSync(file, yaml);
  return file;
}

function load(yaml: string, environment: Record<string, string> = {}): Config {
  return loadConfig(fileWith(yaml), environment);
}

/** The messages of all mistakes. */
function mistakes(yaml: string, environment: Record<string, string> = {}): string[] {
  try {
    load(yaml, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes.map(({ message }) => message);
    throw error;
  }
  return [];
}

test('a pseudonym key is given once, and a wrong one is not repeated', () => {
  const key = 'ab'.repeat(32);
  expect(load(`identity: { pseudonym_key: ${key} }`).identity.pseudonym_key).toBe(key);
  expect(mistakes(`identity: { pseudonym_key: ${key}, pseudonym_key_file: key }`)).toEqual([
    'identity.pseudonym_key_file is key; use either it or identity.pseudonym_key.',
  ]);
  expect(mistakes('', { API_ANOMALY_IDENTITY__PSEUDONYM_KEY: 'hunter2' })).toEqual([
    'identity.pseudonym_key is (hidden); use text like 64 hex digits or 44 characters of base64.',
  ]);
});

test('metrics are pushed with an answer awaited no longer than to the next push', () => {
  expect(mistakes('metrics: { otlp: { interval_seconds: 5, timeout_seconds: 6 } }')).toEqual([
    'metrics.otlp.timeout_seconds is 6; use at most metrics.otlp.interval_seconds, 5.',
  ]);
});

test('an empty file works and has the ports of the contract, on loopback', () => {
  for (const config of [load(''), load('# nothing yet\n'), loadConfig(undefined, {})]) {
    expect(config.receiver).toMatchObject({ bind_address: '127.0.0.1', grpc_port: 4317, http_port: 4318 });
    expect(config.control).toMatchObject({ bind_address: '127.0.0.1', port: 8000, public_metrics: true });
    expect(config.export.endpoint).toBe('');
    expect(config.sensitivity.false_incidents_per_day).toBe(10);
    expect(config.identity.user_attributes[0]).toBe('user.id');
  }
});

test('a group with every line commented out means all defaults', () => {
  expect(load('receiver:\n  # grpc_port: 1\nexport:\n  tls:\n')).toEqual(load(''));
});

test('the environment wins over the file and the file over the defaults', () => {
  const config = load('model: { trees: 100, sample_size: 128 }', { API_ANOMALY_MODEL__TREES: '300' });
  expect(config.model).toMatchObject({ trees: 300, sample_size: 128, seed: 1 });
});

test('lists and maps in the environment are YAML flow, text is taken as it is', () => {
  const config = loadConfig(undefined, {
    API_ANOMALY_PIPELINE__SCORED_KINDS: '[SERVER, CONSUMER]',
    API_ANOMALY_EXPORT__HEADERS: '{authorization: Bearer abc, x-tenant: "7"}',
    API_ANOMALY_EXPORT__ENDPOINT: '[::1]:4317',
    API_ANOMALY_SENSITIVITY__BEHAVIORS__OFF_HOURS: 'false',
    API_ANOMALY_EXPORT__TLS: '{ca_file: /ca.pem}',
  });
  expect(config.pipeline.scored_kinds).toEqual(['SERVER', 'CONSUMER']);
  expect(config.export.headers).toEqual({ authorization: 'Bearer abc', 'x-tenant': '7' });
  expect(config.export.endpoint).toBe('[::1]:4317');
  expect(config.sensitivity.behaviors).toMatchObject({ off_hours: false, latency: true });
  expect(config.export.tls.ca_file).toBe('/ca.pem');
});

test('an empty variable counts as unset and those Kubernetes sets for a Service of our name are ignored', () => {
  const config = loadConfig(undefined, {
    API_ANOMALY_MODEL__TREES: '',
    API_ANOMALY_PORT: 'tcp://10.0.0.1:8000',
    API_ANOMALY_SERVICE_HOST: '10.0.0.1',
    API_ANOMALY_SERVICE_PORT_OTLP_GRPC: '4317',
    API_ANOMALY_PORT_4317_TCP_ADDR: '10.0.0.1',
    HOME: '/root',
  });
  expect(config).toEqual(load(''));
});

test('an unknown key names the nearest valid one, in its group, with its value', () => {
  expect(mistakes('reciever: { grpc_port: 1 }')).toEqual([
    'reciever is {"grpc_port":1}, but there is no such key; use receiver or remove it.',
  ]);
  expect(mistakes('receiver: { grpcport: 1 }')).toEqual([
    'receiver.grpcport is 1, but there is no such key; use receiver.grpc_port or remove it.',
  ]);
  expect(mistakes('', { API_ANOMALY_EXPORT__ENDPONT: 'hop:4317' })).toEqual([
    'API_ANOMALY_EXPORT__ENDPONT is "hop:4317", but there is no such key; use API_ANOMALY_EXPORT__ENDPOINT or remove it.',
  ]);
});

test('all mistakes are reported at once, each with key, value and remedy', () => {
  const found = mistakes('model: { sample_size: 1, trees: many }\nlog: { level: loud }\nnope: 1', {
    API_ANOMALY_STOP__DEADLINE: '1',
  });
  expect(found).toHaveLength(5);
  expect(found).toContain('model.sample_size is 1; use an integer from 2 to 65536.');
  expect(found).toContain('model.trees is "many"; use an integer from 10 to 2000.');
  expect(found).toContain('log.level is "loud"; use one of info, trace, debug, warn, error.');
});

test.each([
  ['model: { trees: 10.5 }', 'model.trees is 10.5; use an integer from 10 to 2000.'],
  ['model: { trees: .inf }', 'model.trees is null; use an integer from 10 to 2000.'],
  ['receiver: 4317', 'receiver is 4317; use the keys bind_address, grpc_port'],
  ['receiver: { bind_address: everywhere }', 'use an IPv4 address or an IPv6 address or "localhost".'],
  ['pipeline: { scored_kinds: [CLIENT] }', 'pipeline.scored_kinds.0 is "CLIENT"; use one of SERVER, CONSUMER.'],
  ['pipeline: { scored_kinds: [] }', 'pipeline.scored_kinds is []; use a list of 1 to 2 items'],
  ['export: { endpoint: hop }', 'export.endpoint is "hop"; use text like collector:4317'],
  ['annotate: { prefix: "" }', 'annotate.prefix is ""; use text like anomaly.'],
  ['__proto__: { x: 1 }', '__proto__ is {"x":1}, but there is no such key'],
])('%s is refused', (yaml, message) => {
  expect(mistakes(yaml)).toEqual([expect.stringContaining(message)]);
});

test.each(['hop:4317', 'http://hop:4317', 'https://otlp.example.com:443/', '10.0.0.1:1', '[::1]:4317'])(
  'export.endpoint may be %s',
  (endpoint) => {
    expect(load(JSON.stringify({ export: { endpoint } })).export.endpoint).toBe(endpoint);
  },
);

test('plain text beyond loopback needs a decision', () => {
  expect(mistakes('receiver: { bind_address: 0.0.0.0 }')).toEqual([
    'receiver.bind_address is 0.0.0.0, which others can reach in plain text; bind to 127.0.0.1, or set receiver.allow_plaintext to true where the network is trusted.',
  ]);
  expect(mistakes('receiver: { bind_address: "::" }')).toHaveLength(1);
  expect(mistakes('receiver: { bind_address: 0.0.0.0, allow_plaintext: true }')).toEqual([]);
  expect(mistakes('receiver: { bind_address: "::1" }')).toEqual([]);
  expect(mistakes('receiver: { bind_address: 127.9.9.9 }')).toEqual([]);
});

test.each([
  ['receiver: { grpc_port: 4318 }', 'receiver.http_port is 4318; use another port than receiver.grpc_port.'],
  ['control: { port: 4317 }', 'control.port is 4317; use another port than'],
  ['sensitivity: { users_share: 0.9 }', 'shares that add up to 1'],
  ['export: { tls: { cert_file: a.pem } }', 'export.tls.key_file is empty; use cert_file and key_file together'],
  ['pipeline: { max_in_flight_bytes: 1048576 }', 'use at least receiver.max_request_bytes, 67108864.'],
])('options that contradict each other are refused: %s', (yaml, message) => {
  expect(mistakes(yaml)).toEqual([expect.stringContaining(message)]);
});

test('port 0 may be given to every listener', () => {
  expect(mistakes('receiver: { grpc_port: 0, http_port: 0 }\ncontrol: { port: 0 }')).toEqual([]);
});

test('a secret is never shown in a mistake', () => {
  const inFile = mistakes('export: { headers: { authorization: [hunter2] } }');
  const inEnvironment = mistakes('', { API_ANOMALY_EXPORT__HEADERS: '{authorization: [hunter2]}' });
  for (const found of [inFile, inEnvironment, mistakes('export: { headers: hunter2 }')]) {
    expect(found).toEqual([expect.stringMatching(/^export\.headers(\.authorization)? is \(hidden\); use /)]);
  }
});

test.each([
  ['a name for binary values', '{ x-key-bin: hunter2 }'],
  ['a value with a line break', '{ authorization: "hunter2\\nx: y" }'],
])('a header with %s is refused, and its value hidden', (_, headers) => {
  for (const section of ['export', 'metrics: { otlp']) {
    const [message, ...others] = mistakes(`${section}: { headers: ${headers} }${section === 'export' ? '' : ' }'}`);
    expect(others).toEqual([]);
    expect(message).toMatch(/headers/);
    expect(message).not.toContain('hunter2');
  }
});

test('malformed YAML is reported with its place and without quoting the file', () => {
  const [message, ...others] = mistakes('export:\n  headers: { authorization: hunter2\n');
  expect(others).toEqual([]);
  expect(message).toMatch(/line \d+/);
  expect(message).not.toContain('hunter2');
  expect(mistakes('- a\n- b')).toEqual([expect.stringContaining('the top level is not a map')]);
  expect(mistakes('a: 1\na: 2')).toEqual([expect.stringContaining('unique')]);
  expect(mistakes('', { API_ANOMALY_EXPORT__HEADERS: '{a: ' })).toEqual([
    expect.stringContaining('API_ANOMALY_EXPORT__HEADERS is not YAML'),
  ]);
});

test('a missing file is named', () => {
  expect(() => loadConfig('/no/such/file.yaml', {})).toThrow(/\/no\/such\/file\.yaml cannot be read: ENOENT/);
});

test('headers come from a file of their own, which wins', () => {
  const secrets = fileWith('authorization: Bearer from-file');
  const config = load(
    JSON.stringify({ export: { headers: { authorization: 'x', 'x-a': 'b' }, headers_file: secrets } }),
  );
  expect(config.export.headers).toEqual({ authorization: 'Bearer from-file', 'x-a': 'b' });
  expect(mistakes(JSON.stringify({ export: { headers_file: fileWith('a: { b: 1 }') } }))).toEqual([
    expect.stringContaining('not a map of header names'),
  ]);
});

test('the configuration cannot be changed afterwards, at any depth', () => {
  const config = load('') as unknown as {
    identity: { user_attributes: string[] };
    export: { tls: { ca_file: string } };
  };
  expect(() => config.identity.user_attributes.push('x')).toThrow(TypeError);
  expect(() => (config.export.tls.ca_file = 'x')).toThrow(TypeError);
});

const withExclusion = (yaml: string): string => `sensitivity:\n  exclusions:\n    - ${yaml}\n`;

describe('exclusions', () => {
  test('have a scope, an end with its time zone, and a note', () => {
    const { sensitivity } = load(
      withExclusion('{ endpoint: GET /export, behavior: scraping, expires: "2027-01-31T01:00:00+01:00" }'),
    );
    expect(sensitivity.exclusions).toEqual([
      { endpoint: 'GET /export', behavior: 'scraping', expires: '2027-01-31T01:00:00+01:00', note: '' },
    ]);
  });

  test.each([
    ['{ behavior: scraping }', 'sensitivity.exclusions.0.expires'],
    ['{ behavior: scraping, expires: never }', 'sensitivity.exclusions.0.expires'],
    ['{ behavior: laughing, expires: "2027-01-31T00:00:00Z" }', 'sensitivity.exclusions.0.behavior'],
    ['{ expires: "2027-01-31T00:00:00Z" }', 'at least one of entity, endpoint and behavior'],
    ['{ user: ada, expires: "2027-01-31T00:00:00Z" }', 'sensitivity.exclusions.0.user'],
  ])('%s is refused: %s', (yaml, part) => {
    expect(mistakes(withExclusion(yaml)).join('\n')).toContain(part);
  });
});
