/** What can be said of the compose file and all it mounts without a container engine. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { loadConfig } from '../../processor/src/config/load.ts';
import { dashboardModels } from '../support/dashboards.ts';

const root = path.resolve(import.meta.dirname, '../..');

interface VolumeMount {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly volume?: { readonly subpath: string };
}

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly user?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly (string | VolumeMount)[];
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly deploy: { readonly resources: { readonly limits: { readonly cpus: string; readonly memory: string } } };
}

interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
}

interface DataSource {
  readonly uid: string;
  readonly type: string;
  readonly url: string;
  readonly secureJsonData?: Readonly<Record<string, string>>;
  readonly jsonData?: { readonly traces?: { readonly uid: string }; readonly alertmanagerUid?: string };
}

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as ComposeFile;
const services = Object.entries(compose.services);
const provisioning = 'deploy/grafana/provisioning';
const { datasources } = parse(read(`${provisioning}/datasources/api-anomaly.yaml`)) as { datasources: DataSource[] };

/** The files of ours that services see at run time, by service. */
const mounted = services.flatMap(([service, { volumes = [] }]) =>
  volumes
    .filter((volume) => typeof volume === 'string')
    .filter((volume) => volume.startsWith('./'))
    .map((volume) => ({ service, source: volume.split(':')[0]!, isReadOnly: volume.endsWith(':ro') })),
);

describe.each(services)('the service %s', (_name, service) => {
  test('has a pinned image, bounds, a read-only root and no capabilities', () => {
    expect(service.image).toMatch(
      service.build === undefined && !service.image.endsWith(':local')
        ? /^docker\.io\/[\w./-]+:v?\d+\.\d+\.\d+$/
        : /:local$/,
    );
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      deploy: { resources: { limits: { cpus: expect.any(String), memory: expect.stringMatching(/^\d+[MG]$/) } } },
    });
  });

  test('publishes its ports on loopback only', () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
  });

  test('waits only for the health of services that tell it', () => {
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      const awaited = compose.services[other]!;
      const dockerfile = awaited.build === undefined ? '' : read(awaited.build.dockerfile);
      const tells = awaited.healthcheck?.test !== undefined || dockerfile.includes('HEALTHCHECK');
      expect(condition === 'service_healthy').toBe(tells);
    }
  });

  test('uses only declared volumes', () => {
    for (const volume of service.volumes ?? []) {
      const source = typeof volume === 'string' ? volume.split(':')[0]! : volume.source;
      if (!source.startsWith('.')) expect(compose.volumes).toHaveProperty(source);
    }
  });
});

test('all services but those whose images have no shell, and the two that serve nobody, tell their health', () => {
  const silent = services.filter(
    ([, { healthcheck, build }]) =>
      healthcheck?.test === undefined && (build === undefined || !read(build.dockerfile).includes('HEALTHCHECK')),
  );
  expect(silent.map(([name]) => name)).toEqual(['traffic', 'collector', 'history', 'tempo']);
});

test.each(mounted)('$service: $source exists, can be read and is mounted read-only', ({ source, isReadOnly }) => {
  expect(isReadOnly).toBe(true);
  expect(existsSync(path.join(root, source))).toBe(true);
  if (/\.ya?ml$/.test(source)) expect(parse(read(source))).toEqual(expect.any(Object));
});

test('every port that one service calls another at is one the other listens on', () => {
  const tempo = parse(read('deploy/tempo/tempo.yaml')) as {
    server: { http_listen_port: number };
    distributor: { receivers: { otlp: { protocols: { grpc: { endpoint: string } } } } };
  };
  const listens: Readonly<Record<string, readonly number[]>> = {
    shop: [Number(compose.services['shop']!.environment!['PORT'])],
    collector: Object.values(compose.services['collector']!.environment!)
      .filter((value) => value.startsWith('0.0.0.0:'))
      .map(portOf),
    'api-anomaly': exposed('deploy/Dockerfile'),
    tempo: [tempo.server.http_listen_port, portOf(tempo.distributor.receivers.otlp.protocols.grpc.endpoint)],
    // Their own defaults.
    prometheus: [9090],
    alertmanager: [9093],
  };
  const texts = [
    'docker-compose.yml',
    'deploy/prometheus/prometheus.yml',
    `${provisioning}/datasources/api-anomaly.yaml`,
  ].map(read);
  const names = Object.keys(listens).join('|');
  const calls = texts.flatMap((text) =>
    Array.from(text.matchAll(new RegExp(`(?<![\\w./-])(?:http://)?(${names}):(\\d+)`, 'g')), ([, name, port]) => ({
      name: name!,
      port: Number(port),
    })),
  );
  expect(calls.length).toBeGreaterThan(10);
  expect(calls.filter(({ name, port }) => !listens[name]!.includes(port))).toEqual([]);
  expect(new Set(calls.map(({ name }) => name))).toEqual(new Set(Object.keys(listens)));
});

