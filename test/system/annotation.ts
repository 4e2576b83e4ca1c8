import type { OtlpSpan } from './otlp-span.ts';

/** The attributes that the public contract lets the processor write; written out here, so that the tests hold its code to it. */
const CONTRACT_KEYS = new Set([
  'anomaly.score',
  'anomaly.is_anomaly',
  'anomaly.model.version',
  'anomaly.state',
  'anomaly.score_percent',
  'anomaly.evidence',
  'anomaly.isolation_score',
  'anomaly.user.score',
  'anomaly.address.score',
  'anomaly.endpoint.score',
  'anomaly.behavior',
  'anomaly.reason',
  'anomaly.features',
  'anomaly.incident.id',
]);

const SERVER = 2;

/** The span as it was before the processor wrote its attributes. */
export function withoutAnnotations(span: OtlpSpan): OtlpSpan {
  const original = Object.entries(span.attributes).filter(([key]) => !CONTRACT_KEYS.has(key));
  return { ...span, attributes: Object.fromEntries(original) };
}

/**
 * Holds a span to the contract: one of kind SERVER carries a score with a verdict and the model's version, or the state
 * that says why not; any other carries nothing of ours. Returns `scored`, the state, or `untouched`.
 */
export function annotationOf(span: OtlpSpan): string {
  const own = Object.keys(span.attributes).filter((key) => CONTRACT_KEYS.has(key));
  if (span.kind !== SERVER) {
    expect(own).toEqual([]);
    return 'untouched';
  }
  const state = span.attributes['anomaly.state'];
  if (state !== undefined) {
    expect(own).toEqual(['anomaly.state']);
    expect(['learning', 'shed', 'error']).toContain(state);
    return String(state);
  }
  expect(span.attributes['anomaly.score']).toBeGreaterThanOrEqual(0);
  expect(span.attributes['anomaly.score']).toBeLessThanOrEqual(1);
  expect(typeof span.attributes['anomaly.is_anomaly']).toBe('boolean');
  expect(span.attributes['anomaly.model.version']).toEqual(expect.stringMatching(/./));
  return 'scored';
}
