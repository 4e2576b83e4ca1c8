import type { Actor, ApiRequest, Ask } from './api-request.ts';
import { endpointNamed, type Endpoint } from './endpoints.ts';
import { PRODUCTS } from './journey.ts';
import { probeAddress } from './networks.ts';
import type { Random } from './random.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** How a machine shows itself. */
interface MachineIdentity {
  readonly userId: string;
  readonly address: string;
  readonly agent: string;
}

function machineRequest(
  identity: MachineIdentity,
  timeMs: number,
  endpoint: Endpoint,
  object: string,
  random: Random,
): ApiRequest {
  return {
    ...identity,
    timeMs,
    endpoint,
    sessionId: '',
    object,
    isAllowed: true,
    status: 0,
    responseFactor: 1,
    label: '',
    random,
  };
}

const PARTNER_ORDERS = endpointNamed('GET /partner/orders');
const PARTNER_ORDER = endpointNamed('GET /partner/orders/{order}');
const PARTNER_STOCK = endpointNamed('PUT /partner/stock/{product}');
const PARTNER_BULK = endpointNamed('POST /partner/products/bulk');
const PARTNER_EXPORT = endpointNamed('GET /partner/exports/{report}');

/** A partner's integration: polls for orders day and night, fetches the new ones, reports stock. Many ids, evenly paced. */
export class PartnerBot implements Actor {
  readonly #identity: MachineIdentity;
  readonly #random: Random;
  readonly #periodMs: number;
  #nextOrder = 3_900_000;

  /** `periodMs`: time between two polls. */
  constructor(identity: MachineIdentity, periodMs: number, random: Random) {
    this.#identity = identity;
    this.#random = random;
    this.#periodMs = periodMs;
  }

  act(nowMs: number, ask: Ask): number {
    const random = this.#random;
    const call = (timeMs: number, endpoint: Endpoint, object: string) =>
      ask(machineRequest(this.#identity, timeMs, endpoint, object, random));
    const status = call(nowMs, PARTNER_ORDERS, '');
    let timeMs = nowMs;
    if (status < 400) {
      const orders = Math.floor(random.exponential(1.6));
      for (let i = 0; i < orders; i++)
        call((timeMs += random.between(80, 300)), PARTNER_ORDER, String(this.#nextOrder++));
    }
    if (random.chance(0.35)) {
      call((timeMs += random.between(80, 300)), PARTNER_STOCK, String(1 + random.integer(PRODUCTS)));
    }
    return Math.max(timeMs, nowMs + this.#periodMs * random.between(0.92, 1.08));
  }
}

/** A nightly job: half an hour of exports and bulk updates at the same time every day, silent otherwise. */
export class BatchJob implements Actor {
  readonly #identity: MachineIdentity;
  readonly #random: Random;
  readonly #minuteOfDay: number;
  #left = 0;

  /** `minuteOfDay`: when it starts, in minutes after midnight UTC. */
  constructor(identity: MachineIdentity, minuteOfDay: number, random: Random) {
    this.#identity = identity;
    this.#random = random;
    this.#minuteOfDay = minuteOfDay;
  }

  /** Time of the first run after `fromMs`: schedulers start within a few seconds of the minute. */
  nextRun(fromMs: number): number {
    const midnight = Math.floor(fromMs / DAY_MS) * DAY_MS;
    const today = midnight + this.#minuteOfDay * MINUTE_MS;
    return (today > fromMs ? today : today + DAY_MS) + this.#random.between(0, 5000);
  }

  act(nowMs: number, ask: Ask): number {
    const random = this.#random;
    if (this.#left === 0) this.#left = Math.round(random.between(180, 240));
    const isExport = random.chance(0.7);
    const endpoint = isExport ? PARTNER_EXPORT : PARTNER_BULK;
    ask(machineRequest(this.#identity, nowMs, endpoint, isExport ? String(1 + random.integer(40)) : '', random));
    this.#left--;
    return this.#left === 0 ? this.nextRun(nowMs + MINUTE_MS) : nowMs + random.logNormal(7000, 0.4);
  }
}

const PROBED = (['GET /healthz', 'GET /search/healthz', 'GET /partner/healthz'] as const).map(endpointNamed);

/** Liveness probes of the cluster or of a monitoring service: every edge service, every few seconds, for ever. */
export class HealthProbe implements Actor {
  readonly #agent: string;
  readonly #addressOf: (probe: number) => string;
  readonly #periodMs: number;
  readonly #random: Random;
  #probe = 0;

  /** `periodMs`: time between two probes of the same service. */
  constructor(periodMs: number, random: Random, agent = 'kube-probe/1.33', addressOf = probeAddress) {
    this.#periodMs = periodMs;
    this.#random = random;
    this.#agent = agent;
    this.#addressOf = addressOf;
  }

  act(nowMs: number, ask: Ask): number {
    const probe = this.#probe++;
    const endpoint = PROBED[probe % PROBED.length]!;
    const identity = { userId: '', address: this.#addressOf(probe), agent: this.#agent };
    ask(machineRequest(identity, nowMs, endpoint, '', this.#random));
    return nowMs + (this.#periodMs / PROBED.length) * this.#random.between(0.98, 1.02);
  }
}
