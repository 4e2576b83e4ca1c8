import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { encodeJsonLine, encodeRequest } from '../../../processor/src/otlp/request-writer.ts';
import { type BrokenLine, TraceFile } from '../../../processor/src/replay/trace-file.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';
import { call, resourceSpans, spansIn } from '../pipeline/requests.ts';

afterEach(removeTemporaryFolders);

function fileOf(content: string | Uint8Array, name = 'traces.jsonl'): string {
  const file = path.join(temporaryFolder(), name);
  writeFileSync(file, content);
  return file;
}

/** Request `index`, of two spans, as a line and as protobuf. */
const lineOf = (index: number): string => encodeJsonLine([resourceSpans([call(2 * index), call(2 * index + 1)])]);
const bodyOf = (index: number): Buffer => encodeRequest([resourceSpans([call(2 * index), call(2 * index + 1)])]);

/** A request that is not small: 300 spans. */
const largeBody = (first: number): Buffer =>
  encodeRequest([resourceSpans(Array.from({ length: 300 }, (_, index) => call(first + index)))]);

/** As the file exporter of the collector writes protobuf. */
function prefixed(...bodies: readonly Buffer[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(body.length);
      return [length, body];
    }),
  );
}

interface Read {
  readonly encoding: string;
  /** Line of each request. */
  readonly lines: readonly number[];
  readonly bodies: readonly Buffer[];
  readonly broken: readonly BrokenLine[];
  readonly progress: readonly [number, number];
}

async function read(file: TraceFile | string): Promise<Read> {
  const opened = typeof file === 'string' ? await TraceFile.open(file) : file;
  const lines: number[] = [];
  const bodies: Buffer[] = [];
  const broken: BrokenLine[] = [];
  for await (const { body, line } of opened.requests((part) => broken.push(part))) {
    lines.push(line);
    bodies.push(body);
  }
  return { encoding: opened.encoding, lines, bodies, broken, progress: [opened.bytesRead, opened.size] };
}

/** What is read as `lines` and is requests `indices`. */
const requests = (lines: readonly number[], indices: readonly number[]): object => ({
  lines,
  bodies: indices.map(bodyOf),
});

const NOT_JSON = expect.stringMatching(/^The request is no valid JSON/);

describe('JSON lines', () => {
  test('are requests, each with the number of its line', async () => {
    const file = fileOf(lineOf(0) + lineOf(1) + lineOf(2));
    expect(await read(file)).toMatchObject({ encoding: 'json', broken: [], ...requests([1, 2, 3], [0, 1, 2]) });
  });

  test.each([
    ['blank lines', `${lineOf(0)}\n \t\n${lineOf(1)}\n\n`, [1, 4]],
    ['blank lines before all others', `\n\r\n${lineOf(0)}${lineOf(1)}`, [3, 4]],
    ['ends of lines as Windows has them', `${lineOf(0)}${lineOf(1)}`.replaceAll('\n', '\r\n'), [1, 2]],
    ['a last line without an end', `${lineOf(0)}${lineOf(1).trimEnd()}`, [1, 2]],
    ['white space before a request', `${lineOf(0)}  ${lineOf(1)}`, [1, 2]],
  ])('may have %s', async (_name, text, lines) => {
    expect(await read(fileOf(text))).toMatchObject({ encoding: 'json', broken: [], ...requests(lines, [0, 1]) });
  });

  test('longer than what is read from the disk at once are whole', async () => {
    const attributes = { 'url.query': 'x'.repeat(700_000) };
    const long = encodeJsonLine([resourceSpans([call(0, attributes)])]);
    const { bodies, broken } = await read(fileOf(long + lineOf(1) + long));
    expect(broken).toEqual([]);
    expect(bodies.map((body) => spansIn(body).length)).toEqual([1, 2, 1]);
    expect(spansIn(bodies[2]!)[0]!.attributes['url.query']).toBe(attributes['url.query']);
  });

  test('that are broken are reported with number and reason, and the rest is read', async () => {
    const text = [
      lineOf(0),
      '{"resourceSpans":[\n',
      lineOf(1),
      '{"resourceSpans":{}}\n',
      'no JSON at all\n',
      lineOf(2),
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]}\n',
    ].join('');
    const file = fileOf(text);
    const found = await read(file);
    expect(found).toMatchObject(requests([1, 3, 6], [0, 1, 2]));
    expect(found.broken).toEqual([
      { file, line: 2, reason: NOT_JSON },
      { file, line: 4, reason: expect.stringContaining('resourceSpans') },
      { file, line: 5, reason: NOT_JSON },
      { file, line: 7, reason: expect.stringContaining('traceId') },
    ]);
  });

  test.each([
    ['begins in the middle', 'kind":2}]}]}]}\n'],
    ['is an opened brace', '{\n'],
    ['is in no alphabet', Buffer.from([0xff, 0xfe, 0x0a])],
  ])('are read though the first one %s', async (_name, first) => {
    const file = fileOf(Buffer.concat([Buffer.from(first), Buffer.from(lineOf(0) + lineOf(1))]));
    const found = await read(file);
    expect(found).toMatchObject({ encoding: 'json', ...requests([2, 3], [0, 1]) });
    expect(found.broken).toEqual([{ file, line: 1, reason: expect.stringMatching(/no valid/) }]);
  });

  test('may hold more values than a request to the service', async () => {
    const values = `{"arrayValue":{"values":[${'{},'.repeat(2_000_001)}{}]}}`;
    const span = `{"attributes":[{"key":"k","value":${values}}]}`;
    const { lines, broken } = await read(fileOf(`{"resourceSpans":[{"scopeSpans":[{"spans":[${span}]}]}]}\n`));
    expect([lines, broken]).toEqual([[1], []]);
  });
});

