import { type DestinationStream, pino, stdTimeFunctions } from 'pino';

/** The log as the parts of the service see it: `log.info({ file, rows }, 'Model loaded')`. */
export type Log = Pick<pino.Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'level'>;

export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  /** Where the lines go; standard output by default. */
  readonly destination?: DestinationStream;
}

/** Longest text logged, in UTF-16 units: some of it comes from untrusted senders. */
const MAX_TEXT_LENGTH = 1024;
const MAX_STACK_LENGTH = 4096;
/** Bounds of logged objects. */
const MAX_DEPTH = 4;
const MAX_ENTRIES = 64;

/** Fields whose value is a secret whatever it is. */
const SECRET_FIELD = /authorization|cookie|credential|headers|password|secret|token|api[-_]?key|private[-_]?key/i;
const REDACTED = '[redacted]';

/**
 * Beyond the C0 controls that JSON escapes anyway: DEL and C1 controls, which terminals obey, and the marks that turn or
 * break lines for a reader (bidirectional controls, line and paragraph separator, byte order mark).
 */
// oxlint-disable-next-line no-control-regex
const DECEPTIVE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** JSON lines. Text is cut and its control characters escaped, so no sender can forge a line; secrets are redacted. */
export function createLog({ level, destination = pino.destination(1) }: LogOptions): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => bound(fields, 0) as Record<string, unknown>,
      },
      // Errors were made plain by `bound`.
      serializers: { err: (error: unknown) => error },
      hooks: {
        logMethod(args, method) {
          method.apply(this, args.map((arg) => (typeof arg === 'string' ? cut(arg) : arg)) as typeof args);
        },
        streamWrite: (line) => line.replaceAll(DECEPTIVE, escape),
      },
    },
    destination,
  );
}

/** A copy of bounded size without secrets. */
function bound(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cut(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return describeError(value, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((item) => bound(item, depth + 1));
  const entries = Object.entries(value).slice(0, MAX_ENTRIES);
  return Object.fromEntries(
    entries.map(([key, inner]) => [cut(key), SECRET_FIELD.test(key) ? REDACTED : bound(inner, depth + 1)]),
  );
}

function describeError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    type: name,
    ...(code === undefined ? {} : { code: bound(code, depth + 1) }),
    message: cut(message),
    stack: cut(stack ?? '', MAX_STACK_LENGTH),
    ...(cause === undefined || depth >= MAX_DEPTH ? {} : { cause: bound(cause, depth + 1) }),
  };
}

function cut(text: string, length = MAX_TEXT_LENGTH): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
