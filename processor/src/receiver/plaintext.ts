/** Spans hold personal data: they do not travel in plain text unless somebody has said so. */
import { isIP } from 'node:net';
import type { Config } from '../config/schema.ts';
import { ServiceError } from '../errors.ts';

/** Throws `plaintext_not_allowed` when others could read what is sent to the listeners of `receiver`. */
export function requirePlaintextAllowed(receiver: Config['receiver']): void {
  const { bind_address: address, allow_plaintext: allowed } = receiver;
  const isLoopback =
    address === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
  if (!isLoopback && !allowed && receiver.tls.cert_file === '')
    throw new ServiceError('plaintext_not_allowed', { address });
}
