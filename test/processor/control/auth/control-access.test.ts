import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ControlAccess } from '../../../../processor/src/control/auth/control-access.ts';
import { createLog } from '../../../../processor/src/telemetry/log.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../../support/temporary-folder.ts';
import { controlConfig } from '../control-server.ts';
import { bearer } from '../http-ask.ts';

const OLD = 'old-token-0123456789';
const NEW = 'new-token-0123456789';

const opened: ControlAccess[] = [];
afterEach(() => {
  for (const access of opened.splice(0)) access.stop();
  removeTemporaryFolders();
});

function logged(): { readonly lines: string[]; readonly log: ReturnType<typeof createLog> } {
  const lines: string[] = [];
  return { lines, log: createLog({ level: 'info', destination: { write: (line: string) => void lines.push(line) } }) };
}

async function open(
  tokens: Record<string, unknown>,
  folder = temporaryFolder(),
  nowMs: () => number = Date.now,
): Promise<{ access: ControlAccess; lines: string[]; folder: string }> {
  const { lines, log } = logged();
  const access = await ControlAccess.open(controlConfig({ tokens }), folder, { log, nowMs });
  opened.push(access);
  return { access, lines, folder };
}

const roleOf = (access: ControlAccess, token: string) => access.caller(bearer(token))?.role;

test('without tokens in the configuration one for each role is made, for its owner alone, and named by its file', async () => {
  const { access, lines, folder } = await open({});
  for (const role of ['viewer', 'operator', 'admin']) {
    const file = path.join(folder, 'tokens', role);
    const token = readFileSync(file, 'utf8').trim();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(token.length).toBeGreaterThan(40);
    expect(roleOf(access, token)).toBe(role);
    expect(lines.join('')).toContain(file);
    expect(lines.join('')).not.toContain(token);
  }
  const again = await open({}, folder);
  expect(roleOf(again.access, readFileSync(path.join(folder, 'tokens', 'admin'), 'utf8').trim())).toBe('admin');
});

test('with a token in the configuration none is made', async () => {
  const { access, folder } = await open({ admin: [OLD] });
  expect(readdirSync(folder)).toEqual([]);
  expect(roleOf(access, OLD)).toBe('admin');
});

test('several tokens of a role are valid at once, and a file that changes is read again: rotation without a restart', async () => {
  const file = path.join(temporaryFolder(), 'operators');
  writeFileSync(file, `${OLD}\n`);
  const { access } = await open({ operator_file: file });
  writeFileSync(file, `${OLD}\n${NEW}\n`);
  await access.look();
  expect([roleOf(access, OLD), roleOf(access, NEW)]).toEqual(['operator', 'operator']);
  writeFileSync(file, `${NEW}\n`);
  await access.look();
  expect([roleOf(access, OLD), roleOf(access, NEW)]).toEqual([undefined, 'operator']);
});

test('a changed file that cannot be used changes nothing, and is told of once, without its content', async () => {
  const file = path.join(temporaryFolder(), 'operators');
  writeFileSync(file, `${OLD}\n`);
  const { access, lines } = await open({ operator_file: file });
  writeFileSync(file, 'secret but\tshort and wrong');
  await access.look();
  await access.look();
  expect(roleOf(access, OLD)).toBe('operator');
  const errors = lines.filter((line) => line.includes('"error"'));
  expect(errors).toHaveLength(1);
  expect(errors.join('')).not.toContain('secret but');
  rmSync(file);
  await access.look();
  expect(roleOf(access, OLD)).toBe('operator');
});

test('a file that is not there at start is an error that names it', async () => {
  await expect(open({ viewer_file: '/nowhere/tokens' })).rejects.toMatchObject({
    code: 'tokens_unreadable',
    message: expect.stringContaining('/nowhere/tokens'),
  });
});

test('a token that has ended is no token', async () => {
  const file = path.join(temporaryFolder(), 'viewers');
  writeFileSync(file, `${OLD} expires=2026-12-01T00:00:00Z\n`);
  let nowMs = Date.UTC(2026, 10, 30);
  const { access } = await open({ viewer_file: file }, undefined, () => nowMs);
  expect(roleOf(access, OLD)).toBe('viewer');
  nowMs = Date.UTC(2026, 11, 1);
  expect(roleOf(access, OLD)).toBeUndefined();
});

test('a token of two roles has the larger one', async () => {
  const { access } = await open({ viewer: [OLD], admin: [OLD], operator: [OLD] });
  expect(roleOf(access, OLD)).toBe('admin');
});

test('the user that Grafana names is believed of the tokens that are trusted for it, and of no others', async () => {
  const fingerprint = createHash('sha256').update(OLD).digest('hex').slice(0, 16);
  const { access } = await open({ operator: [OLD, NEW], trusted_for_user_header: [fingerprint] });
  const named = (token: string, user: string) => access.caller({ ...bearer(token), 'x-grafana-user': user })?.actor;
  expect(named(OLD, 'ada')).toBe('grafana:ada');
  expect(named(NEW, 'ada')).toMatch(/^operator:[0-9a-f]{16}$/);
  expect(named(OLD, 'ev\u0000il\u202e')).toBe('grafana:ev?il?');
  expect(access.caller(bearer(OLD))?.actor).toBe(`operator:${fingerprint}`);
});

test('a token as password of HTTP Basic is taken where that is asked for only', async () => {
  const { access } = await open({ viewer: [OLD] });
  const authorization = `Basic ${Buffer.from(`any:${OLD}`).toString('base64')}`;
  expect(access.caller({ authorization })).toBeUndefined();
  expect(access.caller({ authorization }, true)?.role).toBe('viewer');
});
