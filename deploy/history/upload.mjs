/**
 * Gives a fresh service a past: simulates two days of traffic and uploads them for training, once. Arguments: base URL of
 * the control API, file with a token of an operator. Leaves a service alone that has a model or learns already.
 */
import { execFileSync } from 'node:child_process';
import { openAsBlob, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const DAYS = 2;
const [url, tokenFile] = process.argv.slice(2);
const headers = { authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` };

const models = await (await fetch(`${url}/api/v1/models`, { headers })).json();
if (models.items?.length > 0) {
  process.stdout.write('There is a model already.\n');
  process.exit(0);
}

const file = path.join(tmpdir(), 'history.jsonl');
const start = new Date(Date.now() - DAYS * 86_400_000).toISOString();
const command = ['processor/bin/api-anomaly.mjs', 'simulate', '--out', file];
execFileSync(process.execPath, [...command, '--days', String(DAYS), '--attacks', 'none', '--start', start], {
  stdio: 'inherit',
});
const answer = await fetch(`${url}/api/v1/train`, {
  method: 'POST',
  headers: { ...headers, 'content-type': 'application/x-ndjson' },
  body: await openAsBlob(file),
});
process.stdout.write(`${answer.status} ${await answer.text()}\n`);
rmSync(file);
process.exitCode = answer.status === 202 ? 0 : 1;
