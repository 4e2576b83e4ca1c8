import { ClientAddress } from '../../../processor/src/call/client-address.ts';

/** Family and bytes of an address, read from the middle of other text. */
function read(text: string): string {
  const address = new ClientAddress();
  const bytes = Buffer.from(`:1.${text}:1`);
  address.read(bytes, 3, Buffer.byteLength(text));
  return address.family === 0
    ? 'none'
    : `${address.family} ${Buffer.from(address.bytes).toString('hex', 0, address.length)}`;
}

/** Spellings of RFC 4291 and RFC 5952, as bytes by hand. */
test.each([
  ['203.0.113.7', '4 cb007107'],
  ['  203.0.113.7 ', '4 cb007107'],
  ['203.0.113.7:52000', '4 cb007107'],
  ['2001:db8::1', '6 20010db8000000000000000000000001'],
  ['2001:DB8:0:0:0:0:0:1', '6 20010db8000000000000000000000001'],
  ['[2001:db8::1]:443', '6 20010db8000000000000000000000001'],
  ['[2001:db8::1]', '6 20010db8000000000000000000000001'],
  ['fe80::1%eth0', '6 fe800000000000000000000000000001'],
  ['1:2:3:4:5:6:7::', '6 00010002000300040005000600070000'],
  ['::', '6 00000000000000000000000000000000'],
  ['::1', '6 00000000000000000000000000000001'],
  ['::ffff:203.0.113.7', '4 cb007107'],
  ['::FFFF:cb00:7107', '4 cb007107'],
  ['[::ffff:203.0.113.7]:8080', '4 cb007107'],
  ['64:ff9b::203.0.113.7', '6 0064ff9b0000000000000000cb007107'],
])('%s is an address', (text, expected) => {
  expect(read(text)).toBe(expected);
});

test.each([
  '',
  ' ',
  'unknown',
  'api.example.com',
  '203.0.113',
  '203.0.113.256',
  '203.0.113.7.8',
  '203.0..7',
  '2001:db8',
  '2001:db8:::1',
  '1::2::3',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7',
  ':1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:',
  '12345::',
  '::ffff:203.0.113',
  '[2001:db8::1',
  '/var/run/app.sock',
  'g::1',
  '1'.repeat(100_000),
])('%p is none', (text) => {
  expect(read(text)).toBe('none');
});

test('the network of IPv4 is its /24, that of IPv6 its /48', () => {
  const address = new ClientAddress();
  const network = (text: string): string => {
    address.read(Buffer.from(text), 0, text.length);
    return Buffer.from(address.bytes).toString('hex', 0, address.networkLength);
  };
  expect(network('203.0.113.7')).toBe('cb0071');
  expect(network('2001:db8:1:2::3')).toBe('20010db80001');
  expect(network('nowhere')).toBe('');
});
