/** The demo's next hop: a real OTLP/gRPC server that reads the verdicts off the spans it is sent. */
import { promisify } from 'node:util';
import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { KeyTable, RequestView, ValueKind } from '../otlp/request-view.ts';
import { SpanKind } from '../simulation/span.ts';

/** Attributes read back, as CONTRACT names them with the default prefix. */
const KEYS = [
  'anomaly.state',
  'anomaly.is_anomaly',
  'anomaly.score',
  'anomaly.behavior',
  'anomaly.incident.id',
  'anomaly.reason',
] as const;

const LIMITS = { maxDepth: 64, maxAttributesPerSpan: 256, maxSpans: 100_000 };
const bytes = (buffer: Buffer): Buffer => buffer;
const NO_BYTES = Buffer.alloc(0);

/** An anomaly, as its span tells. */
export interface FlaggedSpan {
  readonly spanId: string;
  readonly score: number;
  readonly behavior: string;
  readonly incidentId: string;
  readonly reason: string;
}

export class DemoNextHop {
  /** All spans that arrived, and of the SERVER spans those with a score and those of the time of learning. */
  spans = 0;
  scoredSpans = 0;
  learningSpans = 0;
  readonly flagged: FlaggedSpan[] = [];
  readonly #server = new Server({ 'grpc.max_receive_message_length': -1 });
  readonly #view = new RequestView(new KeyTable(KEYS, []), LIMITS, new Set([SpanKind.SERVER]));

  constructor() {
    const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
    const coding = {
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    };
    this.#server.addService(
      { Export: { path, requestStream: false, responseStream: false, ...coding } },
      {
        Export: (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
          this.#take(call.request);
          answer(null, NO_BYTES);
        },
      },
    );
  }

  /** Listens on a free loopback port; returns it as host:port. */
  async start(): Promise<string> {
    const bind = promisify(this.#server.bindAsync.bind(this.#server));
    return `127.0.0.1:${await bind('127.0.0.1:0', ServerCredentials.createInsecure())}`;
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  #take(body: Buffer): void {
    const view = this.#view;
    view.begin(body);
    while (!view.scan(Number.MAX_SAFE_INTEGER));
    this.spans += view.spanCount;
    for (let n = 0; n < view.scorableCount; n++) {
      view.select(n);
      if (view.valueKind(KEYS.indexOf('anomaly.state')) !== ValueKind.NONE) this.learningSpans++;
      else this.scoredSpans++;
      if (view.number(KEYS.indexOf('anomaly.is_anomaly')) !== 1) continue;
      this.flagged.push({
        spanId: body.toString('hex', view.spanIdOffset, view.spanIdOffset + 8),
        score: view.number(KEYS.indexOf('anomaly.score')),
        behavior: view.text(KEYS.indexOf('anomaly.behavior')),
        incidentId: view.text(KEYS.indexOf('anomaly.incident.id')),
        reason: view.text(KEYS.indexOf('anomaly.reason')),
      });
    }
  }
}
