import { LiveConfig } from '../../../processor/src/config/live-config.ts';
import { ConfigError } from '../../../processor/src/config/load.ts';
import { type Config, configSchema, isMarked, optionPaths } from '../../../processor/src/config/schema.ts';
import { ServiceError } from '../../../processor/src/errors.ts';

type Settings = Readonly<Record<string, unknown>>;

let told: unknown[];
let reloaded: Config[];
let next: () => Config;
let now: number;

const parsed = (settings: Settings): Config => configSchema.parse(settings);

function start(settings: Settings = {}): LiveConfig {
  told = [];
  reloaded = [];
  now = 100;
  return new LiveConfig(parsed(settings), {
    read: () => next(),
    nowSeconds: () => now,
    parts: [{ reload: (config) => void reloaded.push(config) }],
    events: {
      reloaded: (changed, pending) => void told.push({ changed, pending }),
      refused: (mistakes) => void told.push({ mistakes }),
    },
  });
}

function reloadWith(live: LiveConfig, settings: Settings): void {
  next = () => parsed(settings);
  live.reload();
}

test('what may change while the service runs is the log level, the sensitivity, when models are trained, and headers', () => {
  const live = optionPaths().filter((path) => isMarked(path, 'x-live'));
  const names = live.map((path) => path.join('.'));
  expect(names.filter((name) => !name.startsWith('sensitivity.'))).toEqual([
    'export.headers',
    'model.retrain_every_hours',
    'model.promote',
    'metrics.otlp.headers',
    'log.level',
  ]);
  expect(names).toContain('sensitivity.behaviors.latency');
});

test('at the start the configuration given is in use', () => {
  expect(start().status).toEqual({
    readAtSeconds: 100,
    triedAtSeconds: 100,
    isInUse: true,
    mistakes: [],
    pending: [],
  });
});

test('a changed live option is handed to the parts, with the whole configuration', () => {
  const live = start();
  now = 200;
  reloadWith(live, { log: { level: 'debug' }, sensitivity: { behaviors: { latency: false } } });
  expect(reloaded.map(({ log, sensitivity }) => [log.level, sensitivity.behaviors.latency])).toEqual([
    ['debug', false],
  ]);
  expect(told).toEqual([{ changed: ['sensitivity.behaviors.latency', 'log.level'], pending: [] }]);
  expect(live.status).toMatchObject({ readAtSeconds: 200, isInUse: true, pending: [] });
});

test('a changed option that needs a restart is named until it is as it was at the start', () => {
  const live = start();
  reloadWith(live, { receiver: { grpc_port: 5000, tokens: ['0123456789abcdef'] } });
  expect(live.status.pending).toEqual(['receiver.grpc_port', 'receiver.tokens']);
  reloadWith(live, { receiver: { grpc_port: 5000 } });
  expect(live.status.pending).toEqual(['receiver.grpc_port']);
  reloadWith(live, {});
  expect(live.status.pending).toEqual([]);
  expect(reloaded).toEqual([]);
});

test('a live option changed back is a change', () => {
  const live = start();
  reloadWith(live, { log: { level: 'debug' } });
  reloadWith(live, {});
  reloadWith(live, {});
  expect(reloaded.map(({ log }) => log.level)).toEqual(['debug', 'info']);
  expect(told.at(-1)).toEqual({ changed: [], pending: [] });
});

test('one with a mistake changes nothing, and every mistake is told', () => {
  const live = start();
  const mistakes = ['one', 'two'].map((key) => {
    return new ServiceError('config_unknown_key', { key, value: '1', nearest: 'log.level' });
  });
  now = 300;
  next = () => {
    throw new ConfigError(mistakes);
  };
  live.reload();
  const messages = mistakes.map(({ message }) => message);
  expect(live.status).toMatchObject({ readAtSeconds: 100, triedAtSeconds: 300, isInUse: false, mistakes: messages });
  expect(told).toEqual([{ mistakes: messages }]);
  expect(reloaded).toEqual([]);
  reloadWith(live, {});
  expect(live.status).toMatchObject({ readAtSeconds: 300, isInUse: true, mistakes: [] });
});

test('a reading that fails otherwise is no end of the service either', () => {
  const live = start();
  next = () => {
    throw new TypeError('out of order');
  };
  live.reload();
  expect(live.status).toMatchObject({ isInUse: false, mistakes: ['TypeError: out of order'] });
});
