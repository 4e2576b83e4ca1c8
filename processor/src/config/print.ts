import { type Config, describeOption } from './schema.ts';

/** What stands in for a secret. */
const MASK = '********';

/** The configuration as it may be shown: a copy with every secret masked, its name kept. */
export function maskSecrets(config: Config): Record<string, unknown> {
  return mask(config, []) as Record<string, unknown>;
}

function mask(value: unknown, path: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const secret = describeOption(path)?.writeOnly === true;
  if (Array.isArray(value)) return secret ? value.map(() => MASK) : value;
  const entries = Object.entries(value).map(([key, inner]) => [key, secret ? MASK : mask(inner, [...path, key])]);
  return Object.fromEntries(entries);
}
