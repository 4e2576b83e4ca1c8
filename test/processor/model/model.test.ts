import { assert, integer, property } from 'fast-check';
import { ENTITY_KINDS } from '../../../processor/src/features/entity-states.ts';
import { FEATURE_NAMES } from '../../../processor/src/features/features.ts';
import { EntityDetector } from '../../../processor/src/model/entity-detector.ts';
import { Model } from '../../../processor/src/model/model.ts';
import { train } from '../../../processor/src/model/train.ts';
import { Crowd, trainingRows } from './synthetic-rows.ts';

const crowds = ENTITY_KINDS.map((kind) => new Crowd(kind, 20, 21));
const training = crowds.map((crowd) => trainingRows(crowd.kind, crowd.rows(150)));
const fresh = crowds.map((crowd) => crowd.rows(50));

function trainedBytes(seed = 1): Uint8Array {
  const settings = { seed, trees: 5, sampleSize: 32 };
  const thresholds = { user: 1e-4, address: 1e-4, endpoint: 1e-4 };
  const gates = { judged: [], minEntities: 1, approved: undefined };
  const input = { version: 'm-1', trainedAtSeconds: 1_789_000_000, settings, kinds: training, thresholds, ...gates };
  return new Uint8Array(train(input).model);
}

const bytes = trainedBytes();

/** Layout of the buffer: magic, format and length of the JSON part as 32-bit words, then the JSON part, then the data. */
const JSON_AT = 12;
const jsonLength = new DataView(bytes.buffer).getUint32(8, true);

/** A model with its JSON part changed. */
function described(change: (json: string) => string, of = bytes): Uint8Array {
  const end = JSON_AT + new DataView(of.buffer).getUint32(8, true);
  const json = Buffer.from(change(Buffer.from(of.subarray(JSON_AT, end)).toString('utf8')));
  const header = Buffer.from(of.subarray(0, JSON_AT));
  header.writeUInt32LE(json.byteLength, 8);
  return new Uint8Array(Buffer.concat([header, json, of.subarray(end)]));
}

/** A model as it was written before it held quantiles. */
function inFormatOne({ provenance, detectors }: Model): Uint8Array {
  const without = Object.values(detectors).map(
    ({ parts }) => [parts.kind, new EntityDetector({ ...parts, quantiles: undefined })] as const,
  );
  const written = new Uint8Array(new Model(provenance, Object.fromEntries(without)).serialise());
  const old = described((json) => json.replaceAll(',"quantiles":0', ''), written);
  new DataView(old.buffer, old.byteOffset).setUint32(4, 1, true);
  return old;
}

/** The same model with another 32-bit word at the start. */
function withWord(index: number, value: number): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setUint32(4 * index, value, true);
  return copy;
}

/** All that a detector says of a row. */
function verdict(detector: EntityDetector, row: Float32Array): unknown[] {
  const fused = detector.evaluate(row);
  const { featureEvidence, themeEvidence } = detector;
  return [
    fused,
    detector.rarity(fused, row.at(-1)!),
    detector.isolate(row),
    Array.from(featureEvidence),
    Array.from(themeEvidence),
    FEATURE_NAMES[detector.parts.kind].map((_, column) => detector.expected(row, column)),
  ];
}

const verdicts = (model: Model): unknown[] =>
  ENTITY_KINDS.flatMap((kind, index) => fresh[index]!.map(({ values }) => verdict(model.detectors[kind]!, values)));

describe('a model', () => {
  it('comes back from its bytes with the same judgement of every row', () => {
    const first = Model.from(bytes);
    const second = Model.from(new Uint8Array(first.serialise()));
    expect(verdicts(second)).toEqual(verdicts(first));
    expect(second.provenance).toEqual({
      version: 'm-1',
      trainedAtSeconds: 1_789_000_000,
      rows: { user: 150, address: 150, endpoint: 150 },
      entities: { user: 20, address: 20, endpoint: 20 },
      seed: 1,
    });
    expect(second.detectors.user!.parts.windowsPerDay).toBe(training[0]!.windowsPerDay);
  });

  it('has the same bytes for the same seed and rows, and others for another seed', () => {
    expect(Buffer.from(trainedBytes()).equals(bytes)).toBe(true);
    expect(Buffer.from(Model.from(bytes).serialise()).equals(bytes)).toBe(true);
    expect(Buffer.from(trainedBytes(2)).equals(bytes)).toBe(false);
  });

  it('is read from the middle of a larger buffer as well', () => {
    const padded = new Uint8Array(bytes.length + 8);
    padded.set(bytes, 5);
    expect(Model.from(padded.subarray(5, 5 + bytes.length)).provenance.version).toBe('m-1');
  });

  it('holds the quantiles of its features', () => {
    const { quantiles } = Model.from(bytes).detectors.user!.parts;
    const calls = training[0]!.rows.filter((_, index) => index % training[0]!.width === 0).toSorted();
    const median = quantiles!.quantile(0, 0.5);
    expect(calls.filter((value) => value <= median).length).toBeGreaterThan(60);
    expect(calls.filter((value) => value >= median).length).toBeGreaterThan(60);
    expect(quantiles!.quantile(0, 1)).toBe(calls.at(-1));
  });

  it('of format 1 has none, and judges as ever', () => {
    const model = Model.from(bytes);
    const old = Model.from(inFormatOne(model));
    expect(ENTITY_KINDS.map((kind) => old.detectors[kind]!.parts.quantiles)).toEqual([undefined, undefined, undefined]);
    expect(verdicts(old)).toEqual(verdicts(model));
  });

  it('may judge some kinds only', () => {
    const { detectors, provenance } = Model.from(bytes);
    const some = new Model(provenance, { address: detectors.address! });
    const again = Model.from(new Uint8Array(some.serialise()));
    expect(Object.keys(again.detectors)).toEqual(['address']);
    expect(Object.keys(Model.from(new Uint8Array(new Model(provenance, {}).serialise())).detectors)).toEqual([]);
  });
});

