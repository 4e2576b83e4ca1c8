/**
 * Mutated requests: whatever the bytes, the answer is WireError, JsonError or a request that is passed on unharmed.
 * `FUZZ_REQUESTS`: how many protobuf requests; a fifth as many in JSON. `FUZZ_SEED`: another seed.
 */
import { annotate, AttributeWriter, SpanAnnotations } from '../../../processor/src/otlp/annotate.ts';
import { ownKeys } from '../../../processor/src/otlp/attributes.ts';
import { JsonError, jsonToProtobuf } from '../../../processor/src/otlp/json.ts';
import { protobufToObject } from '../../../processor/src/otlp/protobuf-to-json.ts';
import { KeyTable, RequestView, WireError } from '../../../processor/src/otlp/request-view.ts';
import { decodeWithBufbuild, decodeWithProtobufjs, plainSpansOf, spansOf } from '../../support/otlp-judges.ts';
import type { PlainSpan } from '../../support/otlp-judges.ts';
import { sampleRequest, seededRandom } from '../../support/otlp-samples.ts';
import { attribute, bytesValue, field, group, requestOf, stringValue, varint } from './wire-bytes.ts';
import { PREFIX, READ_KEYS, SERVER } from './views.ts';

const PROTOBUF_REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 20_000);
const JSON_REQUESTS = Math.ceil(PROTOBUF_REQUESTS / 5);
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
/** About a millisecond for two requests, mutation and judges included; ten times that before it counts as a hang. */
const timeoutMs = 30_000 + PROTOBUF_REQUESTS * 5;

const own = new Set(ownKeys(PREFIX));
const limits = { maxDepth: 64, maxAttributesPerSpan: 256, maxSpans: 100_000 };

/** Bytes that mean something: tags, lengths at borders, ends of varints, ends of groups. */
const TELLING_BYTES = [0x00, 0x01, 0x02, 0x08, 0x0a, 0x0b, 0x0c, 0x12, 0x1a, 0x30, 0x4a, 0x7a, 0x7f, 0x80, 0x85, 0xff];
const TELLING_TEXTS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\\',
  'null',
  '-1',
  '1e999',
  '18446744073709551616',
  '"__proto__":',
  '\u0000',
];

const SEEDS: readonly Buffer[] = [
  sampleRequest({ spans: 1, seed: 1, serverShare: 1 }),
  sampleRequest({ spans: 3, seed: 2, serverShare: 0.5 }),
  requestOf(
    Buffer.concat([
      attribute('anomaly.score', stringValue('forged')),
      attribute('user.id', field(5, field(1, stringValue('a')), field(1, field(6, field(1, field(1, 'k')))))),
      group(800, field(1, 'x')),
      attribute('roles', bytesValue(Buffer.alloc(3, 255))),
      Buffer.from([0x30, SERVER]),
      field(11, field(2, 'event'), field(3, field(1, 'k'))),
    ]),
  ),
];

/** One to three changes: flips, truncation, insertion, deletion, repetition, lengths tampered with, varints stretched. */
function mutated(seed: Buffer, random: () => number, insertions: readonly Buffer[]): Buffer {
  let bytes: Buffer = Buffer.from(seed);
  for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes--) {
    const at = Math.floor(random() * bytes.length);
    const length = Math.floor(random() * 8);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    const insertion = insertions[Math.floor(random() * insertions.length)]!;
    const byte = bytes[at] ?? 0;
    const change = Math.floor(random() * 8);
    if (change === 0) bytes[at] = byte ^ (1 << Math.floor(random() * 8));
    else if (change === 1) bytes = before;
    else if (change === 2) bytes = Buffer.concat([before, insertion, after]);
    else if (change === 3) bytes = Buffer.concat([before, after.subarray(length)]);
    else if (change === 4) bytes = Buffer.concat([before, after.subarray(0, length), after]);
    else if (change === 5) bytes[at] = byte + (random() < 0.5 ? 1 : 255);
    else if (change === 6) bytes = Buffer.concat([before, varint(byte & 0x7f, 2 + length), after.subarray(1)]);
    else bytes = Buffer.concat([before, insertion, after.subarray(insertion.length)]);
  }
  return bytes;
}

