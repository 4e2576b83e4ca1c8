import { type RequestView, ValueKind } from '../otlp/request-view.ts';
import { agentFamilyHash } from './client-agent.ts';
import type { ApiCall } from './api-call.ts';
import { httpStatus, httpStatusOfRpcCode, httpStatusOfRpcText } from './call-status.ts';
import { parseDecimal } from './decimal.ts';
import { EndpointReader } from './endpoint-reader.ts';
import type { EndpointTable } from './endpoint-table.ts';
import { IdentityReader } from './identity-reader.ts';
import { mixingHash } from './mixing-hash.ts';
import type { EntityKey, Pseudonyms } from './pseudonym.ts';
import { adjustedCount } from './sampling-threshold.ts';
import { AttributeKeys } from './semantic-conventions.ts';
import { SpanText } from './span-text.ts';

export interface CallOptions {
  /** Attributes that identify a user, the best first. */
  readonly userAttributes: readonly string[];
  /** Services at whose spans users and addresses are counted; all when empty. */
  readonly edgeServices: readonly string[];
  /** Believe the first hop of X-Forwarded-For: only behind a proxy that sets it. */
  readonly trustForwardedFor?: boolean;
}

/** What a service is called that does not say its name: the default of the resource conventions. */
const UNKNOWN_SERVICE = 'unknown_service';

/** No request takes longer; what does is a stream, a clock that was set, or a fault. */
const MAX_DURATION_SECONDS = 86_400;

/** 2100-01-01: a start later than that is no time. */
const MAX_START_SECONDS = 4_102_444_800;

/** Longest part of a session id that counts. */
const MAX_SESSION_BYTES = 256;

/** OTLP Status.code ERROR. */
const STATUS_ERROR = 2;

/** Reads the API call that a span stands for. Everything comes from the span; nothing is allocated per span. */
export class CallReader {
  /** The attributes a view must read for this reader: the `read` list of its KeyTable. */
  readonly keys: readonly string[];
  /** Names of the identity kinds: `ApiCall.identityKind` is the index here + 1. */
  readonly identityKinds: readonly string[];

  readonly #keys: AttributeKeys['of'];
  readonly #endpoints: EndpointTable;
  readonly #endpoint: EndpointReader;
  readonly #identity: IdentityReader;
  readonly #agentSeed: number;
  readonly #sessionSeed: number;
  readonly #edgeServices: ReadonlySet<string>;
  readonly #text = new SpanText();

  /** The service of the last span and what is known about it: spans come by resource. */
  #serviceName = '';
  #service = 0;
  #revision = -1;
  #isEdge = true;

  constructor(options: CallOptions, pseudonyms: Pseudonyms, endpoints: EndpointTable) {
    const keys = new AttributeKeys(options.userAttributes);
    this.keys = keys.names;
    this.identityKinds = [...options.userAttributes];
    this.#keys = keys.of;
    this.#endpoints = endpoints;
    this.#endpoint = new EndpointReader(keys.of, pseudonyms, endpoints);
    const trustForwardedFor = options.trustForwardedFor ?? false;
    this.#identity = new IdentityReader(options.userAttributes, keys, pseudonyms, trustForwardedFor);
    this.#agentSeed = pseudonyms.seed('agent');
    this.#sessionSeed = pseudonyms.seed('session');
    this.#edgeServices = new Set(options.edgeServices);
  }

  /** Reads the current span of `view` into `call`, every field of it. */
  read(view: RequestView, call: ApiCall): void {
    this.#readTimes(view, call);
    this.#readFingerprints(view, call);
    this.#readService(view);
    call.service = this.#service;
    this.#readStatus(view, call);
    this.#endpoint.read(view, call);
    this.#identity.read(view, call, this.#isEdge);
    this.#readClient(view, call);
    call.requestBytes = this.#size(view, this.#keys.requestSize);
    call.responseBytes = this.#size(view, this.#keys.responseSize);
    const { traceStateOffset } = view;
    call.adjustedCount = traceStateOffset < 0 ? 1 : adjustedCount(view.body, traceStateOffset, view.traceStateLength);
    call.isSampled = call.adjustedCount > 1;
  }

  /** The pseudonyms of a raw identity under every kind and key, as user and as address: all that is to be erased of it. */
  keysOf(identity: string): EntityKey[] {
    return this.#identity.keysOf(identity);
  }

