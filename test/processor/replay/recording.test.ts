import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { viewFactory } from '../../../processor/src/engine.ts';
import { encodeJsonLine, type SpanInput } from '../../../processor/src/otlp/request-writer.ts';
import { Recording } from '../../../processor/src/replay/recording.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';
import { call, nanoseconds, NOW, request, resourceSpans, spansIn } from '../pipeline/requests.ts';
import { configOf } from './recorded-traffic.ts';

const CLIENT = 3;

afterEach(removeTemporaryFolders);

function fileOf(content: string | Uint8Array): string {
  const file = path.join(temporaryFolder(), 'traces');
  writeFileSync(file, content);
  return file;
}

const at = (index: number, seconds: number): SpanInput => ({
  ...call(index),
  startTimeUnixNano: nanoseconds(seconds),
  endTimeUnixNano: nanoseconds(seconds + 1),
});
const lineOf = (...spans: readonly SpanInput[]): string => encodeJsonLine([resourceSpans(spans)]);
/** A message that is none: a field that ends beyond it. */
const NO_MESSAGE = Buffer.from([0, 0, 0, 2, 0x0a, 0x05]);

const prefixed = (body: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
};

const open = (paths: readonly string[], look?: (body: Buffer) => void): Promise<Recording> =>
  Recording.open(paths, configOf(), () => {}, look);

/** Ids of the spans that are played, in order. */
async function played(recording: Recording): Promise<string[]> {
  const ids: string[] = [];
  const view = viewFactory(configOf(), [])();
  await recording.play(
    async (body) => {
      view.begin(body);
      while (!view.scan(1000));
      ids.push(...spansIn(body).map(({ spanId }) => spanId));
    },
    () => {},
  );
  return ids;
}

test('of several files is one, in the order in which they are named, whatever their encoding', async () => {
  const first = fileOf(lineOf(at(0, NOW)) + lineOf(at(1, NOW + 60)));
  const second = fileOf(prefixed(request([at(2, NOW + 90), at(3, NOW + 120)])));
  const recording = await open([first, second]);
  expect(recording.bounds).toEqual({ from: NOW, to: NOW + 120 });
  expect(recording.files.map(({ encoding }) => encoding)).toEqual(['json', 'protobuf']);
  expect(await played(recording)).toEqual([0, 1, 2, 3].map((index) => call(index).spanId));
  expect(await played(recording)).toHaveLength(4);
});

test('has the times of its spans of a scored kind alone', async () => {
  const outer = { ...at(0, NOW - 500), kind: CLIENT };
  const recording = await open([fileOf(lineOf(outer, at(1, NOW), at(2, NOW + 60), { ...at(3, 0), kind: 2 }))]);
  expect(recording.bounds).toEqual({ from: NOW, to: NOW + 60 });
});

test('counts what cannot be read, with file and line, and plays the rest', async () => {
  const lines = fileOf(`${lineOf(at(0, NOW))}no JSON\n${lineOf(at(1, NOW + 1))}`);
  const messages = fileOf(Buffer.concat([prefixed(request([at(2, NOW + 2)])), NO_MESSAGE, Buffer.from([0, 0])]));
  const recording = await open([lines, messages]);
  expect(recording.brokenCount).toBe(3);
  expect(recording.broken).toEqual([
    { file: lines, line: 2, reason: expect.stringMatching(/no valid JSON/) },
    { file: messages, line: 2, reason: expect.any(String) },
    { file: messages, line: 3, reason: '2 bytes are less than the message they begin' },
  ]);
  expect(await played(recording)).toEqual([0, 1].map((index) => call(index).spanId).concat(call(2).spanId));
});

test('keeps the first twenty broken lines and counts them all', async () => {
  const recording = await open([fileOf(lineOf(at(0, NOW)) + '{\n'.repeat(30))]);
  expect(recording.brokenCount).toBe(30);
  expect(recording.broken.map(({ line }) => line)).toEqual(Array.from({ length: 20 }, (_, index) => index + 2));
});

test('shows every readable request to whoever wants to look, and none that is malformed', async () => {
  const good = request([at(0, NOW)]);
  const seen: Buffer[] = [];
  await open([fileOf(Buffer.concat([NO_MESSAGE, prefixed(good)]))], (body) => seen.push(body));
  expect(seen).toEqual([good]);
});

test.each([
  ['no span', '{"resourceSpans":[]}\n', ''],
  ['no span of a scored kind', lineOf({ ...at(0, NOW), kind: CLIENT }), ''],
  ['no span with a time', lineOf(at(0, 0)), ''],
  ['nothing that can be read', '{"resourceSpans":[]}\n{\n', '; line 2: The request is no valid JSON at position'],
])('with %s is refused with the reason', async (_name, text, end) => {
  const file = fileOf(text);
  await expect(open([file])).rejects.toThrow(
    `There is no span of a scored kind (pipeline.scored_kinds, SERVER by default) with a start time in ${file}${end}`,
  );
});

test('says how far it is, from 0 to 1 and never back, when it is opened and when it is played', async () => {
  const files = [fileOf(lineOf(at(0, NOW)) + lineOf(at(1, NOW))), fileOf(lineOf(at(2, NOW)))];
  const done: number[] = [];
  const recording = await Recording.open(files, configOf(), (share) => done.push(share));
  expect(done).toEqual([0.5, 0.5, 1]);
  done.length = 0;
  await recording.play(
    () => Promise.resolve(),
    (share) => done.push(share),
  );
  expect(done).toEqual([0.5, 0.5, 1]);
});

test('stops at an error that is not of its making', async () => {
  const recording = await open([fileOf(lineOf(at(0, NOW)) + lineOf(at(1, NOW)))]);
  let takes = 0;
  const failing = recording.play(
    () => Promise.reject(new Error(`the disk is full after ${++takes}`)),
    () => {},
  );
  await expect(failing).rejects.toThrow('the disk is full after 1');
});
