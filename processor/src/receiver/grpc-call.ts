/**
 * The receiving side of one unary gRPC call. The library would keep every message a sender declares, inflate any number
 * of them at once and answer broken compression with INTERNAL, which collectors take as a reason to drop the spans. Here
 * the bytes are reserved as they arrive, inflations wait for their turn and every refusal has the status OTLP wants.
 */
import { ServerInterceptingCall } from '@grpc/grpc-js';
import type { ServerInterceptingCallInterface, ServerListener, StatusObject } from '@grpc/grpc-js';
import { StatusCode } from '../component.ts';
import { ServiceError } from '../errors.ts';
import type { Intake, ReceivedBody } from './intake.ts';
import type { Reservation } from './reservation.ts';
import { FRAME_HEADER_BYTES, MessageFrame } from './message-frame.ts';
import { grpcStatusOf } from './status.ts';

/**
 * What is replaced in the call object of @grpc/grpc-js 1.14.7, which has no public place for it (its interceptors see a
 * message only when it is inflated, and never its encoding). The dependency is pinned to that version, and
 * test/conformance/receiver-grpc-hostile.test.ts fails when another one does not use these two members.
 */
interface LibraryCall extends ServerInterceptingCallInterface {
  decoder: { write(data: Buffer): Buffer[] };
  decompressMessage(frame: Buffer, encoding: string): Buffer | Promise<Buffer>;
}

type Status = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/** Passes the message of `call` on to its handler as a `ReceivedBody`, or refuses the call. `isOpen`: any sender may call. */
export function receiveCall(
  call: ServerInterceptingCallInterface,
  intake: Intake,
  receiveTimeoutMs: number,
  isOpen = false,
): ServerInterceptingCall {
  const receiving = new ReceivingCall(call as LibraryCall, intake, receiveTimeoutMs, isOpen);
  return new ServerInterceptingCall(call, {
    start: (next) => next(receiving.listener),
    sendStatus: (status, next) => receiving.answer(() => next(status)),
  });
}

class ReceivingCall {
  readonly #intake: Intake;
  readonly #reservation: Reservation;
  readonly #sendStatus: LibraryCall['sendStatus'];
  readonly #timeout: NodeJS.Timeout;
  /** Whether any sender is taken. */
  readonly #isOpen: boolean;
  /** The handler has the message and will release its reservation. */
  #handedOn = false;
  #hasMessage = false;
  /** The status being sent is the handler's, not one the library made up. */
  #answering = false;

  constructor(call: LibraryCall, intake: Intake, receiveTimeoutMs: number, isOpen: boolean) {
    this.#intake = intake;
    this.#isOpen = isOpen;
    this.#reservation = intake.reserve();
    this.#sendStatus = call.sendStatus.bind(call);
    const frame = new MessageFrame(intake.maxRequestBytes, this.#reservation, intake.pool);
    call.decoder = { write: (data) => this.#takePiece(frame, data) };
    call.decompressMessage = (whole, encoding) => this.#openFrame(whole, encoding);
    call.sendStatus = (status) => this.#sendStatus(this.#answering ? status : this.#correct(status));
    this.#timeout = setTimeout(() => this.#timeOut(receiveTimeoutMs), receiveTimeoutMs).unref();
  }

  readonly listener: ServerListener = {
    onReceiveMetadata: (metadata, next) => {
      const [authorization] = metadata.get('authorization');
      try {
        if (!this.#isOpen) this.#intake.requireAdmitted(authorization?.toString());
      } catch (error) {
        this.#refuse(error);
        return;
      }
      next(metadata);
    },
    onReceiveMessage: (body: Buffer, next) => {
      this.#hasMessage = true;
      const received: ReceivedBody = { body, reservation: this.#reservation };
      next(received);
    },
    onReceiveHalfClose: (next) => {
      clearTimeout(this.#timeout);
      if (!this.#hasMessage) {
        this.#refuse(new ServiceError('malformed_call', { reason: 'it ended before its message was whole' }));
        return;
      }
      this.#handedOn = true;
      next();
    },
    onCancel: () => {
      clearTimeout(this.#timeout);
      if (!this.#handedOn) this.#reservation.release();
    },
  };

  answer(send: () => void): void {
    this.#answering = true;
    send();
  }

  #takePiece(frame: MessageFrame, data: Buffer): Buffer[] {
    try {
      const whole = frame.add(data);
      return whole === undefined ? [] : [whole];
    } catch (error) {
      this.#refuse(error);
      return [];
    }
  }

  async #openFrame(whole: Buffer, encoding: string): Promise<Buffer> {
    try {
      const message = whole.subarray(FRAME_HEADER_BYTES);
      if (whole.readUInt8(0) === 0) return message;
      if (encoding === 'gzip' || encoding === 'deflate') {
        return await this.#intake.inflate(message, encoding, this.#reservation);
      }
      if (encoding !== 'identity') throw new ServiceError('unsupported_encoding', { encoding });
      throw new ServiceError('malformed_call', { reason: 'the message is compressed, but grpc-encoding is not set' });
    } catch (error) {
      // The library ends the call with the status it catches.
      this.#answering = true;
      throw this.#refusal(error);
    }
  }

  #timeOut(receiveTimeoutMs: number): void {
    this.#refuse(new ServiceError('receive_timeout', { seconds: receiveTimeoutMs / 1000 }));
  }

  #refuse(error: unknown): void {
    this.#sendStatus(this.#refusal(error));
  }

  #refusal(error: unknown): StatusObject {
    return grpcStatusOf(this.#intake.refuse('grpc', error));
  }

  /** A status that the library made up: never one that makes a sender drop spans which are not at fault. */
  #correct(status: Status): Status {
    const { details } = status;
    const code: number = status.code;
    if (code !== StatusCode.INTERNAL && code !== StatusCode.UNKNOWN) return status;
    if (details.startsWith('Invalid grpc-timeout')) {
      return this.#refusal(new ServiceError('malformed_call', { reason: details }));
    }
    return this.#refusal(new Error(details));
  }
}
