/** Reads the configuration: defaults, below one YAML file, below the environment. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ServiceError } from '../errors.ts';
import { readEnvironment } from './environment.ts';
import { findMistakes, isMap } from './mistakes.ts';
import { headerMap } from './option.ts';
import { type Config, configSchema, describeOption } from './schema.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration that cannot be used, with every mistake in it. */
export class ConfigError extends Error {
  readonly mistakes: readonly ServiceError[];

  constructor(mistakes: readonly ServiceError[]) {
    super(mistakes.map((mistake) => mistake.message).join('\n'));
    this.name = 'ConfigError';
    this.mistakes = mistakes;
  }
}

/**
 * The effective configuration, frozen. `file`: path of a YAML file, none means defaults. `environment`: overrides, as
 * `API_ANOMALY_EXPORT__ENDPOINT`. Throws ConfigError with all mistakes at once.
 */
export function loadConfig(file: string | undefined, environment: Environment): Config {
  const fromFile = file === undefined ? {} : readYaml(file, readText(file));
  const overrides = readEnvironment(environment);
  const values = merge(withoutEmptyGroups(fromFile, []), overrides.values);

  const checked = configSchema.safeParse(values);
  const mistakes = [...overrides.mistakes, ...findMistakes(values, checked)];
  if (!checked.success || mistakes.length > 0) throw new ConfigError(mistakes);

  const config = checked.data;
  addHeaders(config.export);
  addHeaders(config.metrics.otlp);
  return deepFreeze(config);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = (error as Error).message;
    throw new ConfigError([new ServiceError('config_unreadable', { file, reason }, { cause: error })]);
  }
}

/** The map in a YAML text; an empty text is an empty map. */
function readYaml(source: string, text: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = parse(text) ?? {};
  } catch (error) {
    // The first line names the mistake and its place; the lines after it quote the text, which may hold secrets.
    const reason = (error as Error).message.split('\n', 1)[0]!.replace(/:$/, '');
    throw new ConfigError([new ServiceError('config_malformed', { source, reason }, { cause: error })]);
  }
  if (isMap(content)) return content;
  const reason = 'the top level is not a map of keys';
  throw new ConfigError([new ServiceError('config_malformed', { source, reason })]);
}

/** A group whose every line is commented out reads as null in YAML; it means: all defaults. */
function withoutEmptyGroups(values: Record<string, unknown>, path: readonly string[]): Record<string, unknown> {
  const kept = Object.entries(values).flatMap(([key, value]): [string, unknown][] => {
    if (describeOption([...path, key])?.properties === undefined) return [[key, value]];
    if (value === null) return [];
    return [[key, isMap(value) ? withoutEmptyGroups(value, [...path, key]) : value]];
  });
  return Object.fromEntries(kept);
}

/** `over` laid on top of `under`, group by group; lists and single values are replaced. */
function merge(under: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    const below = merged.get(key);
    merged.set(key, isMap(below) && isMap(value) ? merge(below, value) : value);
  }
  return Object.fromEntries(merged);
}

/** Adds the headers that are in a file of their own. */
function addHeaders(group: { headers: Record<string, string>; headers_file: string }): void {
  const { headers_file: file } = group;
  if (file === '') return;
  const read = headerMap.safeParse(readYaml(file, readText(file)));
  if (read.success) {
    group.headers = { ...group.headers, ...read.data };
    return;
  }
  const reason = 'it is not a map of header names to printable ASCII';
  throw new ConfigError([new ServiceError('config_malformed', { source: file, reason })]);
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
