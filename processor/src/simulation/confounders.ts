import type { Actor } from './api-request.ts';
import type { Circumstances } from './circumstances.ts';
import { ENDPOINTS, type EndpointName } from './endpoints.ts';
import { BatchJob, HealthProbe, PartnerBot } from './machines.ts';
import { CAMPUS_ADDRESS, hostedAddress } from './networks.ts';
import { Person } from './person.ts';
import { Random } from './random.ts';
import { drawBusyTime } from './rhythm.ts';
import { User } from './users.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The world in which something harmless happens. */
interface Setting {
  readonly seed: number;
  readonly users: readonly User[];
  readonly circumstances: Circumstances;
  readonly startMs: number;
  /** What sets in later sets in after this. */
  readonly quietUntilMs: number;
  readonly endMs: number;
  readonly random: Random;
  readonly add: (actor: Actor, timeMs: number) => void;
}

interface ConfounderRow {
  readonly meaning: string;
  happen(setting: Setting): void;
}

/** A busy moment of the later part that leaves `durationMs` until the end, if it can. */
function later({ quietUntilMs, endMs, random }: Setting, durationMs: number): number {
  return drawBusyTime(() => random.between(quietUntilMs, Math.max(quietUntilMs, endMs - durationMs)));
}

function endpointsWhere(isIn: (endpoint: (typeof ENDPOINTS)[number]) => boolean): ReadonlySet<EndpointName> {
  return new Set(ENDPOINTS.filter(isIn).map(({ name }) => name));
}

const SIGN_IN: ReadonlySet<EndpointName> = new Set(['POST /api/v1/session', 'POST /api/v1/session/refresh']);

/** Harmless things that look odd. Nothing in them is labelled: whoever flags them raises a false alarm. */
export const CONFOUNDERS = {
  deploy_level_shift: {
    meaning: 'a release makes what the catalog answers slower and larger, for good',
    happen(setting) {
      const { circumstances, endMs, random } = setting;
      const endpoints = endpointsWhere(({ inner }) => inner === 'catalog');
      const fromMs = later(setting, 3 * HOUR_MS);
      circumstances.addCondition({
        fromMs,
        untilMs: endMs,
        endpoints,
        latencyFactor: 1.6,
        responseFactor: 1.25,
        random,
      });
    },
  },
  launch_spike: {
    meaning: 'two hours with four times the visitors',
    happen(setting) {
      const fromMs = later(setting, 2 * HOUR_MS);
      setting.circumstances.addDemand({ fromMs, untilMs: fromMs + 2 * HOUR_MS, factor: 4 });
    },
  },
  daily_batch: {
    meaning: 'one more job that exports at the same time every day',
    happen({ random, add, startMs }) {
      const identity = { userId: 'batch-finance', address: hostedAddress(random), agent: 'finance-export/1.4' };
      const job = new BatchJob(identity, 17 * 60 + 30, random);
      add(job, job.nextRun(startMs));
    },
  },
  partner_bot: {
    meaning: 'a new partner starts polling, busily and evenly',
    happen(setting) {
      const { random } = setting;
      const identity = { userId: 'partner-new', address: hostedAddress(random), agent: 'Fulfilment-Link/0.9' };
      setting.add(new PartnerBot(identity, 20_000, random), later(setting, 3 * HOUR_MS));
    },
  },
  shared_nat: {
    meaning: 'a quarter of the shoppers come from one address',
    happen({ users, circumstances, startMs, endMs, random }) {
      for (const user of users) {
        if (user.isStaff || !random.chance(0.25)) continue;
        circumstances.addDetour(user, { fromMs: startMs, untilMs: endMs, address: CAMPUS_ADDRESS });
      }
    },
  },
  vpn_travel: {
    meaning: 'some users come through a VPN or from a journey, with their own devices',
    happen(setting) {
      const { users, circumstances, random } = setting;
      for (const user of users) {
        if (!random.chance(0.08)) continue;
        const fromMs = later(setting, 12 * HOUR_MS);
        const untilMs = fromMs + random.between(2, 48) * HOUR_MS;
        circumstances.addDetour(user, { fromMs, untilMs, address: hostedAddress(random) });
      }
    },
  },
  new_user_wave: {
    meaning: 'as many as a third of all users register within two hours',
    happen(setting) {
      const { seed, users, circumstances, startMs, random } = setting;
      const fromMs = later(setting, 4 * HOUR_MS);
      for (let i = 0; i < Math.ceil(users.length / 3); i++) {
        const user = new User(users.length + i, 'reader', ENDPOINTS.length, new Random(seed, 'newcomer', i));
        const person = new Person(user, new Random(seed, 'newcomer visits', i), circumstances, startMs, false);
        setting.add(person, fromMs + random.between(0, 2 * HOUR_MS));
      }
    },
  },
  identity_outage: {
    meaning: 'for a quarter of an hour nobody can sign in',
    happen(setting) {
      const { circumstances, random } = setting;
      const fromMs = later(setting, 15 * MINUTE_MS);
      const untilMs = fromMs + 15 * MINUTE_MS;
      circumstances.addCondition({
        fromMs,
        untilMs,
        endpoints: SIGN_IN,
        share: 0.95,
        failures: [503, 401, 401],
        random,
      });
    },
  },
  health_checks: {
    meaning: 'a monitoring service probes from twenty places every few seconds',
    happen({ random, add, startMs }) {
      const places = Array.from({ length: 20 }, () => hostedAddress(random));
      const probe = new HealthProbe(5000, random, 'UptimeMonitor/2.0', (i) => places[i % places.length]!);
      add(probe, startMs + 500);
    },
  },
  retry_storm: {
    meaning: 'for ten minutes most of the shop fails and all clients try again and again',
    happen(setting) {
      const { circumstances, random } = setting;
      const fromMs = later(setting, 10 * MINUTE_MS);
      const endpoints = endpointsWhere(({ inner }) => inner === 'orders' || inner === 'catalog');
      const untilMs = fromMs + 10 * MINUTE_MS;
      circumstances.addCondition({
        fromMs,
        untilMs,
        endpoints,
        share: 0.7,
        failures: [503, 503, 504],
        retries: 6,
        random,
      });
    },
  },
  browser_update: {
    meaning: "the shop's apps are rewritten and name themselves anew within a day",
    happen(setting) {
      setting.circumstances.rewrite = { fromMs: later(setting, 6 * HOUR_MS), delayMs: 24 * HOUR_MS };
    },
  },
  clock_skew: {
    meaning: 'for three hours a third of the hosts are four minutes behind or a minute ahead',
    happen(setting) {
      const { circumstances, random } = setting;
      const fromMs = later(setting, 3 * HOUR_MS);
      const untilMs = fromMs + 3 * HOUR_MS;
      circumstances.addCondition({ fromMs, untilMs, share: 0.2, clockAheadMs: -4 * MINUTE_MS, random });
      circumstances.addCondition({ fromMs, untilMs, share: 0.13, clockAheadMs: MINUTE_MS, random });
    },
  },
} as const satisfies Record<string, ConfounderRow>;

export type ConfounderName = keyof typeof CONFOUNDERS;

export const CONFOUNDER_NAMES = Object.keys(CONFOUNDERS) as ConfounderName[];
