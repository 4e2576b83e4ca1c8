import { httpStatus, httpStatusOfRpcCode, httpStatusOfRpcText } from '../../../processor/src/call/call-status.ts';

/** "HTTP Mapping" of each code in google/rpc/code.proto. */
const MAPPING = [
  ['OK', 200],
  ['CANCELLED', 499],
  ['UNKNOWN', 500],
  ['INVALID_ARGUMENT', 400],
  ['DEADLINE_EXCEEDED', 504],
  ['NOT_FOUND', 404],
  ['ALREADY_EXISTS', 409],
  ['PERMISSION_DENIED', 403],
  ['RESOURCE_EXHAUSTED', 429],
  ['FAILED_PRECONDITION', 400],
  ['ABORTED', 409],
  ['OUT_OF_RANGE', 400],
  ['UNIMPLEMENTED', 501],
  ['INTERNAL', 500],
  ['UNAVAILABLE', 503],
  ['DATA_LOSS', 500],
  ['UNAUTHENTICATED', 401],
] as const;

function ofText(text: string): number {
  const bytes = Buffer.from(`x${text}x`);
  return httpStatusOfRpcText(bytes, 1, bytes.length - 2);
}

test.each(MAPPING)('gRPC %s is HTTP %d by number, by name, and as Connect writes it', (name, status) => {
  const code = MAPPING.findIndex(([other]) => other === name);
  expect(httpStatusOfRpcCode(code)).toBe(status);
  expect(ofText(String(code))).toBe(status);
  expect(ofText(name)).toBe(status);
  expect(ofText(name.toLowerCase())).toBe(status);
});

test('CANCELED with one L is the same', () => {
  expect(ofText('canceled')).toBe(499);
});

test('codes of other RPC systems are unknown', () => {
  for (const text of ['', '17', '-32600', 'OKAY', 'TIMEOUT']) expect([text, ofText(text)]).toEqual([text, 0]);
  for (const code of [-1, 17, 1.5, Number.NaN]) expect(httpStatusOfRpcCode(code)).toBe(0);
});

test('only 100 to 599 is an HTTP status', () => {
  expect([99, 100, 204, 599, 600, -1, Number.NaN].map(httpStatus)).toEqual([0, 100, 204, 599, 0, 0, 0]);
});