describe('one document of many lines', () => {
  const document = JSON.stringify(JSON.parse(lineOf(0)), null, 2);

  test.each([
    ['with indents', document],
    ['after a blank line', `\n${document}\n\n`],
    ['with a line that is JSON by itself', document.replace('{\n', '{\n"schemaUrl":\n{}\n,\n')],
  ])('%s is one request', async (_name, text) => {
    expect(await read(fileOf(text, 'traces.json'))).toMatchObject({
      encoding: 'json',
      broken: [],
      ...requests([1], [0]),
    });
  });

  test('that is cut off is no request, and says so from its first line on', async () => {
    const file = fileOf(document.slice(0, -30));
    const { bodies, broken } = await read(file);
    expect(bodies.filter(({ length }) => length > 0)).toEqual([]);
    expect(broken[0]).toEqual({ file, line: 1, reason: NOT_JSON });
  });
});

describe('protobuf', () => {
  test('behind lengths is requests, numbered from 1', async () => {
    const file = fileOf(prefixed(bodyOf(0), bodyOf(1), bodyOf(2)), 'traces.bin');
    expect(await read(file)).toMatchObject({ encoding: 'protobuf', broken: [], ...requests([1, 2, 3], [0, 1, 2]) });
  });

  test('may have messages larger than what is read at once, and empty ones', async () => {
    const bodies = [bodyOf(0), Buffer.concat(Array.from({ length: 12 }, (_, part) => largeBody(300 * part)))];
    expect(bodies[1]!.length).toBeGreaterThan(3 * 256 * 1024);
    const found = await read(fileOf(prefixed(...bodies, Buffer.alloc(0), bodyOf(1))));
    expect(found).toMatchObject({ broken: [], lines: [1, 2, 3, 4] });
    expect(found.bodies[1]!.equals(bodies[1]!)).toBe(true);
    expect(found.bodies.slice(2)).toEqual([Buffer.alloc(0), bodyOf(1)]);
  });

  test('that stands alone is one request, whatever its size', async () => {
    const large = Buffer.concat(Array.from({ length: 8 }, (_, part) => largeBody(300 * part)));
    for (const body of [bodyOf(0), large]) {
      const found = await read(fileOf(body));
      expect(found).toMatchObject({ encoding: 'protobuf', broken: [], lines: [1] });
      expect(found.bodies[0]!.equals(body)).toBe(true);
    }
  });

  test('that stands alone and looks like the start of JSON is protobuf all the same', async () => {
    // Resource spans of 123 bytes are 0a 7b, which is a line feed and a brace; then comes the resource, of 34 bytes.
    const attribute = [0x0a, 0x20, 0x0a, 0x01, 0x6b, 0x12, 0x1b, 0x0a, 0x19, ...Buffer.from('v'.repeat(25))];
    const resource = [0x0a, attribute.length, ...attribute];
    const schemaUrl = [0x1a, 123 - resource.length - 2];
    const rest = Buffer.from('s'.repeat(123 - resource.length - 2));
    const body = Buffer.from([0x0a, 123, ...resource, ...schemaUrl, ...rest]);
    expect(body.subarray(0, 4)).toEqual(Buffer.from('\n{\n"'));
    expect(await read(fileOf(body))).toMatchObject({ encoding: 'protobuf', bodies: [body], broken: [] });
  });

  test.each([
    ['in a message', -5],
    ['in a length', -bodyOf(1).length - 2],
  ])('that is cut off %s gives what is there, and the rest is reported', async (_name, end) => {
    const bytes = prefixed(bodyOf(0), bodyOf(1)).subarray(0, end);
    const file = fileOf(bytes);
    const left = bytes.length - 4 - bodyOf(0).length;
    expect(await read(file)).toMatchObject({
      ...requests([1], [0]),
      broken: [{ file, line: 2, reason: `${left} bytes are less than the message they begin` }],
    });
  });

  test('with a length that no request has is not read beyond it', async () => {
    const length = Buffer.from([0x7f, 0xff, 0xff, 0xff]);
    const file = fileOf(Buffer.concat([prefixed(bodyOf(0)), length, bodyOf(1)]));
    expect(await read(file)).toMatchObject({
      ...requests([1], [0]),
      broken: [{ file, line: 2, reason: 'the file ends here: a message of 2147483647 bytes is no trace request' }],
    });
  });
});

