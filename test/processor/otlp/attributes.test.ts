import { ATTRIBUTES, ATTRIBUTE_NAMES, ownKeys } from '../../../processor/src/otlp/attributes.ts';

describe('ATTRIBUTES', () => {
  it('are the attributes of the public contract, with their types', () => {
    expect(
      Object.fromEntries(Object.entries(ATTRIBUTES).map(([name, { type, on }]) => [name, `${type} ${on}`])),
    ).toEqual({
      score: 'double scored',
      is_anomaly: 'bool scored',
      'model.version': 'string scored',
      state: 'string unscored',
      score_percent: 'int anomaly',
      evidence: 'double anomaly',
      isolation_score: 'double anomaly',
      'user.score': 'double anomaly',
      'address.score': 'double anomaly',
      'endpoint.score': 'double anomaly',
      behavior: 'string anomaly',
      reason: 'string anomaly',
      features: 'string[] anomaly',
      'incident.id': 'string anomaly',
    });
  });

  it('never leave out the verdict, however small the next hop', () => {
    const kept = ATTRIBUTE_NAMES.filter((name) => !ATTRIBUTES[name].optional);
    expect(kept).toEqual(expect.arrayContaining(['score', 'is_anomaly', 'state', 'behavior', 'incident.id']));
  });

  it('have the configured prefix in their keys', () => {
    expect(ownKeys('api.')).toHaveLength(ATTRIBUTE_NAMES.length);
    expect(ownKeys('api.')).toContain('api.model.version');
  });
});
