/** Spans of real programs through a real collector, the processor and the collector again, to the backend. */
import { ChildProgram } from '../support/child-program.ts';
import { freePorts } from '../support/free-ports.ts';
import { Processor } from '../support/processor.ts';
import { describeWithPrograms, programPath } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { annotationOf, withoutAnnotations } from './annotation.ts';
import { Backend } from './backend.ts';
import { Chain, endAll } from './chain.ts';
import { expectExactlyOnce } from './delivery.ts';
import { expectedSpan, exportSpans, recordCalls, type SdkTransport, sdkExporter, SPANS_PER_CALL } from './sdk-spans.ts';
import { CALLS_TO_TRAIN, QUICK_MODEL, train } from './training.ts';

const CALLS = 150;
const TRANSPORTS = ['grpc', 'http/protobuf', 'http/json'] as const satisfies readonly SdkTransport[];

afterEach(endAll);

describeWithPrograms('spans of the OpenTelemetry SDK', ['otelcol'], () => {
  test.each([
    { way: 'gRPC', overHttp: false, compression: 'none' },
    { way: 'gRPC with gzip', overHttp: false, compression: 'gzip' },
    { way: 'HTTP', overHttp: true, compression: 'none' },
    { way: 'HTTP with gzip', overHttp: true, compression: 'gzip' },
  ] as const)('arrive exactly once through the collector, over $way', async ({ overHttp, compression }) => {
    const chain = await Chain.start({ overHttp, compression });
    const sent = [];
    for (const transport of TRANSPORTS) {
      const exporter = sdkExporter(transport, transport === 'grpc' ? chain.grpcAddress : chain.httpAddress);
      const spans = recordCalls(CALLS);
      expect(await exportSpans(exporter, spans)).toBe(true);
      sent.push(...spans.map(expectedSpan));
    }
    const arrived = await chain.backend.spansOnce(sent.length);
    expectExactlyOnce(arrived, sent);
    const transport = overHttp ? 'http_protobuf' : 'grpc';
    expect(await chain.processor.metric('api_anomaly_received_spans_total', `transport="${transport}"`)).toBe(
      sent.length,
    );
  });

  test('carry scores once the processor has a model', async () => {
    const chain = await Chain.start({ settings: QUICK_MODEL });
    const version = await train(chain.processor);
    const trained = SPANS_PER_CALL * CALLS_TO_TRAIN;
    const spans = recordCalls(CALLS);
    expect(await exportSpans(sdkExporter('grpc', chain.grpcAddress), spans)).toBe(true);
    const sent = new Set(spans.map((span) => span.spanContext().spanId));
    const arrived = (await chain.backend.spansOnce(trained + sent.size)).filter((span) => sent.has(span.spanId));
    expectExactlyOnce(arrived, spans.map(expectedSpan));
    const kinds = arrived.map(annotationOf);
    expect(kinds.filter((kind) => kind === 'scored')).toHaveLength(CALLS);
    expect(kinds.filter((kind) => kind === 'untouched')).toHaveLength(CALLS);
    expect(new Set(arrived.map((span) => span.attributes['anomaly.model.version']))).toEqual(
      new Set([undefined, version]),
    );
  });

  test('arrive exactly once when the SDK sends to the processor itself, over every transport and compression', async () => {
    const folder = temporaryFolder();
    const [port] = (await freePorts(1)) as [number];
    const backend = new Backend(folder, port);
    const processor = await Processor.create(folder, { export: { endpoint: backend.endpoint } });
    await Promise.all([backend.start(), processor.start()]);
    const sent = [];
    for (const transport of TRANSPORTS) {
      for (const compression of ['none', 'gzip'] as const) {
        const address = transport === 'grpc' ? processor.grpcAddress : processor.httpAddress;
        const spans = recordCalls(CALLS);
        expect(await exportSpans(sdkExporter(transport, address, compression), spans)).toBe(true);
        sent.push(...spans.map(expectedSpan));
      }
    }
    expectExactlyOnce(await backend.spansOnce(sent.length), sent);
  });
});

describeWithPrograms('spans of telemetrygen', ['otelcol', 'telemetrygen'], () => {
  const TRACES = 200;
  const CHILDREN = 4;

  test.each([
    { way: 'gRPC', overHttp: false },
    { way: 'HTTP', overHttp: true },
  ])('arrive exactly once with their attributes, over $way', async ({ overHttp }) => {
    const chain = await Chain.start({ overHttp });
    const address = overHttp ? chain.httpAddress : chain.grpcAddress;
    const generator = new ChildProgram(programPath('telemetrygen'), [
      'traces',
      `--otlp-endpoint=${address}`,
      '--otlp-insecure',
      ...(overHttp ? ['--otlp-http'] : []),
      `--traces=${TRACES}`,
      `--child-spans=${CHILDREN}`,
      '--rate=0',
      '--service=generated',
      '--telemetry-attributes=http.route="/items/{id}"',
      '--telemetry-attributes=http.response.status_code=404',
    ]);
    expect(await generator.ended).toEqual({ code: 0, signal: null });

    const arrived = await chain.backend.spansOnce(TRACES * (1 + CHILDREN));
    expect(arrived).toHaveLength(TRACES * (1 + CHILDREN));
    expect(new Set(arrived.map((span) => span.spanId)).size).toBe(arrived.length);
    expect(new Set(arrived.map((span) => span.traceId)).size).toBe(TRACES);
    for (const span of arrived) {
      annotationOf(span);
      expect(span.resource).toEqual({ 'service.name': 'generated' });
      expect(withoutAnnotations(span).attributes).toMatchObject({
        'http.route': '/items/{id}',
        'http.response.status_code': 404,
        'network.peer.address': expect.any(String),
      });
    }
  });
});