describe('compressed files', () => {
  const COMPRESSIONS = [
    ['gzip', gzipSync],
    ['Zstandard', zstdCompressSync],
  ] as const;

  test.each(COMPRESSIONS)(
    'of %s are told by their bytes, not by their name, in either encoding',
    async (_name, pack) => {
      expect(await read(fileOf(pack(lineOf(0) + lineOf(1)), 'plain.jsonl'))).toMatchObject({
        encoding: 'json',
        broken: [],
        ...requests([1, 2], [0, 1]),
      });
      expect(await read(fileOf(pack(prefixed(bodyOf(0), bodyOf(1))), 'plain.bin'))).toMatchObject({
        encoding: 'protobuf',
        broken: [],
        ...requests([1, 2], [0, 1]),
      });
      expect(await read(fileOf(lineOf(0), 'not-packed.jsonl.gz'))).toMatchObject(requests([1], [0]));
    },
  );

  test('of several members, as a rotating writer makes them, are read to the end', async () => {
    const file = fileOf(Buffer.concat([gzipSync(lineOf(0)), gzipSync(lineOf(1))]));
    expect(await read(file)).toMatchObject({ broken: [], ...requests([1, 2], [0, 1]) });
  });

  // What cannot be packed well is spread over the file: 2000 lines of it.
  const lines = Array.from({ length: 2000 }, (_, index) => lineOf(index));

  test.each(COMPRESSIONS)(
    'of %s that are cut off give what is there and report where they end',
    async (_name, pack) => {
      const whole = pack(lines.join(''));
      const file = fileOf(whole.subarray(0, Math.floor(whole.length * 0.7)));
      const { lines: numbers, bodies, broken } = await read(file);
      const count = bodies.length;
      expect(count).toBeGreaterThan(500);
      expect(count).toBeLessThan(2000);
      expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index + 1));
      expect(bodies.at(-1)).toEqual(bodyOf(count - 1));
      expect(broken).toEqual([
        { file, line: count + 1, reason: expect.stringMatching(/no valid JSON|unexpected end/) },
      ]);
    },
  );

  test('of gzip that are cut off give all that is there, be it little', async () => {
    const whole = gzipSync(lines.slice(0, 40).join(''));
    const { bodies, broken } = await read(fileOf(whole.subarray(0, Math.floor(whole.length * 0.7))));
    expect(bodies.length).toBeGreaterThan(10);
    expect(bodies).toEqual(bodies.map((_, index) => bodyOf(index)));
    expect(broken).toMatchObject([{ line: bodies.length + 1, reason: NOT_JSON }]);
  });

  test('that are damaged in the middle give what comes before', async () => {
    const whole = gzipSync(lines.join(''));
    whole.fill(0xff, Math.floor(whole.length * 0.7), Math.floor(whole.length * 0.7) + 64);
    const { bodies, broken } = await read(fileOf(whole));
    expect(bodies.length).toBeGreaterThan(500);
    expect(bodies[500]).toEqual(bodyOf(500));
    expect(broken.at(-1)!.reason).toMatch(/^the file ends here: /);
  });

  test('with a first line that is broken give the others, also when they are cut off', async () => {
    const whole = zstdCompressSync(`no JSON\n${lines.join('')}`);
    const file = fileOf(whole.subarray(0, Math.floor(whole.length * 0.7)));
    const { bodies, broken } = await read(file);
    expect(bodies.length).toBeGreaterThan(500);
    expect(broken).toEqual([
      { file, line: 1, reason: NOT_JSON },
      { file, line: bodies.length + 2, reason: expect.stringContaining('unexpected end') },
    ]);
  });
});

