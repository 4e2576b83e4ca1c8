import { CallReader } from '../../../processor/src/call/call-reader.ts';
import { displayName, Pseudonyms } from '../../../processor/src/call/pseudonym.ts';
import type { ApiCall } from '../../../processor/src/call/api-call.ts';
import { CallSource } from './call-source.ts';

const PARENT = { parentSpanId: 'b1b2b3b4b5b6b7b8' };

function user(call: ApiCall): string {
  return displayName('u', call.userHigh, call.userLow);
}

function address(call: ApiCall): string {
  return displayName('a', call.addressHigh, call.addressLow);
}

test('the first attribute present of the list identifies the user, and its kind is kept', () => {
  const source = new CallSource();
  const both = source.read({ 'enduser.id': 'alice', 'user.id': 'u-1', 'client.address': '203.0.113.7' });
  expect(source.reader.identityKinds[both.identityKind - 1]).toBe('user.id');
  const old = source.read({ 'enduser.id': 'alice', 'client.address': '203.0.113.7' });
  expect(source.reader.identityKinds[old.identityKind - 1]).toBe('enduser.id');
  expect(user(both)).not.toBe(user(old));
  expect(both).toMatchObject({ isAddressIdentity: false, countsForUser: true, countsForAddress: true });
});

test("the order of the list is the operator's, and attributes of their own are read", () => {
  const source = new CallSource({ userAttributes: ['tenant.user', 'client.address', 'user.id'] });
  const attributes = { 'user.id': 'u-1', 'client.address': '203.0.113.7' };
  expect(source.read(attributes)).toMatchObject({ identityKind: 2, isAddressIdentity: true });
  expect(source.read({ ...attributes, 'tenant.user': 'alice' }).identityKind).toBe(1);
  expect(source.read({ 'user.id': 'u-1' }).identityKind).toBe(3);
});

test('the same text of another kind is another user', () => {
  const source = new CallSource();
  expect(user(source.read({ 'user.id': 'alice' }))).not.toBe(user(source.read({ 'user.name': 'alice' })));
});

test('a number identifies the same user as its text', () => {
  const source = new CallSource();
  expect(user(source.read({ 'user.id': 4711 }))).toBe(user(source.read({ 'user.id': '4711' })));
  expect(user(source.read({ 'user.id': -4711 }))).toBe(user(source.read({ 'user.id': '-4711' })));
});

test('bytes and the first text of an array identify too, other values do not', () => {
  const source = new CallSource({ userAttributes: ['user.id'] });
  const alice = user(source.read({ 'user.id': 'alice' }));
  expect(user(source.read({ 'user.id': Buffer.from('alice') }))).toBe(alice);
  expect(user(source.read({ 'user.id': ['alice', 'bob'] }))).toBe(alice);
  for (const value of [true, 1.5, [], [1]]) expect(source.read({ 'user.id': value }).identityKind).toBe(0);
});

test.each(['', '-', 'null', 'anonymous', 'Anonymous', 'UNKNOWN', 'undefined'])('%p is nobody', (text) => {
  const call = new CallSource().read({ 'user.id': text, 'client.address': '203.0.113.7' });
  expect(call.isAddressIdentity).toBe(true);
});

test('a span without identity counts for nobody', () => {
  const call = new CallSource().read({ 'http.route': '/orders' }, PARENT);
  expect(call).toMatchObject({ identityKind: 0, userHigh: 0, userLow: 0, hasAddress: false, network: 0 });
  expect(call).toMatchObject({ countsForUser: false, countsForAddress: false });
});

test('with edge services, only their spans count, but all show whose they are', () => {
  const source = new CallSource({ edgeServices: ['gateway'] });
  const attributes = { 'user.id': 'alice', 'client.address': '203.0.113.7' };
  const edge = source.read(attributes, {}, 'gateway');
  const inner = source.read(attributes, PARENT, 'orders');
  expect([edge.countsForUser, edge.countsForAddress]).toEqual([true, true]);
  expect([inner.countsForUser, inner.countsForAddress]).toEqual([false, false]);
  expect(user(inner)).toBe(user(edge));
  expect(inner.identityKind).toBe(1);
});

