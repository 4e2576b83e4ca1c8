import { createHash } from 'node:crypto';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EnvelopeReader, writeEnvelope, type Chunks } from '../../../processor/src/store/envelope.ts';

let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'envelope-'));
  file = path.join(directory, 'file');
});

afterEach(() => rm(directory, { recursive: true }));

async function write(payload: Chunks, header = {}): Promise<Buffer> {
  const handle = await open(file, 'w');
  await writeEnvelope(handle, 'model', header, payload);
  await handle.close();
  return readFile(file);
}

/** The file's header and payload, or the code of the error. */
async function read(): Promise<{ header: unknown; payload: Buffer } | string> {
  const handle = await open(file, 'r');
  try {
    const reader = await EnvelopeReader.open(handle, file, 'model');
    return { header: reader.header, payload: Buffer.from(await reader.bytes()) };
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await handle.close();
  }
}

/** Puts the right checksum at the end, as a program that wrote the bytes on purpose would. */
function sealed(body: Uint8Array): Buffer {
  return Buffer.concat([body, createHash('sha256').update(body).digest()]);
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(10);
  throw new Error('producer');
}

test('an envelope is magic, version, header length, header, payload and the SHA-256 of all before', async () => {
  const bytes = await write([Buffer.from('payload')], { rows: 3 });

  const json = '{"kind":"model","header":{"rows":3}}';
  const byHand = [Buffer.from([0x89, 0x41, 0x50, 0x49, 0x41, 0x0d, 0x0a, 0x1a, 1, 0, 0, 0, json.length, 0, 0, 0])];
  byHand.push(Buffer.from(json), Buffer.from('payload'));
  expect(bytes).toEqual(sealed(Buffer.concat(byHand)));
});

test('what was written comes back, in whatever pieces it came, also across slice borders', async () => {
  const parts = [1, 7, 262_143, 262_144, 262_145, 0, 600_000].map((size, i) => Buffer.alloc(size, i + 1));
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield* parts;
  }
  await write(pieces(), { name: 'größer' });

  const whole = Buffer.concat(parts);
  const found = await read();
  expect(found).toMatchObject({ header: { name: 'größer' } });
  expect((found as { payload: Buffer }).payload.equals(whole)).toBe(true);

  const handle = await open(file, 'r');
  const reader = await EnvelopeReader.open(handle, file, 'model');
  const wide = new Float64Array(2);
  const first = Buffer.alloc(300_000);
  await reader.read(first);
  await reader.read(wide);
  expect(first.equals(whole.subarray(0, 300_000))).toBe(true);
  expect(Buffer.from(wide.buffer)).toEqual(whole.subarray(300_000, 300_016));
  expect(reader.remaining).toBe(whole.length - 300_016);
  await handle.close();
});

test('a producer that changes its buffer after handing it over leaves a whole file', async () => {
  const live = new Uint8Array(500_000);
  let ticks = 0;
  async function* changing(): AsyncGenerator<Uint8Array> {
    for (let turn = 0; turn < 4; turn += 1) {
      const timer = setInterval(() => live.fill((ticks += 1)), 0);
      live.fill(turn);
      yield live;
      clearInterval(timer);
    }
  }
  await write(changing());

  expect(await read()).toMatchObject({ payload: { length: 2_000_000 } });
});

test('writing a large payload lets the event loop turn at every slice', async () => {
  let turns = 0;
  const handle = await open(file, 'w');
  let isWriting = true;
  const count = (): void => {
    turns += 1;
    if (isWriting) setImmediate(count);
  };
  setImmediate(count);
  await writeEnvelope(handle, 'model', {}, [Buffer.alloc(32 * 256 * 1024)]);
  isWriting = false;
  await handle.close();

  expect(turns).toBeGreaterThanOrEqual(32);
});

test('no flipped byte is ever read as content', async () => {
  const bytes = await write([Buffer.from('the content')], { version: 'm-1' });
  for (let at = 0; at < bytes.length; at += 1) {
    for (const bit of [1, 128, 255]) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ bit;
      await writeFile(file, damaged);
      expect([at, bit, await read()]).toEqual([at, bit, 'file_corrupt']);
    }
  }
});

test('no truncated or lengthened file is ever read as content', async () => {
  const bytes = await write([Buffer.from('the content')], { version: 'm-1' });
  for (let length = 0; length < bytes.length; length += 1) {
    await writeFile(file, bytes.subarray(0, length));
    expect([length, await read()]).toEqual([length, 'file_corrupt']);
  }
  await writeFile(file, Buffer.concat([bytes, Buffer.alloc(1)]));
  expect(await read()).toBe('file_corrupt');
});

test('a file of a newer format is told from a damaged one', async () => {
  const body = (await write([Buffer.from('x')])).subarray(0, -32);
  body.writeUInt32LE(2, 8);
  await writeFile(file, sealed(body));

  expect(await read()).toBe('file_newer');
});

test('a file with a right checksum but a header of another kind or shape is refused', async () => {
  const magic = Buffer.from('\x89APIA\r\n\x1a', 'latin1');
  const withHeader = (json: string, length = Buffer.byteLength(json)): Buffer => {
    const numbers = Buffer.alloc(8);
    numbers.writeUInt32LE(1, 0);
    numbers.writeUInt32LE(length, 4);
    return sealed(Buffer.concat([magic, numbers, Buffer.from(json)]));
  };
  const headers = ['{"kind":"state","header":{}}', '{"kind":"model"}', 'null', '{"kind":'];
  for (const bytes of [...headers.map((json) => withHeader(json)), withHeader('{}', 3), withHeader('{}', 0xffffffff)]) {
    await writeFile(file, bytes);
    expect(await read()).toBe('file_corrupt');
  }
  await writeFile(file, withHeader('{"kind":"model","header":{}}'));
  expect(await read()).toEqual({ header: {}, payload: Buffer.alloc(0) });
});

test('a file that changes after it was verified is found out at the end of the payload', async () => {
  await write([Buffer.from('the content')]);
  const handle = await open(file, 'r+');
  const reader = await EnvelopeReader.open(handle, file, 'model');
  const { size } = await handle.stat();
  await handle.write('X', size - 33);

  await expect(reader.bytes()).rejects.toMatchObject({ code: 'file_corrupt' });
  await handle.close();
});

test('asking for more than is left is an error, not a short answer', async () => {
  await write([Buffer.from('12345678')]);
  const handle = await open(file, 'r');
  const reader = await EnvelopeReader.open(handle, file, 'model');

  await expect(reader.read(new Uint8Array(9))).rejects.toMatchObject({ code: 'file_corrupt' });
  await handle.close();
});

test('a header too large to be read back is refused before anything is written', async () => {
  const handle = await open(file, 'w');
  const header = { text: 'x'.repeat(16 * 1024 * 1024) };

  await expect(writeEnvelope(handle, 'model', header, [])).rejects.toThrow(RangeError);
  expect((await handle.stat()).size).toBe(0);
  await handle.close();
});

test('an error of the producer rejects', async () => {
  const handle = await open(file, 'w');
  await expect(writeEnvelope(handle, 'model', {}, failing())).rejects.toThrow('producer');
  await handle.close();
});
