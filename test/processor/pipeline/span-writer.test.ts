import { ATTRIBUTES } from '../../../processor/src/otlp/attributes.ts';
import { annotate, SpanAnnotations } from '../../../processor/src/otlp/annotate.ts';
import { Judgement } from '../../../processor/src/pipeline/judgement.ts';
import type { Scorer } from '../../../processor/src/pipeline/scorer.ts';
import { SpanWriter } from '../../../processor/src/pipeline/span-writer.ts';
import { decodeWithBufbuild, spansOf } from '../../support/otlp-judges.ts';
import { calls, request } from './requests.ts';
import { Stage } from './stage.ts';

const SCORER = {
  behavior: () => 'enumeration',
  reason: () => '41 distinct object ids in 5 min, usually 2',
  topFeatures: () => ['objects', 'not_found'],
} as unknown as Scorer;

const FOUND = {
  score: 0.876,
  userScore: 0.876,
  addressScore: 0.25,
  endpointScore: 0.125,
  isAnomaly: true,
  kind: 'user' as const,
  slot: 3,
  evidence: 17.5,
  isolationScore: 0.75,
};
const anomaly = Object.assign(new Judgement(), FOUND);
const ordinary = Object.assign(new Judgement(), FOUND, { score: 0.125, userScore: 0.125, isAnomaly: false });

/** What CONTRACT says of the attributes an anomaly carries: key, type of AnyValue, value. */
const FULL = [
  ['anomaly.score', 'doubleValue', 0.876],
  ['anomaly.is_anomaly', 'boolValue', true],
  ['anomaly.model.version', 'stringValue', 'm-1'],
  ['anomaly.score_percent', 'intValue', 88n],
  ['anomaly.evidence', 'doubleValue', 17.5],
  ['anomaly.isolation_score', 'doubleValue', 0.75],
  ['anomaly.user.score', 'doubleValue', 0.876],
  ['anomaly.address.score', 'doubleValue', 0.25],
  ['anomaly.endpoint.score', 'doubleValue', 0.125],
  ['anomaly.behavior', 'stringValue', 'enumeration'],
  ['anomaly.reason', 'stringValue', '41 distinct object ids in 5 min, usually 2'],
  ['anomaly.features', 'arrayValue', ['objects', 'not_found']],
  ['anomaly.incident.id', 'stringValue', 'i_1'],
];

/** Key, type and value of the attributes of ours on the only span. */
function written(detail: 'compact' | 'full', judgement: Judgement, incident?: string): unknown[] {
  const annotations = new SpanAnnotations();
  new SpanWriter('anomaly.', detail, SCORER).scored(annotations, 0, judgement, 'm-1', incident);
  return read(annotations);
}

function read(annotations: SpanAnnotations): unknown[] {
  const [span] = spansOf(decodeWithBufbuild(annotate(new Stage().view(request(calls(1))), annotations)));
  return span!.attributes
    .filter(({ key }) => key.startsWith('anomaly.'))
    .map(({ key, value }) => {
      const any = value!.value;
      const content = any.case === 'arrayValue' ? any.value.values.map((element) => element.value.value) : any.value;
      return [key, any.case, content];
    });
}

describe('what is written onto a span', () => {
  test.each(['compact', 'full'] as const)(
    'an anomaly carries every attribute with its type, in %s detail',
    (detail) => {
      expect(written(detail, anomaly, 'i_1')).toEqual(FULL);
    },
  );

  test('together with the state these are all the attributes there are', () => {
    const keys = new Set([...FULL.map(([key]) => key), 'anomaly.state']);
    expect(keys).toEqual(new Set(Object.keys(ATTRIBUTES).map((name) => `anomaly.${name}`)));
  });

  test('an ordinary span carries the score, the verdict and the model, and no more in compact detail', () => {
    expect(written('compact', ordinary)).toEqual([
      ['anomaly.score', 'doubleValue', 0.125],
      ['anomaly.is_anomaly', 'boolValue', false],
      ['anomaly.model.version', 'stringValue', 'm-1'],
    ]);
  });

  test('in full detail it carries the explanation too, but no incident', () => {
    const keys = (written('full', ordinary) as [string][]).map(([key]) => key);
    expect(keys).toEqual(FULL.map(([key]) => key).filter((key) => key !== 'anomaly.incident.id'));
  });

  test.each([
    [0, 0n],
    [0.004, 0n],
    [0.005, 1n],
    [0.994, 99n],
    [1, 100n],
  ])('the score %f is %d per cent', (score, percent) => {
    const judgement = Object.assign(new Judgement(), FOUND, { score });
    expect(written('compact', judgement)).toContainEqual(['anomaly.score_percent', 'intValue', percent]);
  });

  test('a span that was not scored says why, and nothing else', () => {
    for (const state of ['learning', 'shed', 'error'] as const) {
      const annotations = new SpanAnnotations();
      new SpanWriter('anomaly.', 'full', SCORER).unscored(annotations, 0, state);
      expect(read(annotations)).toEqual([['anomaly.state', 'stringValue', state]]);
    }
  });
});