describe('files that hold nothing', () => {
  test.each([
    ['no byte', ''],
    ['white space', ' \n\n\t\r\n'],
    ['an empty file that was packed', gzipSync('')],
  ])('but %s are refused', async (_name, content) => {
    const file = fileOf(content);
    await expect(TraceFile.open(file)).rejects.toThrow(`${file} is empty; give a file of OTLP traces.`);
  });

  test('or are not there are refused with the reason', async () => {
    const folder = temporaryFolder();
    const missing = path.join(folder, 'missing.jsonl');
    await expect(TraceFile.open(missing)).rejects.toThrow(
      `${missing} cannot be read (ENOENT); give an existing file of OTLP traces.`,
    );
    await expect(TraceFile.open(folder)).rejects.toThrow(`${folder} cannot be read: EISDIR`);
  });

  test('but a compressed start that is damaged are refused', async () => {
    const file = fileOf(Buffer.concat([gzipSync('').subarray(0, 10), Buffer.alloc(20, 0xff)]));
    await expect(TraceFile.open(file)).rejects.toThrow(`${file} cannot be read: `);
  });
});

describe('reading again', () => {
  test.each([
    ['lines', lineOf(0) + '{\n' + lineOf(1)],
    ['protobuf', prefixed(bodyOf(0), bodyOf(1)).subarray(0, -3)],
    ['packed lines', gzipSync(lineOf(0) + '{\n' + lineOf(1))],
  ])('gives the same: %s', async (_name, content) => {
    const file = await TraceFile.open(fileOf(content));
    const first = await read(file);
    expect(first.bodies.length).toBeGreaterThan(0);
    expect(first.broken).toHaveLength(1);
    expect(await read(file)).toEqual(first);
  });

  test('the bytes read add up to the size of the file each time', async () => {
    const file = await TraceFile.open(fileOf(gzipSync(lineOf(0))));
    for (let time = 0; time < 2; time++) {
      const { progress } = await read(file);
      expect(progress[0]).toBe(progress[1]);
      expect(progress[0]).toBeGreaterThan(0);
    }
  });

  test('a reader that stops early leaves the file as it was', async () => {
    const file = await TraceFile.open(fileOf(Array.from({ length: 500 }, (_, index) => lineOf(index)).join('')));
    for await (const { line } of file.requests(() => {})) if (line === 2) break;
    expect((await read(file)).lines).toHaveLength(500);
  });
});
