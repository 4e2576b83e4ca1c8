import { AttributeWriter, SpanAnnotations } from '../../../processor/src/otlp/annotate.ts';
import { AnnotationCache } from '../../../processor/src/pipeline/annotation-cache.ts';

const writer = new AttributeWriter('anomaly.');

/** Annotations of one state for each span; an empty one annotates nothing. */
function annotationsOf(...states: string[]): SpanAnnotations {
  const annotations = new SpanAnnotations();
  states.forEach((state, span) => {
    annotations.select(span);
    if (state !== '') writer.string(annotations, 'state', state);
  });
  return annotations;
}

function contentOf(annotations: SpanAnnotations, spans: number): string[] {
  return Array.from({ length: spans }, (_, span) => {
    const start = annotations.byteOffset(span);
    return annotations.writer.bytes.toString('hex', start, start + annotations.byteLength(span));
  });
}

describe('the cache of annotations', () => {
  test('gives back, span by span, what was saved, and clears what was there before', () => {
    const cache = new AnnotationCache(10_000);
    const saved = annotationsOf('learning', '', 'shed', '');
    cache.save('a', saved, 4);
    const loaded = annotationsOf('error', 'error', 'error', 'error', 'error');
    expect(cache.load('a', loaded)).toBe(true);
    expect(contentOf(loaded, 4)).toEqual(contentOf(saved, 4));
    expect(loaded.totalByteLength).toBe(saved.totalByteLength);
  });

  test('keeps a copy: the annotations go on to serve other requests', () => {
    const cache = new AnnotationCache(10_000);
    const annotations = annotationsOf('learning');
    const before = contentOf(annotations, 1);
    cache.save('a', annotations, 1);
    annotations.reset();
    annotations.select(0);
    writer.string(annotations, 'state', 'shed');
    expect(cache.load('a', annotations)).toBe(true);
    expect(contentOf(annotations, 1)).toEqual(before);
  });

  test('leaves the annotations alone where it knows nothing', () => {
    const annotations = annotationsOf('shed');
    const before = contentOf(annotations, 1);
    expect(new AnnotationCache(10_000).load('a', annotations)).toBe(false);
    expect(contentOf(annotations, 1)).toEqual(before);
  });

  test('holds no more bytes than it may, and forgets the longest unused first', () => {
    // An entry takes 300 bytes of bookkeeping, so that three of them fit into 1200 bytes and four do not.
    const cache = new AnnotationCache(1200);
    const scratch = new SpanAnnotations();
    for (const key of ['a', 'b', 'c']) cache.save(key, annotationsOf('learning'), 1);
    expect(cache.load('a', scratch)).toBe(true);
    cache.save('d', annotationsOf('learning'), 1);
    expect(['a', 'b', 'c', 'd'].map((key) => cache.load(key, scratch))).toEqual([true, false, true, true]);
  });

  test('does not keep what is larger than all of it, and with no bytes keeps nothing', () => {
    const scratch = new SpanAnnotations();
    for (const bytes of [0, 200]) {
      const cache = new AnnotationCache(bytes);
      cache.save('a', annotationsOf('learning'), 1);
      expect(cache.load('a', scratch)).toBe(false);
    }
  });

  test('knows a body by its SHA-256 (FIPS 180-4, example "abc")', () => {
    const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(Buffer.from(AnnotationCache.key(Buffer.from('abc')), 'base64').toString('hex')).toBe(digest);
  });
});
