import { type Config, isMarked } from './schema.ts';

/** What stands in for a secret. */
const MASK = '********';

/** The configuration as it may be shown: a copy with every secret masked, its name kept. */
export function maskSecrets(config: Config): Record<string, unknown> {
  return mask(config, []) as Record<string, unknown>;
}

function mask(value: unknown, path: readonly string[]): unknown {
  if (Array.isArray(value)) return isMarked(path, 'writeOnly') ? value.map(() => MASK) : value;
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mask(inner, [...path, key])]));
  }
  return isMarked(path, 'writeOnly') && value !== '' ? MASK : value;
}
