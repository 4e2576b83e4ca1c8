/** The sample API of the compose file, as its image starts it, with its callers, in front of a real processor. */
import { ChildProgram } from '../support/child-program.ts';
import { freePorts } from '../support/free-ports.ts';
import { Processor } from '../support/processor.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { endAll } from './chain.ts';

const ENOUGH_SPANS = 200;

afterEach(endAll);

test('the calls of the traffic generator arrive as spans that name their user and their route', async () => {
  const processor = await Processor.create(temporaryFolder(), {});
  await processor.start();
  const [port] = (await freePorts(1)) as [number];
  const api = `http://127.0.0.1:${port}`;
  const shop = new ChildProgram(
    process.execPath,
    ['--require', './deploy/sample-api/instrumentation.cjs', 'deploy/sample-api/server.cjs'],
    {
      PORT: String(port),
      OTEL_SERVICE_NAME: 'shop',
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${processor.httpAddress}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_BSP_SCHEDULE_DELAY: '200',
    },
  );
  await shop.ready(async () => (await fetch(`${api}/health`).catch(() => undefined))?.ok === true);
  const callers = new ChildProgram(process.execPath, ['deploy/sample-api/traffic.cjs'], { API: api, USERS: '1500' });

  await callers.ready(async () => {
    return (await processor.metric('api_anomaly_unscored_spans_total', 'reason="learning"')) > ENOUGH_SPANS;
  });
  expect(await processor.metric('api_anomaly_identified_spans_ratio')).toBe(1);
  expect(await processor.metric('api_anomaly_routed_spans_ratio')).toBe(1);
  // The routes of the people: sign in, list, product, and now and then an order.
  const endpoints = await processor.metric('api_anomaly_tracked_entities', 'entity="endpoint"');
  expect(endpoints).toBeGreaterThanOrEqual(3);
  expect(endpoints).toBeLessThanOrEqual(5);
  expect(await callers.stop()).toMatchObject({ code: 0 });
  expect(await shop.stop()).toMatchObject({ code: 0 });
});
