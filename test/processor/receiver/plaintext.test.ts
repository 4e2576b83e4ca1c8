import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { configSchema } from '../../../processor/src/config/schema.ts';
import type { Config } from '../../../processor/src/config/schema.ts';
import { requirePlaintextAllowed } from '../../../processor/src/receiver/plaintext.ts';
import { startReceiver } from './running-receiver.ts';

const DEFAULTS: Config = configSchema.parse({});

test.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])('%s is loopback, where plain text is fine', (address) => {
  expect(() => requirePlaintextAllowed({ ...DEFAULTS.receiver, bind_address: address })).not.toThrow();
});

test.each(['0.0.0.0', '::', '192.0.2.1', '2001:db8::1'])('%s needs receiver.allow_plaintext', (address) => {
  const receiver = { ...DEFAULTS.receiver, bind_address: address };
  expect(() => requirePlaintextAllowed(receiver)).toThrow(
    `receiver.bind_address is ${address}, which others can reach in plain text; ` +
      'bind to 127.0.0.1, or set receiver.allow_plaintext to true where the network is trusted.',
  );
  expect(() => requirePlaintextAllowed({ ...receiver, allow_plaintext: true })).not.toThrow();
});

test.each(['grpc', 'http'] as const)('a %s receiver checks it when it is made', async (kind) => {
  await expect(startReceiver(kind, { receiver: { bind_address: '0.0.0.0' } })).rejects.toMatchObject({
    code: 'plaintext_not_allowed',
  });
});

test.each(['grpc', 'http'] as const)(
  'a %s receiver whose port is taken fails at start and names the key',
  async (kind) => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    await expect(startReceiver(kind, { receiver: { [`${kind}_port`]: port } })).rejects.toThrow(
      new RegExp(
        `^Cannot listen on 127\\.0\\.0\\.1:${port}: .*EADDRINUSE.*set receiver\\.${kind}_port to another one\\.$`,
      ),
    );
    await new Promise((resolve) => taken.close(resolve));
  },
);
