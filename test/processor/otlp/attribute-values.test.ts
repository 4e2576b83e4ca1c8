import {
  arrayValue,
  attribute,
  boolValue,
  bytesValue,
  doubleValue,
  field,
  intValue,
  keyValue,
  kind,
  kvlistValue,
  requestOf,
  stringValue,
  varintField,
} from './wire-bytes.ts';
import { firstSpan, ROLES, SERVER, SERVICE, USER } from './views.ts';
import type { RequestView } from '../../../processor/src/otlp/request-view.ts';

function viewOf(key: string, ...anyValue: Buffer[]): RequestView {
  return firstSpan(requestOf(Buffer.concat([kind(SERVER), attribute(key, ...anyValue)])));
}

describe('AttributeValues', () => {
  it.each([
    [intValue(200), 200],
    [intValue(-1), -1],
    [intValue(2n ** 53n), 2 ** 53],
    [intValue(-(2n ** 63n)), -(2 ** 63)],
    [doubleValue(0.25), 0.25],
    [doubleValue(-Infinity), -Infinity],
    [boolValue(true), 1],
    [boolValue(false), 0],
    // Any varint but 0 is true.
    [varintField(2, 2n ** 40n), 1],
    [stringValue('200'), 200],
    [stringValue('-1.5e3'), -1500],
    [stringValue(''), NaN],
    [stringValue('0x10'), NaN],
    [stringValue('200 OK'), NaN],
    [stringValue(' 200'), NaN],
    [stringValue('Infinity'), NaN],
    [stringValue('9'.repeat(1000)), NaN],
    [arrayValue(intValue(1)), NaN],
    [bytesValue(Buffer.from('200')), NaN],
  ])('reads a number: case %#', (anyValue, number) => {
    expect(viewOf('user.id', anyValue).number(USER)).toBe(number);
  });

  it('gives text only for strings, and at most 4096 bytes of it', () => {
    expect(viewOf('user.id', intValue(5)).text(USER)).toBe('');
    expect(viewOf('user.id', bytesValue(Buffer.from('x'))).text(USER)).toBe('');
    const long = viewOf('user.id', stringValue('x'.repeat(5000)));
    expect(long.text(USER)).toBe('x'.repeat(4096));
    expect(long.textLength(USER)).toBe(5000);
  });

  it.each([
    [
      'a string after other values',
      arrayValue(intValue(1), Buffer.alloc(0), stringValue('admin'), stringValue('b')),
      'admin',
    ],
    ['an empty string', arrayValue(stringValue('')), ''],
    ['no string', arrayValue(intValue(1)), undefined],
    ['no value', arrayValue(), undefined],
    ['unknown fields', field(5, field(9, 'x'), field(1, field(9, 'y')), field(1, stringValue('z'))), 'z'],
    ['a list of pairs', kvlistValue(keyValue('k', stringValue('v'))), undefined],
    ['a plain string', stringValue('admin'), undefined],
  ])('finds the first string in an array: %s', (_what, anyValue, expected) => {
    const view = viewOf('roles', anyValue);
    const offset = view.firstArrayTextOffset(ROLES);
    const length = view.firstArrayTextLength(ROLES);
    if (expected === undefined) expect([offset, length]).toEqual([-1, 0]);
    else expect(view.body.toString('utf8', offset, offset + length)).toBe(expected);
  });

  it('reads the resource like the span', () => {
    const resource = field(
      1,
      field(1, keyValue('service.name', stringValue('shop'))),
      field(1, keyValue('roles', intValue(3))),
    );
    const view = firstSpan(field(1, resource, field(2, field(2, kind(SERVER)))));
    expect(view.resourceText(SERVICE)).toBe('shop');
    expect(view.resourceNumber(ROLES)).toBe(3);
    const offset = view.resourceTextOffset(SERVICE);
    expect(view.body.toString('utf8', offset, offset + view.resourceTextLength(SERVICE))).toBe('shop');
    expect(view.text(SERVICE)).toBe('');
  });
});
