import type { CandidateMeasures } from '../../../processor/src/model/candidate-measures.ts';
import { checkGates, type GateContext } from '../../../processor/src/model/gates.ts';

/** What nothing is wrong with. */
const sound: CandidateMeasures = {
  kind: 'user',
  rows: 5000,
  entities: 300,
  leftOutShare: 0.002,
  rareShare: 0.0001,
  scores: [0.9, 0.1, 0, 0, 0, 0, 0, 0, 0, 0],
  golden: [
    { behavior: 'enumeration', recall: 1, approvedRecall: 1 },
    { behavior: 'scraping', recall: 0.9, approvedRecall: 0.9 },
  ],
  against: { oddShare: 0.01, approvedOddShare: 0.01, shift: 0.02 },
};
const context: GateContext = { judged: ['user'], minEntities: 20 };

const measured = (...changes: Partial<CandidateMeasures>[]): CandidateMeasures[] =>
  changes.map((change) => ({ ...sound, ...change }));

const failed = (measures: CandidateMeasures[], asked: Partial<GateContext> = {}): string[] =>
  checkGates(measures, { ...context, ...asked })
    .filter(({ passed }) => !passed)
    .map(({ gate, detail }) => `${gate}: ${detail}`);

test('a sound candidate passes all gates, each with what was measured and what is allowed', () => {
  const gates = checkGates([sound], context);
  expect(gates.every(({ passed }) => passed)).toBe(true);
  expect(gates.map(({ gate, detail }) => `${gate}: ${detail}`)).toEqual([
    'kinds: judges user',
    'sample: user 5000 rows of 300, 0.2 % left out as suspect; at least 20 users or addresses, at most 50 % left out',
    'alert_rate: user 0.01 %, of 1 in 100 1 % (approved 1 %) of training rows rarer than 1 in 10 000; at most 1 %, ' +
      "and of 1 in 100 half to twice the approved model's, not counting below 2.5 %",
    "golden_attacks: user 0.95 (approved 0.95) of planted attacks found; at least 0.5 and 0.95 of the approved model's",
    "score_distribution: PSI user 0.02 against the approved model's scores; at most 0.5",
  ]);
});

describe('the gate on kinds', () => {
  it('lets pass what judges as many kinds as before, or more', () => {
    expect(failed(measured({}, { kind: 'address' }))).toEqual([]);
    expect(failed([sound], { judged: [] })).toEqual([]);
  });

  it('keeps out what judges nobody', () => {
    expect(failed([], { judged: [], minEntities: 0 })).toEqual(['kinds: judges nobody']);
  });

  it('keeps out what no longer judges a kind that is judged now', () => {
    expect(failed([sound], { judged: ['user', 'address', 'endpoint'] })).toEqual([
      'kinds: no longer judges address, endpoint',
    ]);
  });
});

describe('the gate on the sample', () => {
  it('keeps out what was learned from too few users and addresses; endpoints are neither', () => {
    expect(failed(measured({ entities: 19 }))[0]).toMatch(/^sample: .*at least 20 users or addresses/);
    expect(failed(measured({ entities: 19 }, { kind: 'endpoint', entities: 100 }))).toHaveLength(1);
    expect(failed(measured({ entities: 19 }, { kind: 'address', entities: 20 }))).toEqual([]);
  });

  it('keeps out what was learned from the smaller half of the rows', () => {
    expect(failed(measured({ leftOutShare: 0.5 }))).toEqual([]);
    expect(failed(measured({ leftOutShare: 0.51 }))[0]).toContain('51 % left out as suspect');
  });
});

describe('the gate on the alert rate', () => {
  it('keeps out what finds many of its own rows rare', () => {
    expect(failed(measured({ rareShare: 0.01 }))).toEqual([]);
    expect(failed(measured({ rareShare: 0.1234 }))[0]).toMatch(/^alert_rate: user 12\.34 %/);
  });

  it.each([
    [0.05, 0.025, true],
    [0.051, 0.025, false],
    [0.03, 0.06, true],
    [0.03, 0.061, false],
    // Below the floor of 2.5 % all are alike.
    [0.0001, 0.02, true],
    [0.0001, 0.051, false],
  ])('%f of odd rows where the approved model finds %f: passes %p', (oddShare, approvedOddShare, passes) => {
    expect(failed(measured({ against: { oddShare, approvedOddShare, shift: 0 } }))).toHaveLength(passes ? 0 : 1);
  });
});

const golden = (recall: number, approvedRecall?: number): Partial<CandidateMeasures> => ({
  golden: [{ behavior: 'enumeration', recall, approvedRecall }],
});

describe('the gate on golden attacks', () => {
  it('asks a first model to find half of them', () => {
    expect(failed(measured(golden(0.5)))).toEqual([]);
    expect(failed(measured(golden(0.49)))[0]).toMatch(/^golden_attacks: user 0\.49/);
  });

  it('asks later ones to find nearly as many as the approved one, of each kind, and names what is missed', () => {
    expect(failed(measured(golden(0.95, 1)))).toEqual([]);
    expect(failed(measured(golden(1, 1), { kind: 'address', ...golden(0.94, 1) }))[0]).toContain(
      'address 0.94 (approved 1.00), less of enumeration',
    );
    expect(failed(measured(golden(0.49, 0.4)))).toHaveLength(1);
  });
});

test('the gate on the score distribution keeps out what scores the same rows otherwise', () => {
  const against = { oddShare: 0.01, approvedOddShare: 0.01 };
  expect(failed(measured({ against: { ...against, shift: 0.5 } }))).toEqual([]);
  expect(failed(measured({ against: { ...against, shift: 0.51 } }))[0]).toMatch(/^score_distribution: PSI user 0\.51/);
});

test('without an approved model there is nothing to compare with', () => {
  const [, , alerts, , scores] = checkGates(measured({ against: undefined }), context);
  expect([alerts!.passed, scores!.passed]).toEqual([true, true]);
  expect(scores!.detail).toContain('no approved model');
});
