/**
 * Bytes for a worker thread that reads a long stream: the thread asks for every chunk, so that nothing piles up on either
 * side, and the one who sends is slowed down to what the thread can take.
 */
import { on } from 'node:events';
import type { MessagePort, Worker } from 'node:worker_threads';
import { ServiceError } from '../errors.ts';

/** Answer to a thread that wants bytes: the next ones, the end, or why there is no more: an error of the table, or another. */
type Fed =
  | { readonly chunk: Uint8Array }
  | { readonly end: true }
  | { readonly refused: Pick<ServiceError, 'code' | 'details'> }
  | { readonly broken: string };

/** Answers a thread that reads with `fedChunks` until it ends. A source that fails is told to the thread. */
export function feed(worker: Worker, source: AsyncIterable<Uint8Array>): void {
  const chunks = source[Symbol.asyncIterator]();
  const answer = async (): Promise<Fed> => {
    try {
      const { done = false, value } = await chunks.next();
      return done ? { end: true } : { chunk: value as Uint8Array };
    } catch (error) {
      if (error instanceof ServiceError) return { refused: { code: error.code, details: error.details } };
      return { broken: (error as Error).message };
    }
  };
  worker.on('message', (message: { readonly wanted?: true }) => {
    if (message.wanted !== true) return;
    void answer().then((fed) => worker.postMessage(fed));
  });
  // Whoever sends need not go on for a thread that has ended.
  worker.once('exit', () => void chunks.return?.()?.catch(() => undefined));
}

/** In the thread: the bytes that the other side feeds. Throws the ServiceError of its source, and a BrokenOff for any other. */
export async function* fedChunks(port: MessagePort): AsyncGenerator<Buffer, void, void> {
  const messages = on(port, 'message');
  try {
    for (;;) {
      port.postMessage({ wanted: true });
      const { value } = (await messages.next()) as { value: [Fed] };
      const [fed] = value;
      if ('end' in fed) return;
      if ('refused' in fed) throw new ServiceError(fed.refused.code, fed.refused.details);
      if ('broken' in fed) throw new BrokenOff(fed.broken);
      yield Buffer.from(fed.chunk.buffer, fed.chunk.byteOffset, fed.chunk.byteLength);
    }
  } finally {
    await messages.return?.();
  }
}

/** The source of the bytes failed; what came before was whole. */
export class BrokenOff extends Error {}
