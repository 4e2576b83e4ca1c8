/** The whole service in one process, from its receivers to its next hop. */
import { protobufToObject } from '../../processor/src/otlp/protobuf-to-json.ts';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { configSchema } from '../../processor/src/config/schema.ts';
import { createService } from '../../processor/src/service.ts';
import { createLog } from '../../processor/src/telemetry/log.ts';
import { removeTemporaryFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { call, calls, request, spansIn, verdictsIn } from './pipeline/requests.ts';
import { JSON_TYPE } from './receiver/http-sender.ts';
import { until } from './receiver/running-receiver.ts';
import { RunningService, type Settings } from './running-service.ts';

const TAP = { export: { endpoint: '' } } as const satisfies Settings;
const running: RunningService[] = [];

async function start(folder = temporaryFolder(), settings: Settings = {}): Promise<RunningService> {
  const service = await RunningService.start(folder, settings);
  running.push(service);
  return service;
}

afterEach(async () => {
  for (const service of running.splice(0)) await service.stop();
  removeTemporaryFolders();
});

/** Stops the service started last and starts one on its folder. */
async function restart(folder: string, settings: Settings): Promise<RunningService> {
  await running.pop()?.stop();
  return start(folder, settings);
}

const knownUsers = (service: RunningService) => service.metric('api_anomaly_tracked_entities', 'entity="user"');

/** `count` calls that begin now. */
function callsNow(count: number, first = 0) {
  const now = BigInt(Date.now()) * 1_000_000n;
  return calls(count, first).map((span) => ({ ...span, startTimeUnixNano: now, endTimeUnixNano: now + 5_000_000n }));
}

describe('a service that runs', () => {
  test('listens where it says, is ready, and measures what comes over gRPC and HTTP', async () => {
    const service = await start(undefined, TAP);
    expect((await service.get('/ready')).status).toBe(200);
    expect((await service.grpc.send(request(callsNow(3)))).error).toBeUndefined();
    expect((await service.http.send(request(callsNow(4, 10)))).status).toBe(200);
    const json = Buffer.from(JSON.stringify(protobufToObject(request(callsNow(5, 20)))));
    expect((await service.http.send(json, { 'content-type': JSON_TYPE })).status).toBe(200);

    const received = (transport: string) =>
      service.metric('api_anomaly_received_spans_total', `transport="${transport}"`);
    expect([await received('grpc'), await received('http_protobuf'), await received('http_json')]).toEqual([3, 4, 5]);
    expect(await service.metric('api_anomaly_unscored_spans_total', 'reason="learning"')).toBe(12);
    expect(await service.metric('api_anomaly_tracked_entities', 'entity="user"')).toBe(1);
    expect(await service.metric('api_anomaly_identified_spans_ratio')).toBe(1);
    expect(await service.metric('api_anomaly_config_reload_success')).toBe(1);
    expect(service.nextHop.received).toEqual([]);
  });

  test('passes the same spans on, marked', async () => {
    const service = await start();
    const body = request([...callsNow(3), { ...callsNow(1, 3)[0]!, kind: 3 }]);
    await service.send(body);
    const [passed] = service.nextHop.received;
    expect(spansIn(passed!.body).map(({ spanId }) => spanId)).toEqual(spansIn(body).map(({ spanId }) => spanId));
    expect(verdictsIn(passed!.body).map((verdict) => verdict['anomaly.state'])).toEqual([
      'learning',
      'learning',
      'learning',
      undefined,
    ]);
    expect(await service.metric('api_anomaly_exported_spans_total')).toBe(4);
  });

  test('counts what it refuses, and what it forgets to make room', async () => {
    const service = await start(undefined, { ...TAP, features: { max_users: 100 } });
    expect((await service.grpc.send(Buffer.from('no OTLP'))).error?.code).toBe(3);
    expect((await service.http.send(Buffer.from('{'), { 'content-type': JSON_TYPE })).status).toBe(400);
    const users = Array.from({ length: 300 }, (_, index) => call(index, { 'user.id': `user-${index}` }));
    const now = BigInt(Date.now()) * 1_000_000n;
    await service.send(request(users.map((span) => ({ ...span, startTimeUnixNano: now, endTimeUnixNano: now + 1n }))));
    expect(await service.metric('api_anomaly_refused_spans_total')).toBe(2);
    expect(await service.metric('api_anomaly_evicted_entities_total', 'entity="user"')).toBeGreaterThanOrEqual(200);
    expect(await service.metric('api_anomaly_tracked_entities', 'entity="user"')).toBeLessThanOrEqual(100);
  });

  test('a user id is in no metric and in no line of the log', async () => {
    const service = await start();
    await service.send(request([call(0, { 'user.id': 'ada.lovelace@example.com' })]));
    expect(JSON.stringify(service.log) + (await service.get('/metrics')).text).not.toContain('lovelace');
  });
});

describe('a service that cannot start', () => {
  const edges = {
    clock: Date.now,
    random: Math.random,
    log: createLog({ level: 'error', destination: { write() {} } }),
  };

  test('because another one owns the data folder: the first one goes on', async () => {
    const folder = temporaryFolder();
    const first = await start(folder);
    await expect(RunningService.start(folder)).rejects.toMatchObject({ code: 'store_locked' });
    await first.send(request(callsNow(1)));
  });

  test('because a port is taken: it leaves the data folder and the other ports free', async () => {
    const folder = temporaryFolder();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    try {
      for (const receiver of [{ grpc_port: port }, { http_port: port }]) {
        await expect(RunningService.start(folder, { receiver })).rejects.toMatchObject({ code: 'listen_failed' });
      }
      await expect(RunningService.start(folder, { control: { port } })).rejects.toMatchObject({
        code: 'listen_failed',
      });
    } finally {
      taken.close();
    }
    await (await start(folder)).send(request(callsNow(1)));
  });

  test('because its next hop cannot be as configured: it says so before it listens, and frees the folder', async () => {
    const directory = temporaryFolder();
    const tls = { ca_file: `${directory}/missing.pem` };
    const config = configSchema.parse({ export: { endpoint: 'https://localhost:1', tls }, store: { directory } });
    await expect(createService(config, edges)).rejects.toThrow('export.tls.ca_file');
    await start(directory);
  });
});

describe('another pseudonym key', () => {
  test('after a rotation known users go on under their new pseudonym, from then on without the old key', async () => {
    const folder = temporaryFolder();
    await (await start(folder, TAP)).send(request(callsNow(3)));
    const former = path.join(folder, 'former-key');
    let service = await restart(folder, TAP);
    renameSync(path.join(folder, 'secrets/pseudonym'), former);
    service = await restart(folder, { ...TAP, identity: { previous_pseudonym_key_files: [former] } });
    await service.send(request(callsNow(3, 10)));
    expect(await knownUsers(service)).toBe(1);
    service = await restart(folder, TAP);
    await service.send(request(callsNow(3, 20)));
    expect(await knownUsers(service)).toBe(1);
  });

  test('without the one before makes a new user of everyone', async () => {
    const folder = temporaryFolder();
    await (await start(folder, TAP)).send(request(callsNow(3)));
    const service = await restart(folder, { ...TAP, identity: { pseudonym_key: 'ab'.repeat(32) } });
    await service.send(request(callsNow(3, 10)));
    expect(await knownUsers(service)).toBe(2);
  });

  test('in a file that holds none keeps the service from starting, and says which', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'key');
    const identity = { pseudonym_key_file: file };
    const missing = `identity.pseudonym_key_file is ${file} (ENOENT`;
    await expect(RunningService.start(folder, { identity })).rejects.toThrow(missing);
    writeFileSync(file, 'too short');
    await expect(RunningService.start(folder, { identity })).rejects.toThrow('(holds no key); use a readable file');
  });
});

