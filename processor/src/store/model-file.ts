/** A model outside the data folder: a file of the folder's `models`, or the bare bytes of a model. */
import { open, readFile } from 'node:fs/promises';
import { isEnvelope, EnvelopeReader } from './envelope.ts';

/** The bytes of the model in a file. Rejects with an Error that names the file and what is wrong with it. */
export async function readModelFile(path: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`${path} cannot be read (${code}); give a model, such as a file of models/ in the data folder.`, {
      cause: error,
    });
  }
  // A copy, since a Buffer is not quite the array that it extends: its `slice` shares the memory.
  if (!isEnvelope(bytes)) return new Uint8Array(bytes);
  const file = await open(path, 'r');
  try {
    const reader = await EnvelopeReader.open(file, path, 'model');
    return new Uint8Array(await reader.bytes());
  } finally {
    await file.close();
  }
}
