import { ValueKind } from '../../../processor/src/otlp/request-view.ts';
import {
  attribute,
  field,
  fixed32Field,
  fixed64Field,
  intValue,
  keyValue,
  kind,
  requestOf,
  stringValue,
  varintField,
} from './wire-bytes.ts';
import { firstSpan, ROUTE, scannedView, SERVER, SERVICE, STATUS, USER } from './views.ts';

const TRACE_ID = Buffer.from('5b8efff798038103d269b633813fc60c', 'hex');
const SPAN_ID = Buffer.from('eee19b7ec3c1b174', 'hex');
const server = kind(SERVER);

const piece = (key: string, value: string): Buffer => field(1, field(1, keyValue(key, stringValue(value))));

describe('RequestView', () => {
  it('reads every field of a span that callers ask for', () => {
    const view = firstSpan(
      requestOf(
        Buffer.concat([
          field(1, TRACE_ID),
          field(2, SPAN_ID),
          field(3, 'ot=th:8'),
          field(4, Buffer.alloc(8, 1)),
          field(5, 'GET /orders'),
          server,
          fixed64Field(7, 1_544_712_660_000_000_000n),
          fixed64Field(8, 1_544_712_661_500_000_001n),
          attribute('user.id', stringValue('u-1')),
          field(15, field(2, 'boom'), varintField(3, 2)),
          fixed32Field(16, 0x8000_0101),
        ]),
      ),
    );
    const { body } = view;
    expect(view.kind).toBe(SERVER);
    expect(view.statusCode).toBe(2);
    expect(view.startSeconds).toBe(1_544_712_660);
    // 1,500,000,001 ns: subtracted as floating-point seconds, the last nanosecond would be lost.
    expect(view.durationSeconds).toBe(1.500000001);
    expect(body.subarray(view.traceIdOffset, view.traceIdOffset + 16)).toEqual(TRACE_ID);
    expect(body.subarray(view.spanIdOffset, view.spanIdOffset + 8)).toEqual(SPAN_ID);
    expect(view.parentSpanIdLength).toBe(8);
    const { traceStateOffset, traceStateLength, nameOffset, nameLength } = view;
    expect(body.toString('utf8', traceStateOffset, traceStateOffset + traceStateLength)).toBe('ot=th:8');
    expect(body.toString('utf8', nameOffset, nameOffset + nameLength)).toBe('GET /orders');
    expect(view.flags).toBe(0x8000_0101);
    expect(body.toString('utf8', view.textOffset(USER), view.textOffset(USER) + view.textLength(USER))).toBe('u-1');
    expect(view.text(USER)).toBe('u-1');
  });

  it('says that a field is absent', () => {
    const view = firstSpan(requestOf(server));
    expect([view.traceIdOffset, view.spanIdOffset, view.parentSpanIdLength]).toEqual([-1, -1, -1]);
    expect([view.traceStateOffset, view.traceStateLength, view.nameOffset, view.nameLength]).toEqual([-1, 0, -1, 0]);
    expect([view.statusCode, view.flags, view.startSeconds, view.durationSeconds]).toEqual([0, 0, 0, 0]);
    expect(view.valueKind(USER)).toBe(ValueKind.NONE);
    expect(view.textLength(USER)).toBe(0);
    expect(view.text(USER)).toBe('');
    expect(view.number(USER)).toBeNaN();
    expect(view.resourceValueKind(SERVICE)).toBe(ValueKind.NONE);
  });

  it.each([15, 17, 0])('takes a trace id of %d bytes for absent', (length) => {
    expect(firstSpan(requestOf(Buffer.concat([server, field(1, Buffer.alloc(length, 1))]))).traceIdOffset).toBe(-1);
  });

  it.each([
    ['the end before the start', 2_000_000_000n, 1_000_000_000n, -1],
    ['no end', 2_000_000_000n, 0n, 0],
    ['no start', 0n, 2_000_000_000n, 0],
    ['the far future', 0xffff_ffff_0000_0000n, 0xffff_ffff_ffff_ffffn, 4.294967295],
  ])('gives a finite duration with %s', (_what, start, end, seconds) => {
    const view = firstSpan(requestOf(Buffer.concat([server, fixed64Field(7, start), fixed64Field(8, end)])));
    expect(view.durationSeconds).toBeCloseTo(seconds, 9);
    expect(Number.isFinite(view.startSeconds)).toBe(true);
  });

  it('reads attributes before and after the kind, and the last one of a key that occurs twice', () => {
    const view = firstSpan(
      requestOf(
        Buffer.concat([
          attribute('user.id', stringValue('first')),
          attribute('http.route', stringValue('/a')),
          server,
          attribute('user.id', stringValue('last')),
          attribute('http.response.status_code', intValue(404)),
        ]),
      ),
    );
    expect(view.text(USER)).toBe('last');
    expect(view.text(ROUTE)).toBe('/a');
    expect(view.number(STATUS)).toBe(404);
  });

  it('believes the last kind of a span that gives several, as protobuf has it', () => {
    const becomesServer = Buffer.concat([kind(3), attribute('user.id', stringValue('u')), server]);
    const becomesClient = Buffer.concat([server, attribute('user.id', stringValue('u')), kind(3)]);
    const view = scannedView(requestOf(becomesClient, becomesServer));
    expect(view.scorableCount).toBe(1);
    expect(view.spanIndexOf(0)).toBe(1);
    view.select(0);
    expect(view.text(USER)).toBe('u');
  });

  it('numbers the spans of scored kinds in their order and keeps their attributes apart', () => {
    const spans = Array.from({ length: 50 }, (_, index) =>
      Buffer.concat([kind(index % 2 === 0 ? SERVER : 1), attribute('user.id', stringValue(`u-${index}`))]),
    );
    const view = scannedView(requestOf(...spans));
    expect([view.spanCount, view.scorableCount]).toEqual([50, 25]);
    // In any order of selection.
    for (let scorable = 24; scorable >= 0; scorable--) {
      view.select(scorable);
      expect(view.spanIndexOf(scorable)).toBe(2 * scorable);
      expect(view.text(USER)).toBe(`u-${2 * scorable}`);
    }
  });

  it('does not carry a value over from one span, resource or request to the next', () => {
    const withBoth = field(
      1,
      field(1, field(1, keyValue('service.name', stringValue('shop')))),
      field(2, field(2, server, attribute('user.id', stringValue('u')))),
    );
    const withNone = field(1, field(2, field(2, server)));
    const view = scannedView(Buffer.concat([withBoth, withNone]));
    view.select(0);
    expect([view.text(USER), view.resourceText(SERVICE)]).toEqual(['u', 'shop']);
    view.select(1);
    expect([view.text(USER), view.resourceText(SERVICE)]).toEqual(['', '']);
    view.begin(withBoth);
    view.scan(100);
    view.select(0);
    expect([view.text(USER), view.resourceText(SERVICE)]).toEqual(['u', 'shop']);
    view.begin(withNone);
    view.scan(100);
    view.select(0);
    expect([view.text(USER), view.resourceText(SERVICE)]).toEqual(['', '']);
  });

  it('reads a resource that comes after its scopes, or in two pieces, before and after', () => {
    const scope = field(2, field(2, server));
    const after = scannedView(field(1, scope, piece('service.name', 'late')));
    after.select(0);
    expect(after.resourceText(SERVICE)).toBe('late');
    const twice = scannedView(
      field(1, piece('user.id', 'r'), piece('service.name', 'a'), scope, piece('service.name', 'b')),
    );
    twice.select(0);
    expect([twice.resourceText(USER), twice.resourceText(SERVICE)]).toEqual(['r', 'b']);
  });
});
