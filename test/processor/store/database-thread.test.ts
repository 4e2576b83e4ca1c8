/** The thread of the database: its end is a fault of the calls under way, and nothing more. */
import path from 'node:path';
import { DatabaseThread } from '../../../processor/src/store/database-thread.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';

const limits = { days: 1, windowDays: 1, auditDays: 1, maxBytes: 1e9 };

/** A thread that ends when it is to probe, and answers everything else with the number of its calls so far. */
const MORTAL = `
  import { parentPort } from 'node:worker_threads';
  let calls = 0;
  parentPort.on('message', ({ id, method }) => {
    calls += 1;
    if (method === 'probe') process.exit(3);
    parentPort.postMessage({ id, value: calls });
  });`;

let thread: DatabaseThread;

afterEach(async () => {
  await thread.stop();
  removeTemporaryFolders();
});

const select = (sql: string) => thread.call('read', { sql, parameters: [] });

test('answers calls in their order, and a call that fails alone fails', async () => {
  thread = new DatabaseThread({ file: path.join(temporaryFolder(), 'x.sqlite'), limits });
  const results = await Promise.allSettled([select('SELECT 1 AS x'), select('SELECT'), select('SELECT 3 AS x')]);
  expect(results).toMatchObject([
    { status: 'fulfilled', value: [{ x: 1 }] },
    { status: 'rejected', reason: { kind: 'refused' } },
    { status: 'fulfilled', value: [{ x: 3 }] },
  ]);
});

test('when it ends, calls under way are faults and the next call starts another one', async () => {
  thread = new DatabaseThread({ file: 'x', limits }, new URL(`data:text/javascript,${encodeURIComponent(MORTAL)}`));
  expect(await select('one')).toBe(1);
  expect(await select('two')).toBe(2);
  const lost = [thread.call('probe'), select('three')];
  for (const call of lost) await expect(call).rejects.toMatchObject({ kind: 'unusable' });
  expect(await select('one again')).toBe(1);
});

test('one that cannot even start is a fault each time, and never an unhandled error', async () => {
  thread = new DatabaseThread({ file: 'x', limits }, new URL('data:text/javascript,throw new Error("no")'));
  await expect(select('one')).rejects.toMatchObject({ kind: 'unusable', message: expect.stringContaining('no') });
  await expect(select('two')).rejects.toMatchObject({ kind: 'unusable' });
});

test('stops twice and without a start', async () => {
  thread = new DatabaseThread({ file: 'x', limits });
  await thread.stop();
  await thread.stop();
  expect(thread.isFull).toBe(false);
});
