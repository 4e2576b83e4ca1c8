import { isName } from './ascii.ts';

/**
 * The methods that name an endpoint: RFC 9110 and 5789, and QUERY. Any other one is `_OTHER`, as the semantic conventions
 * have it, so that a client cannot make up endpoints. A method's number is its index; 0 stands for no method.
 */
const METHODS = [
  '',
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'QUERY',
  '_OTHER',
] as const;

export const NO_METHOD = 0;
export const OTHER_METHOD = METHODS.indexOf('_OTHER');

/** Methods that change nothing: "safe" in RFC 9110, section 9.2.1, and QUERY by its definition. */
const SAFE = METHODS.map((method) => ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY'].includes(method));

const METHOD_BYTES = METHODS.map((method) => Buffer.from(method));
const LONGEST_METHOD = Math.max(...METHODS.map((method) => method.length));

/** The method in `bytes` from `offset` on, in either case. NO_METHOD for an empty text. */
export function readMethod(bytes: Uint8Array, offset: number, length: number): number {
  if (length === 0) return NO_METHOD;
  if (length > LONGEST_METHOD) return OTHER_METHOD;
  for (let method = 1; method < METHOD_BYTES.length; method++) {
    if (isName(bytes, offset, length, METHOD_BYTES[method]!)) return method;
  }
  return OTHER_METHOD;
}

/** The method of that name; NO_METHOD for '', OTHER_METHOD for an unknown one. */
export function methodOf(name: string): number {
  const bytes = Buffer.from(name);
  return readMethod(bytes, 0, bytes.length);
}

export function methodName(method: number): string {
  return METHODS[method] ?? '_OTHER';
}

/** Whether the method may change something. False when there is no method. */
export function isWriteMethod(method: number): boolean {
  return method !== NO_METHOD && SAFE[method] === false;
}
