import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadOrCreateSecret, parseSecret, readSecret } from '../../../processor/src/store/secrets.ts';

let directory: string;
let file: string;

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(tmpdir(), 'secrets-'));
  file = path.join(directory, 'pseudonym');
});

afterEach(() => fs.rmSync(directory, { recursive: true }));

test('a secret is made once, of the length asked for, and stays the same', async () => {
  const made = await loadOrCreateSecret(directory, 'pseudonym', 24);
  expect(made).toHaveLength(24);
  expect(await loadOrCreateSecret(directory, 'pseudonym', 24)).toEqual(made);
  expect(await loadOrCreateSecret(directory, 'other', 24)).not.toEqual(made);
});

test('only its owner may read a secret, also after a backup came with wider permissions', async () => {
  await loadOrCreateSecret(directory, 'pseudonym');
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  fs.chmodSync(file, 0o644);
  await loadOrCreateSecret(directory, 'pseudonym');
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
});

test('a damaged, cut or wrong-sized secret rejects with the two ways out and is never replaced', async () => {
  await loadOrCreateSecret(directory, 'pseudonym', 32);
  const bytes = fs.readFileSync(file);
  const flipped = Buffer.from(bytes);
  flipped[bytes.length - 40] = (bytes.at(-40) ?? 0) ^ 1;
  for (const damaged of [flipped, bytes.subarray(0, 50), Buffer.alloc(0), Buffer.alloc(32, 7)]) {
    fs.writeFileSync(file, damaged);
    await expect(loadOrCreateSecret(directory, 'pseudonym', 32)).rejects.toThrow(
      `The secret ${file} is damaged; use its backup, or remove it to begin anew`,
    );
    expect(fs.readFileSync(file)).toEqual(damaged);
  }
  fs.writeFileSync(file, bytes);
  await expect(loadOrCreateSecret(directory, 'pseudonym', 16)).rejects.toThrow('is damaged');
});

describe('a secret that a person gives', () => {
  const SECRET = Buffer.from(Array.from({ length: 32 }, (_, index) => 250 - index));

  test.each([
    ['as it is', SECRET],
    ['in hex, with a line end', `${SECRET.toString('hex')}\n`],
    ['in capital hex', SECRET.toString('hex').toUpperCase()],
    ['in base64', SECRET.toString('base64')],
  ])('is read %s', async (_, content) => {
    fs.writeFileSync(file, content);
    expect(await readSecret(file)).toEqual(SECRET);
  });

  test('may be one that the service has made', async () => {
    const made = await loadOrCreateSecret(directory, 'pseudonym');
    expect(await readSecret(file)).toEqual(made);
  });

  test.each([
    ['nothing', ''],
    ['too few bytes', 'abc'],
    ['another length', Buffer.alloc(33, 7)],
    ['more than any secret', Buffer.alloc(100_000, 0x61)],
    ['hex that breaks off', `${SECRET.toString('hex').slice(0, 62)}zz`],
  ])('that is %s is refused', async (_, content) => {
    fs.writeFileSync(file, content);
    await expect(readSecret(file)).rejects.toMatchObject({ code: 'file_corrupt' });
  });

  test('in a text is hex or base64 of the right length', () => {
    expect(parseSecret(SECRET.toString('base64'))).toEqual(SECRET);
    for (const text of ['', 'secret', SECRET.toString('base64url'), SECRET.toString('hex').slice(2)]) {
      expect(parseSecret(text)).toBeUndefined();
    }
  });
});

test('a secret that cannot be read rejects with the error of the disk', async () => {
  fs.mkdirSync(file);
  await expect(loadOrCreateSecret(directory, 'pseudonym')).rejects.toMatchObject({ code: 'EISDIR' });
});
