/** The program that gives the compose stack a past, against a real processor. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { Processor } from '../support/processor.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { endAll } from './chain.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const UPLOAD_MS = 150_000;
const TRAINED_MS = 120_000;

afterEach(endAll);

test(
  'a fresh service is given two days to learn from, and one that has a model is left alone',
  async () => {
    const processor = await Processor.create(temporaryFolder(), {});
    await processor.start();
    const tokens = path.join(processor.dataFolder, 'tokens/operator');

    const first = await upload(processor.controlUrl, tokens);
    expect(first).toMatchObject({ code: 0, said: expect.stringContaining('202 ') });
    await processor.program!.ready(async () => {
      return (await processor.metric('api_anomaly_model_info')) > 0;
    }, TRAINED_MS);

    expect(await upload(processor.controlUrl, tokens)).toEqual({ code: 0, said: 'There is a model already.\n' });
  },
  UPLOAD_MS + TRAINED_MS,
);

/** Runs it as the compose file does: in the folder with the processor in it. */
async function upload(url: string, tokenFile: string): Promise<{ code: number; said: string }> {
  const program = spawn(process.execPath, ['deploy/history/upload.mjs', url, tokenFile], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: temporaryFolder() },
  });
  let said = '';
  program.stdout.on('data', (data: Buffer) => (said += data.toString()));
  program.stderr.on('data', (data: Buffer) => (said += data.toString()));
  const [code] = (await once(program, 'exit')) as [number];
  return { code, said };
}
