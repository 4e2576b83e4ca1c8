import { methodOf, NO_METHOD, OTHER_METHOD } from './http-method.ts';
import { IDENTIFIER, PathTemplate } from './path-template.ts';

/** What a span's name says about the endpoint. */
export interface SpanName {
  /** Method number, NO_METHOD when the name begins with none. */
  readonly method: number;
  readonly source: 'path' | 'name';
  /** The path's template, or the name without identifiers. */
  readonly text: string;
}

/** Bytes of a name that count; what comes in is cut before. */
const MAX_NAME_BYTES = 1024;

/**
 * Reads a span's name, for spans that tell nothing else: 'GET /orders/17' is a method and a path, of any other name the
 * words that identify something become `{id}`. Makes strings: for new names only.
 */
export function spanNameTemplate(name: string): SpanName {
  const pathStart = name.startsWith('/') ? 0 : name.indexOf(' /') + 1;
  if (pathStart > 0 || name.startsWith('/')) {
    const prefix = name.slice(0, Math.max(0, pathStart - 1));
    const method = methodOf(prefix.slice(prefix.lastIndexOf(' ') + 1));
    if (method !== OTHER_METHOD) return { method, source: 'path', text: pathTemplateOf(name.slice(pathStart)) };
  }
  return { method: NO_METHOD, source: 'name', text: name.split(' ').map(withoutIdentifier).join(' ') };
}

function pathTemplateOf(path: string): string {
  const template = new PathTemplate();
  const bytes = Buffer.from(path);
  const target = Buffer.alloc(MAX_NAME_BYTES);
  template.read(bytes, 0, bytes.length);
  return target.toString('utf8', 0, template.write(bytes, target, 0));
}

/** A word of a name has dots and capitals as a path segment has not (`grpc.health.v1.Health`): it takes two digits. */
function withoutIdentifier(word: string): string {
  if (word.includes('@')) return IDENTIFIER;
  if (!/\d.*\d/.test(word)) return word;
  const template = new PathTemplate();
  const bytes = Buffer.from(word);
  template.read(bytes, 0, bytes.length);
  return template.identifiers === 0 ? word : IDENTIFIER;
}
