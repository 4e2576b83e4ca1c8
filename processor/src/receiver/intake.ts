/** The way both transports share: from received bytes through the consumer to the outcome. */
import { performance } from 'node:perf_hooks';
import { StatusCode, SUCCESS } from '../component.ts';
import type { ByteBudget, TraceConsumer, TraceOutcome, Transport } from '../component.ts';
import type { Config } from '../config/schema.ts';
import { type ErrorCode, ServiceError } from '../errors.ts';
import { BufferPool } from '../otlp/buffer-pool.ts';
import { Inflater } from './inflater.ts';
import type { Compression } from './inflater.ts';
import { Reservation } from './reservation.ts';
import { errorCodeOf, outcomeOfError } from './status.ts';

/** For about as many requests of a megabyte as a collector has consumers. */
const KEPT_BYTES = 8 * 1024 * 1024;

/** Why a request is given up. Made once: an `abort()` without a reason makes an error with a stack, and every call ends so. */
export const SENDER_GONE = new Error('The sender has gone.');

/** What receivers tell the rest of the service. Called per request, never per span. */
export interface ReceiverEvents {
  /** A whole request of `bytes` (after decompression and JSON mapping) is handed on. */
  received(transport: Transport, bytes: number): void;
  /** The receiver itself refused a request, or a connection where `listener` has too many. */
  refused(listener: Listener, reason: ErrorCode): void;
  /** A defect of ours: the sender was asked to retry, the log should have the cause. */
  faulted(error: unknown): void;
}

export type Listener = 'grpc' | 'http';

export interface IntakeOptions {
  readonly receiver: Config['receiver'];
  /** How long the next hop may take at most, and when the sender gives no deadline. */
  readonly timeouts: Pick<Config['export'], 'timeout_seconds' | 'default_timeout_seconds'>;
  readonly consumer: TraceConsumer;
  readonly budget: ByteBudget;
  readonly events: ReceiverEvents;
  /** Whether a sender with this Authorization header or metadata is taken; every sender is by default. */
  readonly admits?: (authorization: string | undefined) => boolean;
}

/** A received body and what it holds of the budget. */
export interface ReceivedBody {
  readonly body: Buffer;
  readonly reservation: Reservation;
}

export class Intake {
  readonly maxRequestBytes: number;
  /** Memory of requests, taken back once they are acknowledged. */
  readonly pool = new BufferPool(KEPT_BYTES);
  readonly #timeouts: IntakeOptions['timeouts'];
  readonly #consumer: TraceConsumer;
  readonly #budget: ByteBudget;
  readonly #events: ReceiverEvents;
  readonly #inflater: Inflater;
  readonly #admits: (authorization: string | undefined) => boolean;

  constructor({ receiver, timeouts, consumer, budget, events, admits = () => true }: IntakeOptions) {
    this.#admits = admits;
    this.maxRequestBytes = receiver.max_request_bytes;
    this.#timeouts = timeouts;
    this.#consumer = consumer;
    this.#budget = budget;
    this.#events = events;
    this.#inflater = new Inflater(receiver.max_concurrent_inflations, receiver.max_request_bytes);
  }

  /** Throws `sender_not_admitted` unless the sender with this Authorization header or metadata is taken. */
  requireAdmitted(authorization: string | undefined): void {
    if (!this.#admits(authorization)) throw new ServiceError('sender_not_admitted');
  }

  /** An empty reservation for a request that begins. Its holder releases it, or hands it to `consume`. */
  reserve(): Reservation {
    return new Reservation(this.#budget);
  }

  /** See `Inflater.inflate`. */
  inflate(compressed: Buffer, compression: Compression, reservation: Reservation): Promise<Buffer> {
    return this.#inflater.inflate(compressed, compression, reservation);
  }

  /**
   * Hands a whole request on and releases its reservation once the outcome is known. Never rejects.
   * `remainingMs`: how long the sender still waits, Infinity when it does not say.
   */
  async consume(
    { body, reservation }: ReceivedBody,
    transport: Transport,
    remainingMs: number,
    signal: AbortSignal,
  ): Promise<TraceOutcome> {
    try {
      this.#events.received(transport, body.length);
      // OTLP: a request without spans succeeds. Only the pipeline can see that of one that is not even empty.
      if (body.length === 0) return SUCCESS;
      const deadlineMs = performance.now() + this.#timeoutMs(remainingMs);
      const outcome = await this.#consumer.consume({ body, transport, deadlineMs, signal });
      // Who has not acknowledged a request may still be sending it on.
      if (outcome.code === StatusCode.OK) this.pool.give(body);
      return outcome;
    } catch (error) {
      return this.refuse(transport === 'grpc' ? 'grpc' : 'http', error);
    } finally {
      reservation.release();
    }
  }

  /** Counts a refusal and gives the outcome to answer it with. */
  refuse(listener: Listener, error: unknown): TraceOutcome {
    const reason = errorCodeOf(error);
    if (reason === 'fault') this.#events.faulted(error);
    this.#events.refused(listener, reason);
    return outcomeOfError(error);
  }

  /** A tenth of the sender's patience is kept back, so that our answer reaches it before it gives up. */
  #timeoutMs(remainingMs: number): number {
    const { timeout_seconds: longest, default_timeout_seconds: unstated } = this.#timeouts;
    return Math.min(longest * 1000, remainingMs === Infinity ? unstated * 1000 : remainingMs * 0.9);
  }
}
