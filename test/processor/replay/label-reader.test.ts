import { configSchema } from '../../../processor/src/config/schema.ts';
import { encodeRequest, type AttributeInput } from '../../../processor/src/otlp/request-writer.ts';
import { LabelReader } from '../../../processor/src/replay/label-reader.ts';

const config = configSchema.parse({ export: {}, receiver: {} });
const CLIENT = 3;
const SERVER = 2;

/** A request of a span a label; undefined for a span without one. */
function requestOf(labels: readonly (AttributeInput | undefined)[], kind = SERVER): Buffer {
  const spans = labels.map((label, number) => ({
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: `${number}`.padStart(16, '0'),
    kind,
    startTimeUnixNano: 1_000_000_000n,
    endTimeUnixNano: 2_000_000_000n,
    attributes: label === undefined ? {} : { truth: label },
  }));
  return encodeRequest([{ scopeSpans: [{ spans }] }]);
}

function readerOf(...requests: readonly Buffer[]): LabelReader {
  const reader = new LabelReader(config, 'truth');
  for (const request of requests) reader.read(request);
  return reader;
}

describe('the ground truth of a span', () => {
  it.each<[AttributeInput | undefined, string | undefined]>([
    ['scraping#1', 'scraping#1'],
    [' DoS ', 'DoS'],
    [7, '7'],
    [{ double: 0.5 }, '0.5'],
    [true, 'true'],
    [1, 'true'],
    [{ double: 1 }, 'true'],
    ['1', 'true'],
    ['TRUE', 'true'],
    [undefined, undefined],
    ['', undefined],
    [' ', undefined],
    [false, undefined],
    ['False', undefined],
    [0, undefined],
    [{ double: 0 }, undefined],
    ['0', undefined],
    ['None', undefined],
    ['NORMAL', undefined],
    ['Benign', undefined],
    [{ double: Number.NaN }, undefined],
    [['scraping'], undefined],
    [Buffer.from('scraping'), undefined],
  ])('of %p is %p', (value, label) => {
    expect(readerOf(requestOf([value])).labelOf(0)).toBe(label);
  });

  it('is told by the number among the spans that are judged, request by request', () => {
    const reader = readerOf(requestOf(['a', undefined, 'b']));
    expect([0, 1, 2, 3].map((span) => reader.labelOf(span))).toEqual(['a', undefined, 'b', undefined]);
    reader.read(requestOf(['c'], CLIENT));
    expect(reader.labelOf(0)).toBeUndefined();
    reader.read(requestOf([undefined, 'd']));
    expect([0, 1, 2].map((span) => reader.labelOf(span))).toEqual([undefined, 'd', undefined]);
  });
});

describe('labels that cannot be used', () => {
  it('are those that no span carries', () => {
    expect(readerOf(requestOf([undefined, undefined]), requestOf(['a'], CLIENT)).mistake).toBe(
      'No span carries truth, of 2 looked at; name the attribute that holds the ground truth.',
    );
  });

  it('are those that always say nothing', () => {
    expect(readerOf(requestOf(['normal', undefined, false])).mistake).toBe(
      'Every span that carries truth says that nothing is there ("normal"); give traces in which some say what is.',
    );
  });

  it('are those that every span has', () => {
    expect(readerOf(requestOf(['shop', 'shop']), requestOf(['cart'])).mistake).toBe(
      'Every span carries truth ("shop"), so there is nothing to tell apart; leave it out, or make it "normal", where nothing is there.',
    );
  });

  it('are not those that some have', () => {
    const reader = readerOf(requestOf(['normal', 'a', 'a', undefined]));
    expect(reader.mistake).toBeUndefined();
    expect(reader.tally).toEqual({ spans: 4, carrying: 3, labelled: 2, example: 'a' });
  });
});
