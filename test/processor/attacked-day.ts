/** Half a day at an API, the same in every test: six quiet hours to learn from, then hours with an enumeration. */
import { createWorld } from '../../processor/src/simulation/world.ts';
import { TOKENS } from './control/control-server.ts';
import { until } from './receiver/running-receiver.ts';
import { RunningService, type Settings } from './running-service.ts';

export const HOUR_MS = 3_600_000;
/** A Wednesday morning, whenever the test runs. */
const START_MS = Date.UTC(2026, 0, 14, 6);
const QUIET_HOURS = 6;
const HOURS = 12;

export const day = createWorld({
  seed: 3,
  users: 60,
  days: HOURS / 24,
  startMs: START_MS,
  attacks: [{ behavior: 'enumeration', intensity: 'high' }],
  quietShare: QUIET_HOURS / HOURS,
});

const spans = [...day];
export const quiet = spans.filter((span) => span.startMs < START_MS + QUIET_HOURS * HOUR_MS);
export const attacked = spans.slice(quiet.length);
/** Of `attacked`: the last span of the attack. */
export const attackEnd = attacked.findLastIndex(({ label }) => label !== '');

/** The quiet part is enough for a model, which takes a second. */
const QUICK_MODEL = {
  min_rows: 2000,
  min_entities: 20,
  min_hours: 1,
  trees: 30,
  sample_rows: 3000,
  retrain_every_hours: 0,
};

/** A service with the tokens of `TOKENS`, whose clock stands at the end of the day, so that no span of it is late. */
export function startService(folder: string, settings: Settings = {}): Promise<RunningService> {
  const tokens = { viewer: [TOKENS.viewer], operator: [TOKENS.operator], admin: [TOKENS.admin] };
  const control = { tokens, ...settings['control'] };
  return RunningService.start(folder, { model: QUICK_MODEL, ...settings, control }, () => day.endMs);
}

/** Sends the quiet part and waits for the model that is learned from it. */
export async function learn(service: RunningService): Promise<void> {
  await service.sendSpans(quiet, 0);
  await until(() => service.service.modelVersion() !== undefined);
}
