/** Overrides from the environment: `API_ANOMALY_` and the path in capitals, joined by `__`. */
import { parse } from 'yaml';
import { ServiceError } from '../errors.ts';
import { isMap, nearestKey, showValue } from './mistakes.ts';
import { describeOption, optionPaths } from './schema.ts';

const PREFIX = 'API_ANOMALY_';
const SEPARATOR = '__';

/**
 * Kubernetes sets these for a Service named api-anomaly in every pod of its namespace (docker-links variables), so they
 * are no mistakes of the user.
 */
const KUBERNETES_SERVICE = /^(SERVICE_HOST|(SERVICE_)?PORT(_\w+)?)$/;

export interface EnvironmentOverrides {
  /** Nested like the file. */
  readonly values: Record<string, unknown>;
  readonly mistakes: readonly ServiceError[];
}

/** The variable that overrides the option at `path`: `API_ANOMALY_EXPORT__ENDPOINT`. */
export function variableOf(path: readonly string[]): string {
  return PREFIX + path.join(SEPARATOR).toUpperCase();
}

/** Reads all overrides. An empty variable counts as unset, as everywhere in OpenTelemetry. */
export function readEnvironment(environment: Readonly<Record<string, string | undefined>>): EnvironmentOverrides {
  const values: Record<string, unknown> = {};
  const mistakes: ServiceError[] = [];
  // In the order of names a whole group comes before its single options, which then win.
  for (const variable of Object.keys(environment).toSorted()) {
    const text = environment[variable];
    if (!variable.startsWith(PREFIX) || text === undefined || text === '') continue;
    const name = variable.slice(PREFIX.length);
    if (KUBERNETES_SERVICE.test(name)) continue;
    const path = name.toLowerCase().split(SEPARATOR);
    const option = describeOption(path);
    if (option === undefined) {
      const nearest = nearestKey(variable, optionPaths().map(variableOf));
      mistakes.push(new ServiceError('config_unknown_key', { key: variable, value: showValue(text, []), nearest }));
      continue;
    }
    try {
      place(values, path, option.type === 'string' ? text : parse(text));
    } catch (error) {
      const reason = 'the value is not valid YAML';
      mistakes.push(new ServiceError('config_malformed', { source: variable, reason }, { cause: error }));
    }
  }
  return { values, mistakes };
}

/** Sets the value at `path`, which the schema knows, making the groups on the way. */
function place(values: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    values[key] = value;
    return;
  }
  const group = values[key];
  const inner = isMap(group) ? group : {};
  values[key] = inner;
  place(inner, rest, value);
}
