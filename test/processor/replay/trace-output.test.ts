import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { encodeRequest, type ResourceSpansInput } from '../../../processor/src/otlp/request-writer.ts';
import { TraceFile } from '../../../processor/src/replay/trace-file.ts';
import type { TraceEncoding } from '../../../processor/src/replay/trace-stream.ts';
import { TraceOutput } from '../../../processor/src/replay/trace-output.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';
import { call, resourceSpans } from '../pipeline/requests.ts';

afterEach(removeTemporaryFolders);

/** Two services, a span with every kind of value an attribute may have, and a number beyond 2^53. */
const INPUT: readonly ResourceSpansInput[] = [
  resourceSpans([
    call(0, {
      big: 9_007_199_254_740_993n,
      half: 0.5,
      yes: true,
      bytes: Buffer.from([0, 255]),
      list: ['ä', 1, { double: 2 }],
    }),
    call(1),
  ]),
  resourceSpans([call(2)], 'cart'),
];
const BODY = encodeRequest(INPUT);

async function write(file: string, encoding: TraceEncoding, bodies: readonly Buffer[]): Promise<void> {
  const output = await TraceOutput.create(file, encoding);
  for (const body of bodies) await output.write(body);
  await output.close();
}

async function bodiesOf(file: string): Promise<{ encoding: TraceEncoding; bodies: Buffer[] }> {
  const traces = await TraceFile.open(file);
  const bodies: Buffer[] = [];
  for await (const { body } of traces.requests((broken) => expect(broken).toBeUndefined())) bodies.push(body);
  return { encoding: traces.encoding, bodies };
}

describe.each(['json', 'protobuf'] as const)('requests written as %s', (encoding) => {
  test.each(['out.jsonl', 'out.gz'])('to %s are read again as they were, in their order', async (name) => {
    const file = path.join(temporaryFolder(), name);
    const bodies = [BODY, encodeRequest([resourceSpans([call(3)])]), BODY];
    await write(file, encoding, bodies);
    expect(await bodiesOf(file)).toEqual({ encoding, bodies });
  });

  test('more than the disk takes at once are all there once it is closed', async () => {
    const file = path.join(temporaryFolder(), 'out.gz');
    const bodies = Array.from({ length: 3000 }, (_, index) => encodeRequest([resourceSpans([call(index)])]));
    await write(file, encoding, bodies);
    expect((await bodiesOf(file)).bodies).toEqual(bodies);
  });
});

test('JSON is one request a line, integers exact', async () => {
  const file = path.join(temporaryFolder(), 'out.jsonl');
  await write(file, 'json', [BODY, BODY]);
  const lines = readFileSync(file, 'utf8').split('\n');
  expect([lines.length, lines[2]]).toEqual([3, '']);
  expect(lines[1]).toBe(lines[0]);
  const { resourceSpans: resources } = JSON.parse(lines[0]!) as { resourceSpans: object[] };
  expect(resources).toMatchObject([
    { resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] } },
    { resource: { attributes: [{ key: 'service.name', value: { stringValue: 'cart' } }] } },
  ]);
  expect(lines[0]).toContain('{"key":"big","value":{"intValue":"9007199254740993"}}');
});

test('protobuf is each request behind its length in four bytes, the highest first', async () => {
  const file = path.join(temporaryFolder(), 'out.bin');
  await write(file, 'protobuf', [BODY]);
  const bytes = readFileSync(file);
  expect([bytes.readUInt32BE(0), bytes.length]).toEqual([BODY.length, 4 + BODY.length]);
  expect(bytes.subarray(4).equals(BODY)).toBe(true);
});

test('only a name that ends in .gz is compressed', async () => {
  const folder = temporaryFolder();
  const [packed, plain] = [path.join(folder, 'out.gz'), path.join(folder, 'out.gz.jsonl')];
  for (const file of [packed, plain]) await write(file, 'json', [BODY]);
  expect(gunzipSync(readFileSync(packed)).equals(readFileSync(plain))).toBe(true);
});

test('a file that is there is replaced, and one that nothing was written to is empty', async () => {
  const file = path.join(temporaryFolder(), 'out.jsonl');
  await write(file, 'json', [BODY, BODY]);
  await write(file, 'json', []);
  expect(readFileSync(file)).toHaveLength(0);
});

test('a path that cannot be written is an error that names it', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'missing', 'out.jsonl');
  await expect(TraceOutput.create(file, 'json')).rejects.toThrow(
    `${file} cannot be written (ENOENT); name a file in an existing folder.`,
  );
  await expect(TraceOutput.create(folder, 'json')).rejects.toThrow(`${folder} cannot be written (EISDIR)`);
});

const FULL = '/dev/full';

(existsSync(FULL) ? test : test.skip)('a disk that is full is an error by the time it is closed', async () => {
  const output = await TraceOutput.create(FULL, 'protobuf');
  const writing = (async () => {
    for (let index = 0; index < 100; index++) await output.write(BODY);
  })();
  await Promise.allSettled([writing]);
  await expect(output.close()).rejects.toThrow('ENOSPC');
});
