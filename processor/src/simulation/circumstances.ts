import type { AgentRewrite } from './clients.ts';
import type { Endpoint, EndpointName } from './endpoints.ts';
import type { Random } from './random.ts';
import type { User } from './users.ts';

/** Something that holds for a while and changes how the shop answers. */
export interface Condition {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Endpoints it touches; every one when absent. */
  readonly endpoints?: ReadonlySet<EndpointName>;
  /** Share of their calls it touches; all when absent. */
  readonly share?: number;
  readonly latencyFactor?: number;
  readonly responseFactor?: number;
  /** Statuses that touched calls end with. */
  readonly failures?: readonly number[];
  /** How far the clock of the answering host is ahead. */
  readonly clockAheadMs?: number;
  /** How often clients repeat a failed call while it lasts. */
  readonly retries?: number;
  /** Ground truth when the condition is an attack. */
  readonly label?: string;
  /** Chance of its own, so that the condition does not shift anybody else's. */
  readonly random: Random;
}

/** A time of more visitors: arrivals are multiplied. */
export interface Demand {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly factor: number;
}

/** A time when one user comes from elsewhere: a VPN, a hotel. */
export interface Detour {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly address: string;
}

/** All that is out of the ordinary in a world, as its people and its shop feel it. */
export class Circumstances {
  readonly #conditions: Condition[] = [];
  readonly #demands: Demand[] = [];
  readonly #detours = new Map<number, Detour>();
  /** The shop's apps are rewritten and call themselves differently from then on. */
  rewrite: AgentRewrite | undefined;

  addCondition(condition: Condition): void {
    this.#conditions.push(condition);
  }

  addDemand(demand: Demand): void {
    this.#demands.push(demand);
  }

  addDetour(user: User, detour: Detour): void {
    this.#detours.set(user.index, detour);
  }

  /** Calls `touch` for every condition that touches this call. */
  touching(endpoint: Endpoint, timeMs: number, touch: (condition: Condition) => void): void {
    for (const condition of this.#conditions) {
      if (timeMs < condition.fromMs || timeMs >= condition.untilMs) continue;
      if (condition.endpoints !== undefined && !condition.endpoints.has(endpoint.name)) continue;
      if (condition.share !== undefined && !condition.random.chance(condition.share)) continue;
      touch(condition);
    }
  }

  /** How often a client repeats a call that failed on the server. */
  retriesAt(timeMs: number): number {
    let retries = 1;
    for (const condition of this.#conditions) {
      const isOn = timeMs >= condition.fromMs && timeMs < condition.untilMs;
      if (isOn && condition.retries !== undefined) retries = Math.max(retries, condition.retries);
    }
    return retries;
  }

  /** Arrivals at a time as a multiple of the usual. */
  demandAt(timeMs: number): number {
    let factor = 1;
    for (const demand of this.#demands) {
      if (timeMs >= demand.fromMs && timeMs < demand.untilMs) factor *= demand.factor;
    }
    return factor;
  }

  /** Where the user comes from at a time, if not from the usual places. */
  detourOf(user: User, timeMs: number): string | undefined {
    const detour = this.#detours.get(user.index);
    return detour !== undefined && timeMs >= detour.fromMs && timeMs < detour.untilMs ? detour.address : undefined;
  }
}
