/**
 * The splice against two object codecs, on the same task: read every span, append three attributes to the SERVER ones,
 * give the new bytes.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import protobufjs from 'protobufjs';
import { annotate, AttributeWriter, SpanAnnotations } from '../../processor/src/otlp/annotate.ts';
import { ownKeys } from '../../processor/src/otlp/attributes.ts';
import { KeyTable, RequestView } from '../../processor/src/otlp/request-view.ts';
import { KeyValueSchema } from '../support/generated/opentelemetry/proto/common/v1/common_pb.ts';
import { ExportTraceServiceRequestSchema } from '../support/generated/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts';
import { RequestType } from '../support/otlp-judges.ts';
import { sampleRequest } from '../support/otlp-samples.ts';
import type { BenchSection } from './section.ts';

type Codec = (body: Buffer) => Uint8Array;

const SERVER = 2;
const BODIES = 8;
const READ_KEYS = [
  'http.request.method',
  'http.route',
  'http.response.status_code',
  'url.path',
  'user.id',
  'session.id',
  'client.address',
  'user_agent.original',
  'service.name',
];
const SCORE = 0.125;
const MODEL = 'm-2026-11-22';

const CODECS: readonly (readonly [name: string, codec: Codec])[] = [
  ['splice', spliceCodec()],
  ['protobufjs', protobufjsCodec],
  ['@bufbuild/protobuf', bufbuildCodec],
];

interface RequestShape {
  readonly spans: number;
  readonly serverShare: number;
}

const SHAPES: readonly RequestShape[] = [
  { spans: 100, serverShare: 1 },
  { spans: 100, serverShare: 0.4 },
  { spans: 1000, serverShare: 1 },
  { spans: 1000, serverShare: 0.4 },
];

/** Measures all codecs on all shapes; `quick` only shows that the benchmark works. */
export function benchCodec(options: { quick: boolean }): Promise<BenchSection> {
  const rounds = options.quick ? 2 : 12;
  const spansPerRound = options.quick ? 1000 : 20_000;
  const rows = SHAPES.flatMap((shape) => measureShape(shape, rounds, spansPerRound));
  return Promise.resolve({
    title: 'Codec: read, append three attributes, write',
    columns: [
      'spans per request',
      'SERVER',
      'codec',
      'spans per CPU-second (median)',
      'splice is faster by (median of pairs)',
    ],
    rows,
    notes: [
      'CPU time of the process (user and system, garbage collection included), one thread of work, codecs taking turns in one run; about 600 bytes a span, seeded.',
      'protobufjs: its reflection-generated code, which is as fast as its static code. It drops unknown fields, as by default; the other two keep them.',
    ],
  });
}

function measureShape(shape: RequestShape, rounds: number, spansPerRound: number): (string | number)[][] {
  const bodies = Array.from({ length: BODIES }, (_, index) => sampleRequest({ ...shape, seed: index + 1 }));
  const requests = Math.ceil(spansPerRound / shape.spans);
  const seconds = CODECS.map((): number[] => []);
  // The first two rounds warm up; they are not counted.
  for (let round = -2; round < rounds; round++) {
    for (const [index, [, codec]] of CODECS.entries()) {
      const elapsed = cpuSeconds(() => {
        for (let request = 0; request < requests; request++) codec(bodies[request % BODIES]!);
      });
      if (round >= 0) seconds[index]!.push(elapsed);
    }
  }
  const [splice = []] = seconds;
  return CODECS.map(([name], index) => {
    const own = seconds[index]!;
    const ratio = median(own.map((elapsed, round) => elapsed / splice[round]!));
    const rate = Math.round((requests * shape.spans) / median(own));
    return [shape.spans, `${shape.serverShare * 100} %`, name, rate, index === 0 ? '1' : ratio.toFixed(1)];
  });
}

function spliceCodec(): Codec {
  const limits = { maxDepth: 64, maxAttributesPerSpan: 256, maxSpans: 100_000 };
  const view = new RequestView(new KeyTable(READ_KEYS, ownKeys('anomaly.')), limits, new Set([SERVER]));
  const annotations = new SpanAnnotations();
  const attributes = new AttributeWriter('anomaly.');
  return (body) => {
    view.begin(body);
    while (!view.scan(256));
    annotations.reset();
    for (let span = 0; span < view.scorableCount; span++) {
      view.select(span);
      annotations.select(span);
      attributes.double(annotations, 'score', SCORE + view.textLength(1));
      attributes.bool(annotations, 'is_anomaly', false);
      attributes.string(annotations, 'model.version', MODEL);
    }
    return annotate(view, annotations);
  };
}

interface PlainRequest {
  resourceSpans: { scopeSpans: { spans: { kind: number; attributes: object[] }[] }[] }[];
}

function protobufjsCodec(body: Buffer): Uint8Array {
  const reader = protobufjs.Reader.create(body);
  reader.discardUnknown = true; // its default
  const request = RequestType.decode(reader);
  for (const { scopeSpans } of (request as unknown as PlainRequest).resourceSpans) {
    for (const { spans } of scopeSpans) {
      for (const { kind, attributes } of spans) {
        if (kind !== SERVER) continue;
        attributes.push(
          { key: 'anomaly.score', value: { doubleValue: SCORE + attributes.length } },
          { key: 'anomaly.is_anomaly', value: { boolValue: false } },
          { key: 'anomaly.model.version', value: { stringValue: MODEL } },
        );
      }
    }
  }
  return RequestType.encode(request).finish();
}

function bufbuildCodec(body: Buffer): Uint8Array {
  const request = fromBinary(ExportTraceServiceRequestSchema, body);
  for (const { scopeSpans } of request.resourceSpans) {
    for (const { spans } of scopeSpans) {
      for (const { kind, attributes } of spans) {
        if (Number(kind) !== SERVER) continue;
        attributes.push(
          create(KeyValueSchema, {
            key: 'anomaly.score',
            value: { value: { case: 'doubleValue', value: SCORE + attributes.length } },
          }),
          create(KeyValueSchema, {
            key: 'anomaly.is_anomaly',
            value: { value: { case: 'boolValue', value: false } },
          }),
          create(KeyValueSchema, {
            key: 'anomaly.model.version',
            value: { value: { case: 'stringValue', value: MODEL } },
          }),
        );
      }
    }
  }
  return toBinary(ExportTraceServiceRequestSchema, request);
}

function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
