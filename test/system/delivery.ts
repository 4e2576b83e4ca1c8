import { annotationOf, withoutAnnotations } from './annotation.ts';
import type { OtlpSpan } from './otlp-span.ts';

/** Every expected span arrived once and only once, with all it had, and with what the contract allows us to add. */
export function expectExactlyOnce(arrived: readonly OtlpSpan[], expected: readonly OtlpSpan[]): void {
  expect(arrived.map((span) => span.spanId).toSorted()).toEqual(expected.map((span) => span.spanId).toSorted());
  expectUnchanged(arrived, expected);
}

/** Every expected span arrived, some perhaps more than once; each arrival has all that its span had. */
export function expectAtLeastOnce(arrived: readonly OtlpSpan[], expected: readonly OtlpSpan[]): void {
  const ids = new Set(arrived.map((span) => span.spanId));
  const missing = expected.filter((span) => !ids.has(span.spanId));
  expect({ missing: missing.length, of: expected.length }).toEqual({ missing: 0, of: expected.length });
  expectUnchanged(arrived, expected);
}

function expectUnchanged(arrived: readonly OtlpSpan[], expected: readonly OtlpSpan[]): void {
  const byId = new Map(expected.map((span) => [span.spanId, span]));
  for (const span of arrived) {
    annotationOf(span);
    // What was sent but not acknowledged may arrive as well; nothing is known of it here.
    const sent = byId.get(span.spanId);
    if (sent !== undefined) expect(withoutAnnotations(span)).toEqual(sent);
  }
}