describe('a changed configuration', () => {
  test('takes effect as far as it can, and what needs a restart is named', async () => {
    const service = await start(undefined, TAP);
    service.settings = { ...TAP, log: { level: 'warn' }, features: { max_users: 1000 } };
    service.service.reloadConfig();
    expect(service.service.configStatus()).toMatchObject({ isInUse: true, pending: ['features.max_users'] });
    const [line] = service.log.filter(({ msg }) => msg === 'restart to apply these options');
    expect(line).toMatchObject({ level: 'warn', pending: ['features.max_users'] });
    const lines = service.log.length;
    service.settings = { ...TAP, log: { level: 'warn' } };
    service.service.reloadConfig();
    expect(service.log.length).toBe(lines);
  });

  test('with a mistake leaves the one before in use, and says so in the log and by metrics', async () => {
    const service = await start(undefined, TAP);
    const readAt = await service.metric('api_anomaly_config_reload_timestamp_seconds');
    service.settings = { ...TAP, log: { level: 'loud' } };
    service.service.reloadConfig();
    expect(service.log.at(-1)).toMatchObject({
      level: 'error',
      msg: 'the configuration is not used; the one before stays',
      mistakes: [expect.stringContaining('level')],
    });
    expect(await service.metric('api_anomaly_config_reload_success')).toBe(0);
    expect(await service.metric('api_anomaly_config_reload_timestamp_seconds')).toBe(readAt);
    service.settings = TAP;
    service.service.reloadConfig();
    expect(await service.metric('api_anomaly_config_reload_success')).toBe(1);
  });
});

