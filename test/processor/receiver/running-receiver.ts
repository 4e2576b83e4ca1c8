import { SUCCESS } from '../../../processor/src/component.ts';
import type { ByteBudget, Component, TraceOutcome, TraceRequest } from '../../../processor/src/component.ts';
import { configSchema } from '../../../processor/src/config/schema.ts';
import type { Config } from '../../../processor/src/config/schema.ts';
import { GrpcReceiver } from '../../../processor/src/receiver/grpc.ts';
import { HttpReceiver } from '../../../processor/src/receiver/http.ts';
import { Intake } from '../../../processor/src/receiver/intake.ts';

/** A budget that can be asked what it holds and held. */
export class CountedBudget implements ByteBudget {
  readonly capacity: number;
  held = 0;
  highest = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  tryReserve(bytes: number): boolean {
    if (this.held + bytes > this.capacity) return false;
    this.held += bytes;
    this.highest = Math.max(this.highest, this.held);
    return true;
  }

  release(bytes: number): void {
    this.held -= bytes;
  }
}

export interface RunningReceiver {
  readonly port: number;
  readonly budget: CountedBudget;
  /** What the consumer got. */
  readonly requests: TraceRequest[];
  /** `listener reason`, per refusal. */
  readonly refusals: string[];
  readonly faults: unknown[];
  /** How the consumer answers; may be replaced at any time. */
  answer: (request: TraceRequest) => TraceOutcome | Promise<TraceOutcome>;
  stop(signal?: AbortSignal): Promise<void>;
}

export interface RunningOptions {
  readonly receiver?: Partial<Config['receiver']>;
  readonly budgetBytes?: number;
  readonly receiveTimeoutMs?: number;
}

const MIB = 1024 * 1024;

/** Starts one receiver on a free loopback port in front of a consumer that records its requests. */
export async function startReceiver(kind: 'grpc' | 'http', options: RunningOptions = {}): Promise<RunningReceiver> {
  const defaults: Config = configSchema.parse({});
  const receiver = { ...defaults.receiver, grpc_port: 0, http_port: 0, ...options.receiver };
  const budget = new CountedBudget(options.budgetBytes ?? 128 * MIB);
  const running: Omit<RunningReceiver, 'port' | 'stop'> = {
    budget,
    requests: [],
    refusals: [],
    faults: [],
    answer: () => SUCCESS,
  };
  const intake = new Intake({
    receiver,
    timeouts: defaults.export,
    budget,
    consumer: {
      consume: async (request) => {
        running.requests.push(request);
        return running.answer(request);
      },
    },
    events: {
      received: () => {},
      refused: (listener, reason) => void running.refusals.push(`${listener} ${reason}`),
      faulted: (error) => void running.faults.push(error),
    },
  });
  const Receiver = kind === 'grpc' ? GrpcReceiver : HttpReceiver;
  const component: Component & { address(): { port: number } } = new Receiver(
    receiver,
    intake,
    options.receiveTimeoutMs,
  );
  await component.start();
  return Object.assign(running, {
    port: component.address().port,
    stop: (signal = AbortSignal.timeout(1000)) => component.stop(signal),
  });
}

/** Waits until `condition` holds, and gives up before the test does, so that a failed test leaves nothing running. */
export async function until(condition: () => boolean): Promise<void> {
  const tries = 4000;
  for (let n = 0; !condition(); n += 1) {
    if (n === tries) throw new Error(`Waited in vain for ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
