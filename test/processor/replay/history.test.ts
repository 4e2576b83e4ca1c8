/** Training on history, in this thread: what is learned, what is left out, what is refused. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Config, configSchema } from '../../../processor/src/config/schema.ts';
import { Model } from '../../../processor/src/model/model.ts';
import type { Trained } from '../../../processor/src/model/training-conduct.ts';
import { encodeJsonLine, encodeRequest } from '../../../processor/src/otlp/request-writer.ts';
import { type HistoryOrder, trainOnHistory } from '../../../processor/src/replay/history.ts';
import type { HistoryNotes } from '../../../processor/src/replay/history-replay.ts';
import { SpanKind } from '../../../processor/src/simulation/span.ts';
import { batchesOf, toResourceSpans } from '../../../processor/src/simulation/trace-batch.ts';
import { call, resourceSpans } from '../pipeline/requests.ts';
import { QUICK, workingDay } from './recorded-traffic.ts';

const world = workingDay(3);
const spans = [...world];
const batches = Array.from(batchesOf(spans, 200), (batch) => toResourceSpans(batch));
const lines = batches.map((batch) => encodeJsonLine(batch));
const calls = spans.filter(({ kind }) => kind === SpanKind.SERVER).length;
const config: Config = configSchema.parse(QUICK);

const orderOf = (changes: Partial<HistoryOrder> = {}): HistoryOrder => ({
  config,
  context: { version: 'h-1', judged: [], approved: undefined },
  nowSeconds: world.endMs / 1000 + 30 * 86_400,
  maxBytes: 1e9,
  ...changes,
});

async function* chunksOf(content: string | Uint8Array, size = 50_000): AsyncGenerator<Buffer, void, void> {
  const bytes = Buffer.from(content as Uint8Array);
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

const trained = (content: string | Uint8Array, order = orderOf(), size?: number): Promise<Trained> =>
  trainOnHistory(chunksOf(content, size), order, () => {});

const notesOf = ({ notes }: Trained): HistoryNotes => notes as HistoryNotes;
const modelOf = ({ result }: Trained): Model => Model.from(new Uint8Array(result.model));

/** As the file exporter of the collector writes protobuf. */
const prefixed = Buffer.concat(
  batches.flatMap((batch) => {
    const body = encodeRequest(batch);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    return [length, body];
  }),
);

test('a model is trained on all of it, and it is told how much that was and of what time', async () => {
  const shares: number[] = [];
  const result = await trainOnHistory(chunksOf(lines.join('')), orderOf(), (share) => void shares.push(share));
  const { provenance, kinds } = modelOf(result);
  expect(kinds).toEqual(['user', 'address', 'endpoint']);
  expect(provenance.version).toBe('h-1');
  expect(result.used.rows).toBe(provenance.rows.user + provenance.rows.address + provenance.rows.endpoint);
  expect(result.used).toEqual(result.available);
  const [first, last] = [world.startMs / 1000, world.endMs / 1000];
  expect(result.used.fromSeconds).toBeGreaterThanOrEqual(first - 300);
  expect(result.used.toSeconds).toBeLessThanOrEqual(last);
  // Six hours, less what is quiet at either end.
  expect(result.used.toSeconds! - result.used.fromSeconds!).toBeGreaterThan(5 * 3600);
  expect(result.learnedSeconds).toBeGreaterThan(5 * 3600);
  expect(notesOf(result)).toEqual({
    bytes: Buffer.byteLength(lines.join('')),
    calls,
    duplicates: 0,
    broken: { count: 0, lines: [] },
  });
  expect(shares[0]).toBe(0);
});

test('the same history gives the same model, in whatever encoding and compression and pieces it comes', async () => {
  const plain = (await trained(lines.join(''))).result.model;
  const ways: [string | Uint8Array, number?][] = [
    [lines.join(''), 77_777],
    [prefixed],
    [gzipSync(lines.join('')), 999],
    [zstdCompressSync(prefixed)],
  ];
  for (const [content, size] of ways) {
    const { result } = await trained(content, orderOf(), size);
    expect(Buffer.from(result.model).equals(Buffer.from(plain))).toBe(true);
  }
});

