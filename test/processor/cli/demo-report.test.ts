import { incidentLine, metricsText, scoreCardText, sumMetrics } from '../../../processor/src/cli/demo-report.ts';
import type { ScoreCard } from '../../../processor/src/cli/demo-score-card.ts';

const incident = {
  id: 'i1',
  behavior: 'enumeration',
  severity: 'high',
  score: 0.875,
  kind: 'user',
  entity: 'u_0123456789abcdef',
  service: 'edge-gateway',
  endpoint: 'GET /api/v1/orders/{order_id}',
  reason: '41 distinct object ids in 1 min, usually 2',
  startSeconds: Date.UTC(2026, 0, 14, 13, 5) / 1000,
};

const EXPOSITION = `# HELP api_anomaly_incidents_total Incidents.
# TYPE api_anomaly_incidents_total counter
api_anomaly_incidents_total{behavior="scraping",severity="low"} 2
api_anomaly_incidents_total{behavior="scraping",severity="high"} 1
api_anomaly_incidents_total{behavior="latency",severity="low"} 4
api_anomaly_unscored_spans_total{reason="learning"} 1200
api_anomaly_unscored_spans_total{reason="kind"} 34
api_anomaly_exported_spans_total 5000
`;

const card: ScoreCard = {
  episodes: [
    {
      episode: {
        number: 1,
        behavior: 'enumeration',
        intensity: 'medium',
        entityKind: 'user',
        entities: ['mallory'],
        fromMs: 0,
        untilMs: 1,
        label: 'enumeration#1',
      },
      labelledSpans: 20,
      flaggedSpans: 12,
      foundAs: ['enumeration', 'scraping', 'latency'],
      delayMs: 150_000,
    },
  ],
  found: 1,
  missed: 0,
  falseAlarms: [{ id: 'i1', behavior: 'latency', reason: 'slow', score: 0.7, spans: 3 }],
  incidents: 2,
  ordinarySpans: 20_000,
  ordinaryFlagged: 3,
};

describe('the demo report', () => {
  it('puts an incident on one line of a pipe, in simulated time, with who, where and why', () => {
    expect(incidentLine(incident, 3_600_000, { isTerminal: false })).toBe(
      '12:05 high     enumeration u_0123456789abcdef at edge-gateway GET /api/v1/orders/{order_id}: ' +
        '41 distinct object ids in 1 min, usually 2 (score 0.88)',
    );
  });

  it('names the endpoint alone where an endpoint is unusual', () => {
    const line = incidentLine({ ...incident, kind: 'endpoint', entity: 'GET /search' }, 0, { isTerminal: false });
    expect(line).toContain('enumeration edge-gateway GET /search: 41');
  });

  it('keeps each line of a terminal within 100 columns', () => {
    const long = { ...incident, endpoint: `GET /${'segment/'.repeat(20)}` };
    const shown = incidentLine(long, 0, { isTerminal: true });
    // oxlint-disable-next-line no-control-regex
    const lines = shown.replaceAll(/\u001b\[\d+m/g, '').split('\n');
    expect(lines.length).toBe(2);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('shows per attack whether, when and as what it was found, and every false alarm', () => {
    const text = scoreCardText(card, new Map([['i1', incident]]), { isTerminal: false });
    expect(text).toMatch(/enumeration +medium +yes +3 min +12 of 20 +enumeration, scraping$/m);
    expect(text).toContain('Found 1 of 1 attacks, missed 0. False alarms: 1 of 2 incidents.');
    expect(text).toContain('Of 20,000 ordinary requests 3 were flagged (0.015 %).');
    expect(text).toMatch(
      /latency +u_0123456789abcdef at edge-gateway GET \/api\/v1\/orders\/\{order_id\}\n +slow \(score 0.70, 3 spans\)/,
    );
    // oxlint-disable-next-line no-control-regex
    expect(text).not.toMatch(/\u001b/);
  });

  it('adds up counters by name and by label', () => {
    const sums = sumMetrics(EXPOSITION);
    expect(sums.get('api_anomaly_incidents_total')).toBe(7);
    expect(sums.get('api_anomaly_incidents_total{behavior="scraping"}')).toBe(3);
    expect(sums.get('api_anomaly_incidents_total{severity="low"}')).toBe(6);
    expect(sums.get('api_anomaly_exported_spans_total')).toBe(5000);
  });

  it('sums the metrics up', () => {
    const text = metricsText(EXPOSITION, 'http://127.0.0.1:1/metrics', { isTerminal: false });
    expect(text).toContain('http://127.0.0.1:1/metrics, 6 series');
    expect(text).toContain('1,234 (learning 1,200, not SERVER 34)');
    expect(text).toContain('7 (scraping 3, latency 4)');
  });
});
