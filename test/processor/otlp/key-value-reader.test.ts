import { ValueKind } from '../../../processor/src/otlp/key-value-reader.ts';
import {
  arrayValue,
  attribute,
  boolValue,
  bytesValue,
  doubleValue,
  field,
  fixed32Field,
  group,
  intValue,
  keyValue,
  kind,
  kvlistValue,
  requestOf,
  stringValue,
  varintField,
} from './wire-bytes.ts';
import { firstSpan, scannedView, SERVER, USER } from './views.ts';
import type { RequestView } from '../../../processor/src/otlp/request-view.ts';

function viewOfValue(...anyValue: Buffer[]): RequestView {
  return firstSpan(requestOf(Buffer.concat([kind(SERVER), attribute('user.id', ...anyValue)])));
}

function viewOfAttribute(...keyValueParts: Buffer[]): RequestView {
  return firstSpan(requestOf(Buffer.concat([kind(SERVER), field(9, ...keyValueParts)])));
}

function nestedArray(depth: number): Buffer {
  return depth === 0 ? stringValue('deep') : arrayValue(nestedArray(depth - 1));
}

const requestOfDepth = (depth: number): Buffer =>
  requestOf(Buffer.concat([kind(SERVER), attribute('x', nestedArray(depth))]), kind(SERVER));

describe('KeyValueReader', () => {
  it.each([
    ['STRING', stringValue('x')],
    ['BOOL', boolValue(true)],
    ['INT', intValue(5)],
    ['DOUBLE', doubleValue(0.5)],
    ['ARRAY', arrayValue(stringValue('x'))],
    ['KVLIST', kvlistValue(keyValue('k', stringValue('x')))],
    ['BYTES', bytesValue(Buffer.from([0, 255]))],
    ['NONE', Buffer.alloc(0)],
    // string_value_strindex, which only profiles use.
    ['NONE', varintField(8, 3)],
  ] as const)('tells a value of kind %s', (name, anyValue) => {
    expect(viewOfValue(anyValue).valueKind(USER)).toBe(ValueKind[name]);
  });

  it('gives the bytes of the value without tag and length', () => {
    const elements = field(1, stringValue('x'));
    const view = viewOfValue(field(5, elements));
    const offset = view.textOffset(USER);
    expect(view.body.subarray(offset, offset + view.textLength(USER))).toEqual(elements);
  });

  it('believes the last member of the oneof', () => {
    expect(viewOfValue(stringValue('a'), intValue(7)).number(USER)).toBe(7);
    expect(viewOfValue(intValue(7), stringValue('a')).text(USER)).toBe('a');
    expect(viewOfValue(arrayValue(intValue(1)), stringValue('b')).text(USER)).toBe('b');
    expect(viewOfValue(stringValue('b'), varintField(8, 1)).valueKind(USER)).toBe(ValueKind.NONE);
  });

  it('merges a value that comes in two messages', () => {
    const view = viewOfAttribute(field(1, 'user.id'), field(2, stringValue('a')), field(2));
    expect(view.text(USER)).toBe('a');
  });

  it('believes the last key, and reads the value before the key', () => {
    expect(viewOfAttribute(field(2, stringValue('a')), field(1, 'http.route'), field(1, 'user.id')).text(USER)).toBe(
      'a',
    );
  });

  it('passes over fields it does not know, key_strindex among them, and known ones of another wire type', () => {
    const unknown = [
      varintField(3, 9),
      field(77, 'x'),
      group(78, field(1, 'y')),
      fixed32Field(1, 5),
      varintField(2, 1),
    ];
    expect(viewOfAttribute(...unknown, field(1, 'user.id'), ...unknown, field(2, stringValue('a'))).text(USER)).toBe(
      'a',
    );
    const unknownInValue = [field(99, 'x'), fixed32Field(1, 7), field(3, 'x'), varintField(4, 1)];
    expect(viewOfValue(stringValue('a'), ...unknownInValue).text(USER)).toBe('a');
  });

  it('refuses malformed bytes inside a list, however deep', () => {
    const broken = field(1, Buffer.from([0x0a, 0x05, 0x61]));
    for (const value of [field(5, broken), field(6, field(1, field(2, field(5, broken))))]) {
      expect(() => viewOfValue(value)).toThrow('a length beyond the end of its message');
    }
  });

  it('leaves a span unscored whose value nests deeper than the limit, and reads one at the limit', () => {
    expect(scannedView(requestOfDepth(3), { maxDepth: 4 }).scorableCount).toBe(2);
    const tooDeep = scannedView(requestOfDepth(4), { maxDepth: 4 });
    expect(tooDeep.scorableCount).toBe(1);
    expect(tooDeep.spanIndexOf(0)).toBe(1);
    expect(scannedView(requestOfDepth(5000), { maxDepth: 4 }).scorableCount).toBe(1);
  });
});