/** The result, or undefined when the bytes are refused with an error of the given kind; any other error passes. */
function unlessRefused<Result>(kind: typeof WireError | typeof JsonError, read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof kind) return undefined;
    throw error;
  }
}

/**
 * Spans of the request by protobufjs; undefined when it refuses it. (@bufbuild/protobuf is no judge of malformed bytes:
 * it lets messages reach beyond their parents and does not look at wire types.)
 */
function judged(bytes: Buffer): PlainSpan[] | undefined {
  try {
    return plainSpansOf(decodeWithProtobufjs(bytes));
  } catch {
    return undefined;
  }
}

describe('mutated requests', () => {
  const view = new RequestView(new KeyTable(READ_KEYS, [...own]), limits, new Set([SERVER]));
  const annotations = new SpanAnnotations();
  const attributes = new AttributeWriter(PREFIX);

  /** Does with a request all that the pipeline does; undefined when it is malformed. */
  function process(bytes: Buffer): Buffer | undefined {
    return unlessRefused(WireError, () => {
      view.begin(bytes);
      while (!view.scan(2));
      annotations.reset();
      for (let span = 0; span < view.scorableCount; span++) {
        view.select(span);
        expect(view.startSeconds).toBeGreaterThanOrEqual(0);
        expect(view.durationSeconds).not.toBeNaN();
        for (let key = 0; key < READ_KEYS.length; key++) {
          view.text(key);
          view.number(key);
          view.firstArrayTextOffset(key);
          view.resourceText(key);
        }
        annotations.select(span);
        attributes.double(annotations, 'score', 0.5);
      }
      return annotate(view, annotations);
    });
  }

  it(
    `in protobuf give a WireError or a request that is valid for the judge (${PROTOBUF_REQUESTS} requests, seed ${SEED})`,
    () => {
      const random = seededRandom(SEED);
      const insertions = TELLING_BYTES.map((byte) => Buffer.from([byte]));
      let accepted = 0;
      for (let request = 0; request < PROTOBUF_REQUESTS; request++) {
        const bytes = mutated(SEEDS[request % SEEDS.length]!, random, insertions);
        const output = process(bytes);
        const before = judged(bytes);
        if (output === undefined) {
          // What the judge takes, we take. (It takes less than we do: nothing that is not UTF-8.)
          expect(before === undefined ? '' : bytes.toString('hex')).toBe('');
          continue;
        }
        accepted++;
        unlessRefused(WireError, () => protobufToObject(bytes));
        if (before === undefined) continue;
        const after = judged(output);
        expect(after).toHaveLength(view.spanCount);
        for (const [index, { kind, attributes: all }] of before.entries()) {
          const kept = all.filter(({ key }) => !own.has(key ?? '')).length;
          expect(after![index]!.attributes).toHaveLength(kept + (kind === SERVER ? 1 : 0));
        }
      }
      // Both ways are really tried.
      expect(accepted).toBeGreaterThan(PROTOBUF_REQUESTS / 20);
      expect(accepted).toBeLessThan(PROTOBUF_REQUESTS);
    },
    timeoutMs,
  );

  it(
    `in JSON give a JsonError or a request that is valid for the judge (${JSON_REQUESTS} requests, seed ${SEED})`,
    () => {
      const random = seededRandom(SEED);
      const insertions = [...TELLING_TEXTS.map((text) => Buffer.from(text)), Buffer.from([0xff])];
      const seeds = SEEDS.map((seed) => Buffer.from(JSON.stringify(protobufToObject(seed))));
      let accepted = 0;
      for (let request = 0; request < JSON_REQUESTS; request++) {
        const bytes = mutated(seeds[request % seeds.length]!, random, insertions);
        const protobuf = unlessRefused(JsonError, () => jsonToProtobuf(bytes));
        if (protobuf === undefined) continue;
        accepted++;
        expect(spansOf(decodeWithBufbuild(protobuf))).toHaveLength(scannedSpans(protobuf));
      }
      expect(accepted).toBeGreaterThan(JSON_REQUESTS / 50);
      expect(accepted).toBeLessThan(JSON_REQUESTS);
    },
    timeoutMs,
  );

  function scannedSpans(protobuf: Buffer): number {
    expect(process(protobuf)).toBeDefined();
    return view.spanCount;
  }
});