test('however an address is spelled, it is one client', () => {
  const source = new CallSource();
  const calls = [
    source.read({ 'client.address': '203.0.113.7' }),
    source.read({ 'http.client_ip': '203.0.113.7:52000' }),
    source.read({ 'net.peer.ip': '::ffff:203.0.113.7' }),
    source.read({ 'network.peer.address': '[::ffff:cb00:7107]:443' }),
  ];
  expect(new Set(calls.map(address)).size).toBe(1);
  expect(new Set(calls.map((call) => call.network)).size).toBe(1);
  expect(calls.every((call) => call.hasAddress && user(call) === user(calls[0]!))).toBe(true);
});

test('addresses share a network by /24 and /48', () => {
  const source = new CallSource();
  const network = (text: string): number => source.read({ 'client.address': text }).network;
  expect(network('203.0.113.7')).toBe(network('203.0.113.200'));
  expect(network('203.0.113.7')).not.toBe(network('203.0.114.7'));
  expect(network('2001:db8:1:2::3')).toBe(network('2001:db8:1:ffff::1'));
  expect(network('2001:db8:1::1')).not.toBe(network('2001:db8:2::1'));
});

test('a text that is no address stands for itself and has no network', () => {
  const source = new CallSource();
  const host = source.read({ 'client.address': 'client.example' });
  expect(host).toMatchObject({ hasAddress: true, network: 0 });
  expect(address(host)).not.toBe(address(source.read({ 'client.address': 'other.example' })));
});

test('a peer is the client at the root of a trace only', () => {
  const source = new CallSource();
  expect(source.read({ 'network.peer.address': '203.0.113.7' }).hasAddress).toBe(true);
  expect(source.read({ 'network.peer.address': '203.0.113.7' }, PARENT).hasAddress).toBe(false);
  expect(source.read({ 'client.address': '203.0.113.7' }, PARENT).hasAddress).toBe(true);
});

test('X-Forwarded-For is believed only when the operator says so, and then its first hop', () => {
  const attributes = {
    'http.request.header.x-forwarded-for': ['203.0.113.7, 10.0.0.1'],
    'network.peer.address': '10.0.0.1',
  };
  const expected = address(new CallSource().read({ 'client.address': '203.0.113.7' }));
  const proxy = address(new CallSource().read({ 'client.address': '10.0.0.1' }));
  expect(address(new CallSource().read(attributes))).toBe(proxy);
  expect(address(new CallSource({ trustForwardedFor: true }).read(attributes))).toBe(expected);
  expect(address(new CallSource({ trustForwardedFor: true }).read({ 'net.peer.ip': '10.0.0.1' }))).toBe(proxy);
});

test('all pseudonyms of a raw identity can be found, to erase it', () => {
  const source = new CallSource();
  const names = (identity: string): string[] =>
    source.reader.keysOf(identity).map(({ high, low }) => displayName('u', high, low));
  expect(names('alice')).toContain(user(source.read({ 'user.id': 'alice' })));
  expect(names('alice')).toContain(user(source.read({ 'session.id': 'alice' })));
  expect(names('203.0.113.7')).toContain(user(source.read({ 'client.address': '::ffff:203.0.113.7' })));
  expect(new Set(names('alice')).size).toBe(source.reader.identityKinds.length);
  expect(new CallSource({ userAttributes: ['user.id'] }).reader.keysOf('203.0.113.7')).toHaveLength(2);
});

test('those under previous keys are found too', () => {
  const source = new CallSource();
  const previous = [Buffer.alloc(32, 7)];
  const options = { userAttributes: ['user.id'], edgeServices: [] };
  const rotated = new CallReader(options, new Pseudonyms(Buffer.alloc(32, 8), { previous }), source.endpoints);
  const former = source.read({ 'user.id': 'alice' });
  expect(rotated.keysOf('alice')).toContainEqual({ high: former.userHigh, low: former.userLow });
  // As a user and as an address, under both keys.
  expect(new Set(rotated.keysOf('alice').map(({ high, low }) => displayName('u', high, low))).size).toBe(4);
});
