/** Builders of options: each has a default, bounds and a meaning, so that none can be declared without them. */
import { z } from 'zod';

/** A whole number from `min` to `max`, both included. */
export function integer(preset: number, [min, max]: readonly [number, number], meaning: string) {
  return z.int().min(min).max(max).default(preset).describe(meaning);
}

/** A finite number from `min` to `max`, both included. */
export function decimal(preset: number, [min, max]: readonly [number, number], meaning: string) {
  return z.number().min(min).max(max).default(preset).describe(meaning);
}

export function flag(preset: boolean, meaning: string) {
  return z.boolean().default(preset).describe(meaning);
}

/** One of `values`; the first is the default. */
export function choice<const Values extends readonly [string, ...string[]]>(values: Values, meaning: string) {
  return z.enum(values).default(values[0]).describe(meaning);
}

/** Text that matches `form`; `example` shows it to the user. */
export function text(preset: string, [form, example]: readonly [RegExp, string], meaning: string) {
  return z
    .string()
    .max(4096)
    .regex(form)
    .default(preset)
    .describe(meaning)
    .meta({ examples: [example] });
}

/** A secret of 32 bytes; empty means none is given. Never printed or logged. */
export function secret(meaning: string) {
  return z
    .string()
    .max(64)
    .regex(/^([\da-f]{64}|[\w+/]{43}=)?$/i)
    .default('')
    .describe(meaning)
    .meta({ examples: ['64 hex digits', '44 characters of base64'], writeOnly: true });
}

/** The path of a file or folder; empty means none. Relative to the working directory. */
export function path(preset: string, meaning: string) {
  return z.string().max(4096).default(preset).describe(meaning);
}

/** An IP address to listen on. */
export function bindAddress(meaning: string) {
  return z
    .union([z.ipv4(), z.ipv6(), z.literal('localhost')])
    .default('127.0.0.1')
    .describe(meaning);
}

/** A list of at most `maxLength` short texts. */
export function names(preset: readonly string[], maxLength: number, meaning: string) {
  return z
    .array(z.string().min(1).max(256))
    .max(maxLength)
    .default([...preset])
    .describe(meaning);
}

/** Secrets of which each is valid, so that one can take the place of another; never printed. */
export function secrets(meaning: string) {
  return z
    .array(z.string().regex(/^[\x21-\x7e]{16,1024}$/))
    .max(16)
    .default([])
    .describe(meaning)
    .meta({ writeOnly: true });
}

/** The certificate of a listener. */
export function listenerTls(meaning: string) {
  return section(meaning, {
    cert_file: path(
      '',
      'PEM file of the certificate chain; empty serves plain text. Needs key_file. Read again when it changes.',
    ),
    key_file: path('', 'PEM file of the key of the certificate. Read again when it changes.'),
    client_ca_file: path(
      '',
      'PEM file of the authorities whose client certificates are taken. Set, every client needs one (mutual TLS).',
    ),
  });
}

/** Header names and values, as a file of them holds too: what gRPC and HTTP take alike. Names in -bin are for binary values. */
export const headerMap = z.record(
  z.string().regex(/^(?!.*-bin$)[\w.-]{1,128}$/i),
  z
    .string()
    .max(16 * 1024)
    .regex(/^[\x20-\x7e]*$/)
    .meta({ examples: ['printable ASCII'] }),
);

/** Headers sent with requests of ours: secrets, so never printed or logged. Taken up while the service runs. */
export function headers(meaning: string) {
  return live(headerMap.default({}).describe(meaning).meta({ writeOnly: true }));
}

export function headersFile() {
  const meaning =
    'YAML file with further headers, for secrets mounted as files. It wins over headers. Read again when it changes.';
  return path('', meaning);
}

/** An option or a group of them whose change takes effect while the service runs. Every other one needs a restart. */
export function live<Option extends z.ZodType>(option: Option): Option {
  return option.meta({ 'x-live': true });
}

/** A group of options: unknown keys are refused, a missing group is all defaults. */
export function section<Shape extends z.ZodRawShape>(meaning: string, shape: Shape) {
  // An empty object always satisfies a shape whose every option has a default; the type cannot express that.
  return z
    .strictObject(shape)
    .prefault({} as z.input<z.ZodObject<Shape>>)
    .describe(meaning);
}