test('the environment of the service is a configuration, and its control API answers to the name others call it by', () => {
  const image = Object.fromEntries(
    Array.from(read('deploy/Dockerfile').matchAll(/(API_ANOMALY_\w+)=(\S+)/g), ([, name, value]) => [name!, value!]),
  );
  const config = loadConfig(undefined, { ...image, ...compose.services['api-anomaly']!.environment });
  expect(config).toMatchObject({
    receiver: { bind_address: '0.0.0.0', allow_plaintext: true },
    export: {
      endpoint: compose.services['collector']!.environment!['COLLECTOR_SCORED']!.replace('0.0.0.0', 'collector'),
    },
    control: { bind_address: '0.0.0.0', allowed_hosts: expect.arrayContaining(['api-anomaly']) },
    store: { directory: '/var/lib/api-anomaly' },
  });
  expect(compose.services['api-anomaly']!.volumes).toContain(`processor-data:${config.store.directory}`);
});

test('Grafana finds the tokens where they are mounted, as the user who owns them', () => {
  const grafana = compose.services['grafana']!;
  const mount = grafana.volumes!.find((volume) => typeof volume !== 'string')!;
  expect(mount).toMatchObject({ source: 'processor-data', volume: { subpath: 'tokens' }, read_only: true });
  const ours = datasources.find(({ uid }) => uid === 'api-anomaly')!;
  expect(ours.secureJsonData).toEqual({
    readToken: `$__file{${mount.target}/viewer}`,
    operateToken: `$__file{${mount.target}/operator}`,
    adminToken: `$__file{${mount.target}/admin}`,
  });
  // `node` in the image is user 1000.
  expect(read('deploy/Dockerfile')).toContain('USER node');
  expect(grafana.user).toBe('1000:0');
});

test('plugin ids, data sources and folders of Grafana agree across its files', () => {
  const { environment } = compose.services['grafana']!;
  const ids = environment!['GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS']!.split(',');
  const { apps } = parse(read(`${provisioning}/plugins/api-anomaly.yaml`)) as { apps: { type: string }[] };
  const { providers } = parse(read(`${provisioning}/dashboards/api-anomaly.yaml`)) as {
    providers: { options: { path: string } }[];
  };
  const models = dashboardModels();
  const panels = models
    .flatMap((model) => model.panels.map(({ type }) => type))
    .filter((type) => type.startsWith('apianomaly'));
  const chosen = models
    .flatMap(({ templating }) => templating.list)
    .filter(({ type }) => type === 'datasource')
    .map(({ query }) => query);
  expect(new Set(ids)).toEqual(
    new Set([
      ...apps.map(({ type }) => type),
      ...panels,
      ...datasources.map(({ type }) => type).filter((type) => type.startsWith('apianomaly')),
    ]),
  );
  expect(datasources.map(({ type }) => type)).toEqual(expect.arrayContaining(chosen));

  const uids = datasources.map(({ uid }) => uid);
  const linked = datasources
    .flatMap(({ jsonData }) => [jsonData?.traces?.uid, jsonData?.alertmanagerUid])
    .filter((uid) => uid !== undefined);
  expect(linked.length).toBe(2);
  expect(uids).toEqual(expect.arrayContaining(linked));

  const dockerfile = read('deploy/grafana/Dockerfile');
  expect(dockerfile).toContain(`COPY deploy/grafana/dashboards ${providers[0]!.options.path}\n`);
  expect(dockerfile).toContain(` ${environment!['GF_PATHS_PLUGINS']}/${apps[0]!.type}\n`);
});

test.each(['deploy/Dockerfile', 'deploy/sample-api/Dockerfile'])(
  'what %s copies is there, and it does not run as root',
  (file) => {
    const lines = read(file).split('\n');
    const sources = lines
      .filter((line) => /^COPY (?!--from)/.test(line))
      .flatMap((line) => line.split(' ').slice(1, -1));
    expect(sources.length).toBeGreaterThan(2);
    expect(sources.filter((source) => !existsSync(path.join(root, source)))).toEqual([]);
    expect(lines.filter((line) => line.startsWith('USER '))).toEqual(['USER node']);
    // The least version with the security fixes of Node 24.
    expect(lines).toContain('ARG NODE_IMAGE=docker.io/library/node:24.22.3-bookworm-slim');
  },
);

function portOf(address: string): number {
  return Number(address.split(':').at(-1));
}

function exposed(file: string): number[] {
  const [, ports = ''] = /^EXPOSE (.+)$/m.exec(read(file)) ?? [];
  return ports.split(' ').map(Number);
}
