import type { OptionDescription } from './schema.ts';

/** What an option takes, in words: `an integer from 1 to 64`. */
export function expectation(option: OptionDescription): string {
  if (option.const !== undefined) return JSON.stringify(option.const);
  if (option.enum !== undefined) return `one of ${option.enum.join(', ')}`;
  if (option.anyOf !== undefined) return option.anyOf.map(expectation).join(' or ');
  if (option.format === 'ipv4') return 'an IPv4 address';
  if (option.format === 'ipv6') return 'an IPv6 address';
  switch (option.type) {
    case 'integer':
      return `an integer from ${option.minimum} to ${option.maximum}`;
    case 'number':
      return `a number from ${option.minimum} to ${option.maximum}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return option.examples === undefined ? `text${lengths(option)}` : `text like ${option.examples.join(' or ')}`;
    case 'array':
      return `a list of ${option.minItems ?? 0} to ${option.maxItems} items, each ${expectation(option.items ?? {})}`;
    case 'object':
      return option.properties === undefined ? 'a map of names to text' : `the keys ${keysOf(option)}`;
    case undefined:
    default:
      return 'another value';
  }
}

function lengths({ minLength, maxLength }: OptionDescription): string {
  return maxLength === undefined ? '' : ` of ${minLength ?? 0} to ${maxLength} characters`;
}

function keysOf(option: OptionDescription): string {
  return Object.keys(option.properties ?? {}).join(', ');
}
