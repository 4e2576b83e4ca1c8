import { WireError } from '../../../processor/src/otlp/request-view.ts';
import { annotate } from '../../../processor/src/otlp/annotate.ts';
import { decodeWithBufbuild, spansOf } from '../../support/otlp-judges.ts';
import { sampleRequest } from '../../support/otlp-samples.ts';
import {
  attribute,
  field,
  fixed32Field,
  group,
  keyValue,
  kind,
  requestOf,
  stringValue,
  varint,
  varintField,
} from './wire-bytes.ts';
import { begunView, scannedView, SERVER, USER } from './views.ts';

const server = kind(SERVER);
const forged = attribute('anomaly.score', stringValue('forged'));
const truncated = Buffer.from([0x0a, 0x05, 0x61]);

const long = (number: number, body: Buffer): Buffer =>
  Buffer.concat([varint(number * 8 + 2, 5), varint(body.length, 4), body]);

function empty(count: number, envelope: Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => envelope));
}

describe('RequestScanner', () => {
  it('reads an empty request', () => {
    const view = scannedView(Buffer.alloc(0));
    expect([view.spanCount, view.scorableCount, view.hasForgedKeys]).toEqual([0, 0, false]);
  });

  it('reads in slices, and reads the same in slices of any size', () => {
    const body = sampleRequest({ spans: 60, seed: 5, serverShare: 0.5 });
    const whole = scannedView(body);
    for (const size of [1, 2, 7, 61]) {
      const view = begunView(body);
      let slices = 1;
      while (!view.scan(size)) slices++;
      expect(slices).toBeGreaterThanOrEqual(Math.floor(60 / size));
      expect([view.spanCount, view.scorableCount]).toEqual([whole.spanCount, whole.scorableCount]);
      for (let span = 0; span < view.scorableCount; span++) {
        view.select(span);
        whole.select(span);
        expect(view.text(USER)).toBe(whole.text(USER));
      }
    }
  });

  it('ends a slice also when a request holds nothing but empty envelopes', () => {
    const view = begunView(Buffer.concat(Array.from({ length: 500 }, () => field(1, field(2)))));
    let slices = 1;
    while (!view.scan(100)) slices++;
    expect(slices).toBeGreaterThanOrEqual(10);
  });

  it('knows fields whose tags and lengths are longer than needed', () => {
    const span = Buffer.concat([long(9, keyValue('user.id', stringValue('u'))), varint(6 * 8, 3), varint(SERVER, 4)]);
    const view = scannedView(long(1, long(2, long(2, Buffer.concat([span, long(9, keyValue('anomaly.state'))])))));
    view.select(0);
    expect(view.text(USER)).toBe('u');
    expect(view.hasForgedKeys).toBe(true);
  });

  it('passes over unknown fields at every level', () => {
    const unknown = Buffer.concat([
      varintField(900, -1),
      field(901, 'x'),
      fixed32Field(902, 1),
      group(903, field(1, 'y')),
    ]);
    const body = Buffer.concat([
      unknown,
      field(1, unknown, field(1, unknown), field(2, unknown, field(1, unknown), field(2, unknown, server, unknown))),
      unknown,
    ]);
    expect(scannedView(body).scorableCount).toBe(1);
  });

  it('takes a known field of another wire type for an unknown one', () => {
    const body = Buffer.concat([
      varintField(1, 5),
      requestOf(Buffer.concat([server, field(6, 'x'), varintField(9, 1)])),
    ]);
    expect(scannedView(body).scorableCount).toBe(1);
  });

  it.each([
    ['the request', truncated],
    ['ResourceSpans', field(1, truncated)],
    ['a Resource', field(1, field(1, truncated))],
    ["a Resource's attribute", field(1, field(1, field(1, truncated)))],
    ["a Resource's entity", field(1, field(1, field(3, truncated)))],
    ['ScopeSpans', field(1, field(2, truncated))],
    ['a scope', field(1, field(2, field(1, truncated)))],
    ["a scope's attribute", field(1, field(2, field(1, field(3, truncated))))],
    ['a span', requestOf(truncated)],
    ["a span's attribute", requestOf(field(9, truncated))],
    ["a span's value", requestOf(attribute('x', truncated))],
    ['an event', requestOf(field(11, truncated))],
    ["an event's attribute", requestOf(field(11, field(3, truncated)))],
    ['a link', requestOf(field(13, truncated))],
    ["a link's attribute", requestOf(field(13, field(4, truncated)))],
    ['a status', requestOf(field(15, truncated))],
    ['a span with field number 0', requestOf(Buffer.from([0x00, 0x00]))],
    ['a span with the end of a group', requestOf(Buffer.from([0x0c]))],
  ])('refuses a request with malformed bytes in %s', (_where, body) => {
    const spansBefore = requestOf(server, server);
    expect(() => scannedView(Buffer.concat([spansBefore, body]))).toThrow(WireError);
    expect(() => decodeWithBufbuild(Buffer.concat([spansBefore, body]))).toThrow();
  });

  it('says at which byte a request is malformed', () => {
    expect(() => scannedView(Buffer.concat([requestOf(server), truncated]))).toThrow(
      'The request is no valid OTLP protobuf: a length beyond the end of its message at byte 9.',
    );
  });

  it('can be begun again after a malformed request', () => {
    const view = begunView(field(1, field(2, truncated)));
    expect(() => view.scan(10)).toThrow(WireError);
    view.begin(requestOf(server));
    expect(view.scan(10)).toBe(true);
    expect(view.scorableCount).toBe(1);
  });

  it('leaves a span with more attributes than the limit unscored, and still cuts our keys from it', () => {
    const many = Buffer.concat([server, ...Array.from({ length: 5 }, () => attribute('x', stringValue('y'))), forged]);
    const view = scannedView(requestOf(many, server), { maxAttributesPerSpan: 5 });
    expect(view.scorableCount).toBe(1);
    expect(view.spanIndexOf(0)).toBe(1);
    expect(annotate(view, undefined).includes('anomaly.score')).toBe(false);
    expect(scannedView(requestOf(many), { maxAttributesPerSpan: 6 }).scorableCount).toBe(1);
  });

  it('leaves spans above the limit of a request unscored, still cuts our keys from them, and does not split it', () => {
    const clean = Buffer.concat([server, attribute('user.id', stringValue('u'))]);
    const body = Buffer.concat([
      requestOf(clean, clean, clean),
      requestOf(clean),
      requestOf(Buffer.concat([clean, forged]), clean),
      field(1),
    ]);
    const view = scannedView(body, { maxSpans: 2 });
    expect([view.spanCount, view.scorableCount, view.isSplittable]).toEqual([6, 2, false]);
    const output = decodeWithBufbuild(annotate(view, undefined));
    expect(output.resourceSpans).toHaveLength(4);
    expect(spansOf(output).map((span) => span.attributes.map(({ key }) => key))).toEqual(
      Array.from({ length: 6 }, () => ['user.id']),
    );
    expect(() => annotate(view, undefined, 0, 1)).toThrow(RangeError);
  });

  it('keeps no record per empty envelope above the limit', () => {
    for (const body of [
      empty(5000, field(1, field(2, field(2)), field(2))),
      field(1, empty(5000, field(2))),
      requestOf(...Array.from({ length: 5000 }, () => Buffer.alloc(0))),
    ]) {
      const { layout, isSplittable } = scannedView(body, { maxSpans: 10 });
      expect(isSplittable).toBe(false);
      expect(layout.spans.length + layout.scopes.length + layout.resources.length).toBeLessThan(10 * 3 * 8);
    }
  });
});
