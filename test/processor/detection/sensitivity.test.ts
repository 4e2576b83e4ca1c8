import {
  type Sensitivity,
  type SensitivityOptions,
  SensitivitySettings,
} from '../../../processor/src/detection/sensitivity.ts';
import { loadConfig } from '../../../processor/src/config/load.ts';

const FILE: SensitivityOptions = loadConfig(undefined, {}).sensitivity;

/** Settings over the default file, and all that they applied. */
function settings() {
  const applied: Sensitivity[] = [];
  return { applied, settings: new SensitivitySettings(FILE, (sensitivity) => applied.push(sensitivity)) };
}

const sourced = (of: SensitivitySettings, key: string) => of.list().find((option) => option.key === key);

test('without settings the file is in force', () => {
  const { settings: made } = settings();
  expect(made.sensitivity).toEqual({
    budget: { falseIncidentsPerDay: 10, shares: { user: 0.6, address: 0.2, endpoint: 0.2 } },
    disabled: new Set(),
    minimumEffect: 1,
  });
  expect(new Set(made.list().map(({ source }) => source))).toEqual(new Set(['file']));
});

test('a setting beats the file at once, and says so', () => {
  const { settings: made, applied } = settings();
  made.set({ false_incidents_per_day: 3, behaviors: { off_hours: false } });
  made.set({ minimum_effect: 2, behaviors: { new_client: false } });
  expect(applied).toHaveLength(2);
  expect(applied[1]).toMatchObject({
    budget: { falseIncidentsPerDay: 3 },
    disabled: new Set(['off_hours', 'new_client']),
    minimumEffect: 2,
  });
  expect(sourced(made, 'false_incidents_per_day')).toEqual({
    key: 'false_incidents_per_day',
    value: 3,
    source: 'settings',
  });
  expect(sourced(made, 'behaviors.off_hours')).toMatchObject({ value: false, source: 'settings' });
  expect(sourced(made, 'behaviors.scraping')).toMatchObject({ value: true, source: 'file' });
  expect(sourced(made, 'users_share')).toMatchObject({ value: 0.6, source: 'file' });
});

test('settings of an earlier run are taken up again, and given up for the file', () => {
  const { settings: made } = settings();
  made.set({ false_incidents_per_day: 3 });
  const { settings: later } = settings();
  later.replace(made.settings);
  expect(later.options.false_incidents_per_day).toBe(3);
  later.replace({});
  expect(later.options).toEqual(FILE);
});

test('shares that do not add up to 1 are refused, and nothing changes', () => {
  const { settings: made, applied } = settings();
  expect(() => made.set({ users_share: 0.5, minimum_effect: 3 })).toThrow('The shares add up to 0.9');
  expect([made.options, applied]).toEqual([FILE, []]);
  made.set({ users_share: 0.5, addresses_share: 0.3 });
  expect(applied[0]!.budget.shares).toEqual({ user: 0.5, address: 0.3, endpoint: 0.2 });
});

test('a file that is read again changes what no setting beats', () => {
  const { settings: made, applied } = settings();
  made.set({ minimum_effect: 2 });
  made.reload({ ...FILE, minimum_effect: 5, false_incidents_per_day: 4 });
  expect(applied.at(-1)).toMatchObject({ budget: { falseIncidentsPerDay: 4 }, minimumEffect: 2 });
});

test('a file that is read again and changes nothing is applied to nothing', () => {
  const { settings: made, applied } = settings();
  made.set({ minimum_effect: 2 });
  made.reload({ ...FILE, minimum_effect: 5 });
  expect(applied).toHaveLength(1);
});

test('set shares that no longer fit those of a new file give way to it', () => {
  const { settings: made } = settings();
  made.set({ users_share: 0.5, addresses_share: 0.3, minimum_effect: 2 });
  made.reload({ ...FILE, users_share: 0.1, addresses_share: 0.1, endpoints_share: 0.8 });
  expect(made.options).toMatchObject({
    users_share: 0.1,
    addresses_share: 0.1,
    endpoints_share: 0.8,
    minimum_effect: 2,
  });
});

test('kept shares that no longer fit the file are dropped at a start, and the other settings are in force', () => {
  const { settings: made } = settings();
  made.restore({ users_share: 0.9, minimum_effect: 2 });
  expect(made.options).toMatchObject({ users_share: FILE.users_share, minimum_effect: 2 });
  made.restore({ users_share: 0.5, addresses_share: 0.3, endpoints_share: 0.2 });
  expect(made.options).toMatchObject({ users_share: 0.5, addresses_share: 0.3, minimum_effect: FILE.minimum_effect });
});
