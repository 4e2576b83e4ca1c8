import { ownKeys } from '../../../processor/src/otlp/attributes.ts';
import { KeyTable, RequestView } from '../../../processor/src/otlp/request-view.ts';
import type { ReadLimits } from '../../../processor/src/otlp/request-view.ts';

/** Keys the tests read; a key's number is its index. */
export const READ_KEYS = ['user.id', 'http.route', 'http.response.status_code', 'service.name', 'roles'];
export const USER = 0;
export const ROUTE = 1;
export const STATUS = 2;
export const SERVICE = 3;
export const ROLES = 4;

export const PREFIX = 'anomaly.';
export const SERVER = 2;

/** A view of a request that is begun but not scanned. Only SERVER spans are scorable. */
export function begunView(body: Buffer, limits: Partial<ReadLimits> = {}): RequestView {
  const all = { maxDepth: 64, maxAttributesPerSpan: 256, maxSpans: 100_000, ...limits };
  const view = new RequestView(new KeyTable(READ_KEYS, ownKeys(PREFIX)), all, new Set([SERVER]));
  view.begin(body);
  return view;
}

/** A view of a request that is scanned to its end. Throws WireError when it is malformed. */
export function scannedView(body: Buffer, limits: Partial<ReadLimits> = {}): RequestView {
  const view = begunView(body, limits);
  while (!view.scan(100));
  return view;
}

/** A scanned view with its first scorable span selected. */
export function firstSpan(body: Buffer): RequestView {
  const view = scannedView(body);
  view.select(0);
  return view;
}