describe('the stop', () => {
  test('answers what is in flight, and takes nothing new', async () => {
    const service = await start();
    const asked = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    service.nextHop.answer = (_call, respond) => {
      asked.resolve();
      void released.promise.then(() => respond(null, Buffer.alloc(0)));
    };
    const overGrpc = service.grpc.send(request(callsNow(2)));
    const overHttp = service.http.send(request(callsNow(2, 10)));
    await asked.promise;
    await until(() => service.nextHop.received.length === 2);
    const { http } = service.service.addresses();
    const stopped = service.service.stop(AbortSignal.timeout(20_000));
    await expect(fetch(`http://${http}/v1/traces`, { method: 'POST' })).rejects.toThrow('fetch failed');
    expect((await service.get('/ready')).status).toBe(503);
    released.resolve();
    expect((await overGrpc).error).toBeUndefined();
    expect((await overHttp).status).toBe(200);
    await stopped;
    await expect(service.get('/metrics')).rejects.toThrow('fetch failed');
  });

  test('gives up what the next hop leaves unanswered when its time is over: the sender is told to come back', async () => {
    const service = await start();
    service.nextHop.answer = () => {};
    // Cut off or answered: either way a sender of OTLP tries again.
    const sent = service.http.send(request(callsNow(1))).then(
      (answer) => answer.status,
      () => 503,
    );
    await until(() => service.nextHop.received.length === 1);
    await service.service.stop(AbortSignal.abort());
    expect(await sent).toBe(503);
  });

  test('is safe twice, at once and one after the other, and leaves the folder to the next one', async () => {
    const folder = temporaryFolder();
    const service = await start(folder);
    await service.send(request(callsNow(2)));
    const signal = AbortSignal.timeout(10_000);
    await Promise.all([service.service.stop(signal), service.service.stop(signal)]);
    await service.service.stop(signal);
    const next = await start(folder);
    expect(await next.metric('api_anomaly_tracked_entities', 'entity="user"')).toBe(1);
  });

  test('is safe without a start', async () => {
    const directory = temporaryFolder();
    const config = configSchema.parse({ store: { directory } });
    const log = createLog({ level: 'error', destination: { write() {} } });
    const service = await createService(config, { clock: Date.now, random: Math.random, log });
    await service.stop(AbortSignal.timeout(5000));
    await start(directory);
  });
});
