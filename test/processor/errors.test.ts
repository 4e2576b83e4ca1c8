import { StatusCode } from '../../processor/src/component.ts';
import { type ErrorCode, ERRORS, type ErrorDefinition, outcomeOf, ServiceError } from '../../processor/src/errors.ts';

const entries = Object.entries(ERRORS) as [ErrorCode, ErrorDefinition][];

/** OTLP specification, OTLP/gRPC Response: the codes on which a sender retries. */
const retryableCodes: number[] = [
  StatusCode.CANCELLED,
  StatusCode.DEADLINE_EXCEEDED,
  StatusCode.ABORTED,
  StatusCode.OUT_OF_RANGE,
  StatusCode.UNAVAILABLE,
  StatusCode.DATA_LOSS,
];

test.each(entries)('%s tells the sender to retry exactly when a retry can help (OTLP, Failures)', (_, error) => {
  // RESOURCE_EXHAUSTED is retryable only with RetryInfo, so there the flag decides.
  const onWire =
    error.status === StatusCode.RESOURCE_EXHAUSTED ? error.retryable : retryableCodes.includes(error.status);
  expect(error.retryable).toBe(onWire);
});

test.each(entries)('%s is neither UNKNOWN nor INTERNAL, which make a collector drop the spans', (_, error) => {
  expect([StatusCode.UNKNOWN, StatusCode.INTERNAL, StatusCode.OK]).not.toContain(error.status);
});

test.each(entries)(
  '%s with an HTTP status of its own has one that agrees on retrying (OTLP/HTTP, Failures)',
  (_, error) => {
    const retryable = [429, 502, 503, 504];
    expect(error.http === undefined || retryable.includes(error.http) === error.retryable).toBe(true);
  },
);

test('an error says what was wrong, with the value, and then what to do', () => {
  const error = new ServiceError('config_invalid_value', {
    key: 'model.sample_size',
    value: 1,
    expected: '2 to 65536',
  });
  expect(error.message).toBe('model.sample_size is 1; use 2 to 65536.');
  expect(error).toMatchObject({ name: 'ServiceError', code: 'config_invalid_value', status: 9, retryable: false });
});

test('the cause is kept for the log and stays out of the message', () => {
  const cause = new Error('ECONNREFUSED 10.0.0.7');
  const error = new ServiceError('next_hop_unavailable', { endpoint: 'hop:4317', reason: 'refused' }, { cause });
  expect(error.cause).toBe(cause);
  expect(error.message).not.toContain('10.0.0.7');
});

test('a value may contain braces and dollar signs without being filled again', () => {
  const error = new ServiceError('not_found', { path: '/{served}$&', served: '/health' });
  expect(error.message).toBe('Nothing is served at /{served}$&; use /health.');
});

test('a forgotten value stays visible and inherited properties are no values', () => {
  expect(new ServiceError('unsupported_encoding').message).toContain('{encoding}');
  expect(new ServiceError('unsupported_encoding', Object.create({ encoding: 'x' })).message).toContain('{encoding}');
});

test('a long value of an untrusted sender is cut', () => {
  const error = new ServiceError('unsupported_media_type', { type: 'x'.repeat(100_000) });
  expect(error.message.length).toBeLessThan(700);
});

test('a request that ends in an error tells its sender when to retry, if that can help', () => {
  expect(outcomeOf(new ServiceError('shutting_down'))).toEqual({
    code: StatusCode.UNAVAILABLE,
    response: Buffer.alloc(0),
    message: expect.stringContaining('stopping'),
    retryDelayMs: expect.any(Number),
  });
  expect(outcomeOf(new ServiceError('malformed_protobuf', { reason: 'x' }))).not.toHaveProperty('retryDelayMs');
});

test('what is no error of the table is answered so that the sender keeps its spans, and gives nothing away', () => {
  const outcome = outcomeOf(new TypeError('secret detail'));
  expect(outcome).toMatchObject({ code: StatusCode.UNAVAILABLE, retryDelayMs: expect.any(Number) });
  expect(outcome.message).not.toContain('secret detail');
});
