import { HostCheck } from '../../../processor/src/control/host-check.ts';

test('bound to all addresses, any address is fine but a name must be configured (DNS rebinding needs a name)', () => {
  const check = new HostCheck('0.0.0.0', ['processor']);
  for (const host of ['10.1.2.3:8000', '[fd00::7]:8000', 'processor:8000', 'localhost'])
    expect(check.allows(host)).toBe(true);
  for (const host of ['evil.example', '10.1.2.3.evil.example', '']) expect(check.allows(host)).toBe(false);
});

test('bound to one address, only that one and loopback are fine', () => {
  const check = new HostCheck('192.168.0.2', []);
  expect(check.allows('192.168.0.2:8000')).toBe(true);
  expect(check.allows('127.0.0.1')).toBe(true);
  expect(check.allows('192.168.0.3')).toBe(false);
  expect(check.allows(undefined)).toBe(false);
});
