/** What is wrong with a configuration: every mistake with its key, its value and the remedy. */
import { isIP } from 'node:net';
import { closest } from 'fastest-levenshtein';
import type { z } from 'zod';
import { ServiceError } from '../errors.ts';
import { expectation } from './expectation.ts';
import { type Config, type configSchema, describeOption, isMarked } from './schema.ts';

type Checked = z.ZodSafeParseResult<z.output<typeof configSchema>>;

/** Longest value repeated in a message, in characters. */
const MAX_SHOWN = 100;

/** `values`: what the user gave; `checked`: what the schema says of it. */
export function findMistakes(values: unknown, checked: Checked): ServiceError[] {
  return checked.success
    ? contradictions(checked.data)
    : checked.error.issues.flatMap((issue) => explain(values, issue));
}

/** The valid key closest to a mistaken one. */
export function nearestKey(mistaken: string, valid: readonly string[]): string {
  return closest(mistaken, [...valid]);
}

/** A value as it may be shown: on one line, cut, and hidden where it is a secret. */
export function showValue(value: unknown, path: readonly string[]): string {
  if (isMarked(path, 'writeOnly')) return '(hidden)';
  const shown = JSON.stringify(value) ?? 'missing';
  return shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}…` : shown;
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function explain(values: unknown, issue: z.core.$ZodIssue): ServiceError[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const valid = Object.keys(describeOption(path)?.properties ?? {});
    return issue.keys.map((unknown) => {
      const inner = [...path, unknown];
      const nearest = [...path, nearestKey(unknown, valid)].join('.');
      return new ServiceError('config_unknown_key', {
        key: inner.join('.'),
        value: showValue(valueAt(values, inner), inner),
        nearest,
      });
    });
  }
  const option = describeOption(path) ?? {};
  const expected = issue.code === 'invalid_key' ? 'a name of letters, digits, dots and dashes' : expectation(option);
  const value = showValue(valueAt(values, path), path);
  return [new ServiceError('config_invalid_value', { key: path.join('.'), value, expected })];
}

/** Options that are right one by one but not together. */
function contradictions(config: Config): ServiceError[] {
  const { receiver, pipeline, sensitivity, control, metrics, identity } = config;
  const mistakes: ServiceError[] = [];
  const invalid = (key: string, value: unknown, expected: string): void => {
    mistakes.push(new ServiceError('config_invalid_value', { key, value: String(value), expected }));
  };

  if (!receiver.allow_plaintext && receiver.tls.cert_file === '' && !isLoopback(receiver.bind_address)) {
    mistakes.push(new ServiceError('plaintext_not_allowed', { address: receiver.bind_address }));
  }
  const ports = [receiver.grpc_port, receiver.http_port, control.port].filter((port) => port !== 0);
  if (receiver.grpc_port !== 0 && receiver.grpc_port === receiver.http_port) {
    invalid('receiver.http_port', receiver.http_port, 'another port than receiver.grpc_port');
  } else if (new Set(ports).size < ports.length) {
    invalid('control.port', control.port, 'another port than receiver.grpc_port and receiver.http_port');
  }
  if (pipeline.max_in_flight_bytes < receiver.max_request_bytes) {
    const least = `at least receiver.max_request_bytes, ${receiver.max_request_bytes}`;
    invalid('pipeline.max_in_flight_bytes', pipeline.max_in_flight_bytes, least);
  }
  const shares = [sensitivity.users_share, sensitivity.addresses_share, sensitivity.endpoints_share];
  const total = shares.reduce((sum, share) => sum + share, 0);
  if (Math.abs(total - 1) > 1e-6) {
    invalid(
      'The sum of users_share, addresses_share and endpoints_share in sensitivity',
      total,
      'shares that add up to 1',
    );
  }
  for (const [index, { entity, endpoint, behavior, expires }] of sensitivity.exclusions.entries()) {
    if (entity ?? endpoint ?? behavior) continue;
    invalid(`sensitivity.exclusions.${index}`, `expires ${expires}`, 'at least one of entity, endpoint and behavior');
  }
  if (identity.pseudonym_key !== '' && identity.pseudonym_key_file !== '') {
    invalid('identity.pseudonym_key_file', identity.pseudonym_key_file, 'either it or identity.pseudonym_key');
  }
  const { otlp } = metrics;
  if (otlp.timeout_seconds > otlp.interval_seconds) {
    const most = `at most metrics.otlp.interval_seconds, ${otlp.interval_seconds}`;
    invalid('metrics.otlp.timeout_seconds', otlp.timeout_seconds, most);
  }
  for (const [group, tls] of [
    ['export', config.export.tls],
    ['receiver', receiver.tls],
    ['control', control.tls],
  ] as const) {
    const { cert_file: certificate, key_file: key } = tls;
    const missing = `${group}.tls.${key === '' ? 'key_file' : 'cert_file'}`;
    if ((certificate === '') !== (key === '')) invalid(missing, 'empty', 'cert_file and key_file together, or neither');
    if ('client_ca_file' in tls && tls.client_ca_file !== '' && certificate === '') {
      invalid(`${group}.tls.client_ca_file`, tls.client_ca_file, 'cert_file and key_file with it, or leave it empty');
    }
  }
  return mistakes;
}

function isLoopback(address: string): boolean {
  if (isIP(address) === 4) return address.startsWith('127.');
  return address === 'localhost' || address === '::1';
}

function valueAt(values: unknown, path: readonly string[]): unknown {
  let value = values;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