  #readTimes(view: RequestView, call: ApiCall): void {
    const { startSeconds, durationSeconds } = view;
    call.startSeconds = startSeconds;
    // A view says 0 when a time is missing; a call that took no time was not measured either.
    const isUsable =
      startSeconds > 0 &&
      startSeconds < MAX_START_SECONDS &&
      durationSeconds > 0 &&
      durationSeconds <= MAX_DURATION_SECONDS;
    call.durationSeconds = isUsable ? durationSeconds : Number.NaN;
  }

  #readFingerprints(view: RequestView, call: ApiCall): void {
    const { body, traceIdOffset, spanIdOffset } = view;
    call.traceHigh = traceIdOffset < 0 ? 0 : fold(body, traceIdOffset);
    call.traceLow = traceIdOffset < 0 ? 0 : fold(body, traceIdOffset + 4);
    call.spanHigh = spanIdOffset < 0 ? 0 : word(body, spanIdOffset);
    call.spanLow = spanIdOffset < 0 ? 0 : word(body, spanIdOffset + 4);
  }

  #readService(view: RequestView): void {
    const [key] = this.#keys.serviceName;
    const name = view.resourceText(key!) || UNKNOWN_SERVICE;
    // What is unknown may have become known.
    const isKnown = this.#service !== 0 && this.#revision === this.#endpoints.revision;
    if (isKnown && name === this.#serviceName) return;
    this.#serviceName = name;
    this.#revision = this.#endpoints.revision;
    this.#service = this.#endpoints.service(name);
    this.#isEdge = this.#edgeServices.size === 0 || this.#edgeServices.has(name);
  }

  #readStatus(view: RequestView, call: ApiCall): void {
    // A gRPC call that failed is a 200 of HTTP.
    const status = this.#rpcStatus(view) || this.#httpStatus(view);
    call.statusCode = status;
    call.isServerError = status >= 500 || (status === 0 && view.statusCode === STATUS_ERROR);
    call.isClientError = status >= 400 && status < 500;
    call.isUnauthenticated = status === 401;
    call.isAccessDenied = status === 401 || status === 403;
    call.isNotFound = status === 404;
    call.isRateLimited = status === 429;
  }

  #rpcStatus(view: RequestView): number {
    const keys = this.#keys.rpcStatus;
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index]!;
      const kind = view.valueKind(key);
      let status = 0;
      if (kind === ValueKind.INT) status = httpStatusOfRpcCode(view.number(key));
      else if (kind === ValueKind.STRING) {
        status = httpStatusOfRpcText(view.body, view.textOffset(key), view.textLength(key));
      }
      if (status !== 0) return status;
    }
    return 0;
  }

  #httpStatus(view: RequestView): number {
    const keys = this.#keys.httpStatus;
    for (let index = 0; index < keys.length; index++) {
      const status = httpStatus(this.#number(view, keys[index]!));
      if (status !== 0) return status;
    }
    return 0;
  }

  #readClient(view: RequestView, call: ApiCall): void {
    const text = this.#text;
    call.client = text.find(view, this.#keys.userAgent)
      ? agentFamilyHash(view.body, text.offset, text.length, this.#agentSeed)
      : 0;
    call.session = text.find(view, this.#keys.session)
      ? mixingHash(view.body, text.offset, Math.min(text.length, MAX_SESSION_BYTES), this.#sessionSeed)
      : 0;
  }

  /** The first of `keys` that holds a size, in bytes; NaN when none does. */
  #size(view: RequestView, keys: readonly number[]): number {
    for (let index = 0; index < keys.length; index++) {
      const size = this.#number(view, keys[index]!);
      if (size >= 0 && size < Infinity) return size;
    }
    return Number.NaN;
  }

  /** A number, also from text in decimal or, as headers are sent, from the first text of an array; otherwise NaN. */
  #number(view: RequestView, key: number): number {
    const kind = view.valueKind(key);
    if (kind === ValueKind.INT || kind === ValueKind.DOUBLE) return view.number(key);
    if (kind === ValueKind.STRING) {
      const offset = view.textOffset(key);
      return parseDecimal(view.body, offset, offset + view.textLength(key));
    }
    if (kind !== ValueKind.ARRAY) return Number.NaN;
    const offset = view.firstArrayTextOffset(key);
    return offset < 0 ? Number.NaN : parseDecimal(view.body, offset, offset + view.firstArrayTextLength(key));
  }
}

/** Four bytes as an unsigned number, the first one highest. */
function word(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!) >>> 0;
}

/** A word and the one 8 bytes on in one: some trace ids are random in one half only, some have the same half twice. */
function fold(bytes: Uint8Array, offset: number): number {
  return (Math.imul(word(bytes, offset), 0x9e3779b1) ^ word(bytes, offset + 8)) >>> 0;
}