test('one document of JSON, and one bare request of protobuf, are history too', async () => {
  const all = toResourceSpans(spans);
  for (const content of [encodeJsonLine(all).replaceAll('},{', '},\n{'), encodeRequest(all)]) {
    expect(notesOf(await trained(content)).calls).toBe(calls);
  }
});

test('calls that come twice count once', async () => {
  const result = await trained(lines.join('') + lines.slice(0, 5).join(''));
  expect(notesOf(result).duplicates).toBeGreaterThan(100);
  expect(modelOf(result).provenance.rows).toEqual(modelOf(await trained(lines.join(''))).provenance.rows);
});

test('broken lines are left out and counted, by number and never by what stood in them', async () => {
  const broken = [...lines];
  broken.splice(3, 0, '{"resourceSpans": "alice@example.org"}\n', 'alice\n');
  const result = await trained(broken.join(''));
  expect(notesOf(result)).toMatchObject({ calls, broken: { count: 2, lines: [4, 5] } });
  expect(JSON.stringify(result.notes)).not.toContain('alice');
});

test('a compressed upload that was cut off counts as far as it goes', async () => {
  const whole = gzipSync(lines.join(''));
  const notes = notesOf(await trained(whole.subarray(0, (whole.length * 3) / 4)));
  expect(notes.calls).toBeGreaterThan(calls / 2);
  expect(notes.calls).toBeLessThan(calls);
});

/** A call of its own at that time. */
const odd = (seconds: number, index: number) => ({
  ...call(100_000 + index),
  startTimeUnixNano: BigInt(Math.round(seconds * 1e9)),
});

test('an absurd clock in the first request does not make the rest late', async () => {
  const now = orderOf().nowSeconds;
  const first = encodeJsonLine([...batches[0]!, resourceSpans([odd(now - 1, 1), odd(86_400, 2), odd(now + 1e9, 3)])]);
  const { learnedSeconds } = await trained([first, ...lines.slice(1)].join(''));
  const usual = await trained(lines.join(''));
  expect(learnedSeconds).toBeCloseTo(usual.learnedSeconds, 3);
});

test('what the approved model finds suspect is not learned from', async () => {
  const approved = (await trained(lines.join(''))).result.model;
  const filtered = await trained(lines.join(''), orderOf({ context: { version: 'h-2', judged: ['user'], approved } }));
  const sample = filtered.result.gates.find(({ gate }) => gate === 'sample')!;
  // The attacks of the last hours.
  expect(sample.detail).toMatch(/user \d+ rows of \d+, (?!0 %)[\d.]+ % left out as suspect/);
});

describe('what cannot be learned from is refused', () => {
  it.each([
    ['nothing', ''],
    ['blanks', ' \n'.repeat(5000)],
    ['text', 'user,path\nalice,/orders\n'],
    ['zeros', Buffer.alloc(10_000)],
    ['spans of another kind', encodeJsonLine([resourceSpans([{ ...call(1), kind: SpanKind.CLIENT }])])],
  ])('%s', async (_, content) => {
    await expect(trained(content)).rejects.toMatchObject({ code: 'upload_unreadable' });
  });

  it('too few calls', async () => {
    await expect(trained(lines.slice(0, 1).join(''))).rejects.toMatchObject({
      code: 'too_few_rows',
      details: { needed: 60 },
    });
  });

  it('more than the limit, counted after decompression: a bomb is stopped there', async () => {
    const bomb = gzipSync(lines[0]! + ' '.repeat(50_000_000));
    await expect(trained(bomb, orderOf({ maxBytes: 1_000_000 }))).rejects.toMatchObject({ code: 'upload_too_large' });
  });

  it('a line larger than a request may be is broken, and what came before it counts', async () => {
    const small = { ...config, receiver: { ...config.receiver, max_request_bytes: 1_000_000 } };
    const content = lines.join('') + '['.repeat(3_000_000) + '\n';
    const notes = notesOf(await trained(content, orderOf({ config: small })));
    expect(notes).toMatchObject({ calls, broken: { count: 1, lines: [lines.length + 1] } });
  });
});

test('the error of a sender that breaks off is passed on', async () => {
  class Reset extends Error {}
  async function* reset(): AsyncGenerator<Buffer, void, void> {
    yield Buffer.from(lines[0]!);
    throw new Reset('connection reset');
  }
  await expect(trainOnHistory(reset(), orderOf(), () => {})).rejects.toBeInstanceOf(Reset);
});
