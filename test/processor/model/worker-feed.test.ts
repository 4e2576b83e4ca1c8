import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ServiceError } from '../../../processor/src/errors.ts';
import { feed } from '../../../processor/src/model/worker-feed.ts';

const MODULE = pathToFileURL(path.resolve('processor/src/model/worker-feed.ts')).href;

/** A thread that reads all, or the first `most` chunks, and posts what it read and how that ended. */
function reader(most = Infinity): Worker {
  const program = `
    const { parentPort } = await import('node:worker_threads');
    const { fedChunks, BrokenOff } = await import(${JSON.stringify(MODULE)});
    const read = [];
    let end = 'the end';
    try {
      for await (const chunk of fedChunks(parentPort)) {
        read.push(chunk.toString());
        if (read.length === ${most}) break;
      }
    } catch (error) {
      end = error instanceof BrokenOff ? error.message : error.code + ': ' + error.message;
    }
    parentPort.postMessage({ read, end });
    parentPort.close();`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`));
}

interface Source {
  /** Chunks asked for so far. */
  taken: number;
  hasReturned: boolean;
  chunks(): AsyncGenerator<Uint8Array, void, void>;
}

function sourceOf(texts: readonly string[], failure?: Error): Source {
  return {
    taken: 0,
    hasReturned: false,
    async *chunks() {
      try {
        for (const text of texts) {
          this.taken++;
          yield Buffer.from(text);
        }
        if (failure !== undefined) throw failure;
      } finally {
        this.hasReturned = true;
      }
    },
  };
}

async function result(worker: Worker, source: Source): Promise<unknown> {
  let found: unknown;
  worker.on('message', (message: object) => {
    if ('read' in message) found = message;
  });
  feed(worker, source.chunks());
  await once(worker, 'exit');
  return found;
}

test('a thread reads what is fed, in order, to the end', async () => {
  const source = sourceOf(['a', 'bc', '', 'd']);
  expect(await result(reader(), source)).toEqual({ read: ['a', 'bc', '', 'd'], end: 'the end' });
});

test('a source that fails is told to the thread, after what came before', async () => {
  const source = sourceOf(['a'], new Error('connection reset'));
  expect(await result(reader(), source)).toEqual({ read: ['a'], end: 'connection reset' });
});

test('an error of the table keeps its code on the way to the thread', async () => {
  const source = sourceOf(['a'], new ServiceError('upload_stalled', { seconds: 60 }));
  const { message } = new ServiceError('upload_stalled', { seconds: 60 });
  expect(await result(reader(), source)).toEqual({ read: ['a'], end: `upload_stalled: ${message}` });
});

test('no more is taken from the source than the thread asks for, and it is told when nobody reads on', async () => {
  const source = sourceOf(['a', 'b', 'c', 'd']);
  expect(await result(reader(2), source)).toEqual({ read: ['a', 'b'], end: 'the end' });
  await new Promise(setImmediate);
  expect([source.taken, source.hasReturned]).toEqual([2, true]);
});
