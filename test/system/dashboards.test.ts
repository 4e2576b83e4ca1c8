/** The shipped rules and every query of the shipped dashboards, in a real Prometheus that scrapes a service under simulated attack. */
import { encodeRequest } from '../../processor/src/otlp/request-writer.ts';
import { batchesOf, toResourceSpans } from '../../processor/src/simulation/trace-batch.ts';
import { createWorld, EVERY_ATTACK } from '../../processor/src/simulation/world.ts';
import { namesIn } from '../contract/promql.ts';
import { alertRules } from '../support/alert-rules.ts';
import { dashboardQueries } from '../support/dashboards.ts';
import { Processor } from '../support/processor.ts';
import { describeWithPrograms } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { endAll } from './chain.ts';
import { PrometheusServer } from './prometheus-server.ts';
import { modelVersion, QUICK_MODEL } from './training.ts';

const HOURS = 6;
const QUIET_SHARE = 0.6;
const SPANS_PER_REQUEST = 500;
const TWO_SCRAPES_MS = 2000;

/** Series that begin with a fault, with an event that needs more than minutes, or with an option that is off. */
const ABSENT_WHEN_WELL = [
  'api_anomaly_duplicate_spans_total',
  'api_anomaly_refused_spans_total',
  'api_anomaly_exported_spans_total',
  'api_anomaly_export_failed_spans_total',
  'api_anomaly_export_rejected_spans_total',
  'api_anomaly_evicted_entities_total',
  'api_anomaly_store_errors_total',
  'api_anomaly_dropped_records_total',
  'api_anomaly_metric_pushes_total',
];
/** What annotations wait for has passed by the time they are asked. */
const MOMENTARY = /^annotation /;

let prometheus: PrometheusServer;

describeWithPrograms('dashboards and alert rules in Prometheus', ['prometheus'], () => {
  beforeAll(async () => {
    const processor = await Processor.create(temporaryFolder(), QUICK_MODEL);
    await processor.start();
    prometheus = await PrometheusServer.start(processor);
    await playAttacks(processor);
    // Each rule group has its own second to be evaluated at, once or twice a minute: all of them, after a scrape that saw the attack.
    const seenMs = Date.now() + TWO_SCRAPES_MS;
    await processor.program?.ready(
      async () => (await prometheus.rules()).every(({ lastEvaluation }) => Date.parse(lastEvaluation) > seenMs),
      90_000,
    );
  });
  afterAll(endAll);

  test('every rule is evaluated without an error', async () => {
    const evaluated = await prometheus.rules();
    expect(evaluated.map(({ name }) => name).toSorted()).toEqual(
      alertRules()
        .map(({ alert }) => alert)
        .toSorted(),
    );
    expect(evaluated.filter(({ health }) => health !== 'ok')).toEqual([]);
  });

  test('an attack is an alert at once, and there is no other', async () => {
    const firing = (await prometheus.rules()).filter(({ state }) => state === 'firing').map(({ name }) => name);
    expect(firing).toEqual(['ApiAnomalyIncident']);
  });

  test.each(dashboardQueries())('$dashboard, $place can be drawn: $expression', async ({ place, expression }) => {
    const values = await prometheus.values(expression);
    const mayBeEmpty =
      MOMENTARY.test(place) || namesIn(expression).metrics.every((name) => ABSENT_WHEN_WELL.includes(name));
    expect(values.length > 0 || mayBeEmpty).toBe(true);
  });
});

/** Sends some simulated hours, the last of which is now: quiet ones until there is a model, then attacks. */
async function playAttacks(processor: Processor): Promise<void> {
  const world = createWorld({
    seed: 7,
    users: 150,
    days: HOURS / 24,
    startMs: Date.UTC(2026, 0, 14, 8),
    attacks: EVERY_ATTACK,
    intensity: 'high',
    quietShare: QUIET_SHARE,
  });
  const shiftMs = Date.now() - world.endMs;
  const loudMs = world.startMs + QUIET_SHARE * (world.endMs - world.startMs);
  let hasModel = false;
  for (const batch of batchesOf(world, SPANS_PER_REQUEST)) {
    if (!hasModel && batch[0]!.startMs > loudMs) {
      await processor.program?.ready(async () => (await modelVersion(processor)) !== undefined);
      hasModel = true;
    }
    const answer = await fetch(`http://${processor.httpAddress}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: new Uint8Array(encodeRequest(toResourceSpans(batch, { shiftMs }))),
    });
    expect(answer.status).toBe(200);
  }
}
