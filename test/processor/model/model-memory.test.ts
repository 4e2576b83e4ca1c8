import { ModelMemory } from '../../../processor/src/model/model-memory.ts';

const bytesOf = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer;

async function textOf(memory: ModelMemory, version: string): Promise<string | undefined> {
  const bytes = await memory.loadModel(version);
  return bytes && new TextDecoder().decode(bytes);
}

test('a model comes back as it was saved, and a copy each time', async () => {
  const memory = new ModelMemory();
  await memory.saveModel('m-1', {}, bytesOf('one'));
  const [first, second] = [await memory.loadModel('m-1'), await memory.loadModel('m-1')];
  expect(first).toEqual(second);
  expect(first).not.toBe(second);
  expect(await memory.loadModel('m-2')).toBeUndefined();
});

test('only what is in use, approved or waiting for approval is kept', async () => {
  const memory = new ModelMemory();
  for (const version of ['m-1', 'm-2', 'm-3', 'm-4']) await memory.saveModel(version, {}, bytesOf(version));
  const nominee = { version: 'm-3', sinceSeconds: 0, learnedSeconds: 0 };
  await memory.activate('m-4', { approved: 'm-1', learnedSeconds: 0, nominee });
  const kept = await Promise.all(['m-1', 'm-2', 'm-3', 'm-4'].map((version) => textOf(memory, version)));
  expect(kept).toEqual(['m-1', undefined, 'm-3', 'm-4']);
});
