import { isName } from './ascii.ts';
import { parseDecimal } from './decimal.ts';

/** gRPC status codes by number, each with the HTTP status that google.rpc.Code assigns to it. */
const RPC_STATUSES = [
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

/** Connect and some SDKs spell CANCELLED with one L. */
const CANCELED = 'CANCELED';

const NAMES = [...RPC_STATUSES, [CANCELED, 499] as const].map(([name, status]) => ({
  bytes: Buffer.from(name),
  status,
}));

/** The HTTP status of a gRPC status number; 0 for a number that is none. */
export function httpStatusOfRpcCode(code: number): number {
  return RPC_STATUSES[code]?.[1] ?? 0;
}

/** The HTTP status of a gRPC status in text, by number or by name in either case; 0 for other text. */
export function httpStatusOfRpcText(bytes: Uint8Array, offset: number, length: number): number {
  const code = parseDecimal(bytes, offset, offset + length);
  if (!Number.isNaN(code)) return httpStatusOfRpcCode(code);
  for (const name of NAMES) {
    if (isName(bytes, offset, length, name.bytes)) return name.status;
  }
  return 0;
}

/** The status itself when it is one of HTTP's (100 to 599), else 0. */
export function httpStatus(status: number): number {
  return status >= 100 && status <= 599 ? Math.trunc(status) : 0;
}
