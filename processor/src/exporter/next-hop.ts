/** The next hop as configured: where it is, how it is trusted and what it is told about us. */
import { readFileSync } from 'node:fs';
import { credentials, Metadata } from '@grpc/grpc-js';
import type { ChannelCredentials } from '@grpc/grpc-js';
import type { Config } from '../config/schema.ts';
import { ServiceError } from '../errors.ts';

export interface NextHop {
  /** Host and port, in the form gRPC resolves. */
  readonly target: string;
  readonly credentials: ChannelCredentials;
  readonly headers: Metadata;
}

/** Reads the options of `config.export`. Throws `config_invalid_value`. */
export function nextHopOf(config: Config['export']): NextHop {
  const { endpoint } = config;
  const [scheme, address] = endpoint.includes('://') ? endpoint.split('://', 2) : ['http', endpoint];
  const isValid = (scheme === 'http' || scheme === 'https') && address !== undefined && address !== '';
  if (!isValid) {
    const expected = 'collector:4317 or https://otlp.example.com:443';
    throw new ServiceError('config_invalid_value', { key: 'export.endpoint', value: endpoint, expected });
  }
  return {
    target: `dns:${address.replace(/\/$/, '')}`,
    credentials: scheme === 'https' ? tlsCredentials(config.tls) : credentials.createInsecure(),
    headers: metadataOf(config.headers),
  };
}

function tlsCredentials({ ca_file: ca, key_file: key, cert_file: certificate }: Config['export']['tls']) {
  const files = [
    readPem('export.tls.ca_file', ca),
    readPem('export.tls.key_file', key),
    readPem('export.tls.cert_file', certificate),
  ] as const;
  try {
    return credentials.createSsl(...files);
  } catch (error) {
    const values = { key: 'export.tls', value: (error as Error).message, expected: 'PEM files that belong together' };
    throw new ServiceError('config_invalid_value', values, { cause: error });
  }
}

function readPem(key: string, file: string): Buffer | null {
  if (file === '') return null;
  try {
    return readFileSync(file);
  } catch (error) {
    const values = { key, value: file, expected: 'a PEM file that can be read' };
    throw new ServiceError('config_invalid_value', values, { cause: error });
  }
}

/** Headers that the configuration was found right about. */
export function metadataOf(headers: Config['export']['headers']): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
}
