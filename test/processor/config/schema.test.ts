import { variableOf } from '../../../processor/src/config/environment.ts';
import { expectation } from '../../../processor/src/config/expectation.ts';
import { configJsonSchema, configSchema, describeOption, optionPaths } from '../../../processor/src/config/schema.ts';

const options = optionPaths();

test.each(options.map((path) => [path.join('.'), path] as const))(
  '%s has a default within its bounds, a meaning, and says what it takes',
  (_, path) => {
    const option = describeOption(path)!;
    expect(option.description).toMatch(/^[A-Za-z].{8,}\.$/s);
    expect(option).toHaveProperty('default');
    const [group = '', ...rest] = path;
    const value = rest.reduceRight<unknown>((inner, key) => ({ [key]: inner }), option.default);
    expect(configSchema.safeParse({ [group]: value }).success).toBe(true);
    expect(expectation(option)).not.toContain('undefined');
  },
);

test.each(options.map((path) => [path.join('.'), path] as const))('%s is bounded', (_, path) => {
  const {
    type,
    minimum,
    maximum,
    maxItems,
    maxLength,
    enum: values,
    anyOf,
    additionalProperties,
  } = describeOption(path)!;
  if (type === 'integer' || type === 'number')
    expect([minimum, maximum]).toEqual([expect.any(Number), expect.any(Number)]);
  else expect(type === 'boolean' || (values ?? anyOf ?? maxItems ?? maxLength ?? additionalProperties)).toBeTruthy();
});

test('no two options share an environment variable', () => {
  expect(new Set(options.map(variableOf)).size).toBe(options.length);
});

test('the groups are those of the contract', () => {
  expect(Object.keys(configJsonSchema.properties ?? {})).toEqual([
    'receiver',
    'export',
    'pipeline',
    'identity',
    'endpoints',
    'features',
    'annotate',
    'model',
    'sensitivity',
    'store',
    'control',
    'metrics',
    'log',
    'stop',
  ]);
});

test('an unknown path has no description', () => {
  expect(describeOption(['receiver', 'nope'])).toBeUndefined();
  expect(describeOption(['constructor'])).toBeUndefined();
  expect(describeOption(['receiver', 'grpc_port', 'deeper'])).toBeUndefined();
});