describe('a buffer is refused with the reason when it', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['is empty', new Uint8Array(), /not a model: it has 0 bytes/],
    ['ends in its header', bytes.subarray(0, 7), /not a model: it has 7 bytes/],
    ['is something else', new Uint8Array(Buffer.from('{"model": "no"}')), /not a model: it does not start with APAM/],
    ['is of a newer format', withWord(1, 3), /format 3 is newer than 2; use a newer version/],
    ['ends before its data', bytes.subarray(0, bytes.length - 1), /ends before its data does/],
    ['goes on after its data', new Uint8Array([...bytes, 0]), /goes on after its data/],
    ['has a description of another length', withWord(2, jsonLength - 1), /damaged: its description cannot be read/],
    ['has a description beyond its end', withWord(2, 0xffff_ffff), /damaged|ends before/],
    ['describes nothing', described(() => 'null'), /damaged: its description cannot be read/],
    ['has no version', described((json) => json.replace('"m-1"', '1')), /damaged: its description contradicts/],
    ['judges what there is not', described((json) => json.replace('"user","f', '"host","f')), /contradicts itself/],
    [
      'judges by a name of Object',
      described((json) => json.replace('"user","f', '"toString","f')),
      /contradicts itself/,
    ],
    ['has a band too many', described((json) => json.replace('"bandOf":[0', '"bandOf":[7')), /contradicts itself/],
    ['lacks a mean', described((json) => json.replace(/"means":\[[^,]*,/, '"means":[')), /contradicts itself/],
    [
      'was trained on other features',
      described((json) => json.replace('"burst"', '"bursts"')),
      /trained on other user features; train again/,
    ],
    [
      'has another number of quantiles',
      described((json) => json.replace('"quantiles":27', '"quantiles":26')),
      /contradicts itself/,
    ],
    [
      'lacks a forest',
      described((json) => json.replace(/("forestBytes":\[)\d+,/, '$1')),
      /isolation forest|other user features|ends|goes on/,
    ],
  ])('%s', (_, damaged, reason) => {
    expect(() => Model.from(damaged)).toThrow(reason);
  });

  it('is cut short anywhere', () => {
    assert(
      property(integer({ min: 0, max: bytes.length - 1 }), (length) => {
        expect(() => Model.from(bytes.subarray(0, length))).toThrow(/\w+ \w+/);
      }),
    );
  });

  it('has forests over other columns', () => {
    const { detectors, provenance } = Model.from(bytes);
    const { parts } = detectors.user!;
    const user = new EntityDetector({ ...parts, forests: parts.forests.toReversed() });
    const model = new Model(provenance, { user });
    expect(() => Model.from(new Uint8Array(model.serialise()))).toThrow(/forests over other user features/);
  });
});

test('damage of any byte is refused with an Error or leaves a model that judges: the store has the checksum', () => {
  assert(
    property(integer({ min: 0, max: bytes.length - 1 }), integer({ min: 1, max: 255 }), (at, flip) => {
      const damaged = bytes.slice();
      damaged[at]! ^= flip;
      let model: Model;
      try {
        model = Model.from(damaged);
      } catch (error) {
        expect(String(error)).toMatch(/model|forest|tail/i);
        return;
      }
      for (const [index, kind] of ENTITY_KINDS.entries()) {
        const detector = model.detectors[kind];
        if (detector !== undefined) expect(typeof detector.evaluate(fresh[index]![0]!.values)).toBe('number');
      }
    }),
    { numRuns: 300 },
  );
});
