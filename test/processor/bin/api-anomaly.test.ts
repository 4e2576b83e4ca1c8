/** The command as it is installed: it becomes the service's process, with the environment that keeps it small. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ChildProgram, killAllPrograms } from '../../support/child-program.ts';
import { Processor } from '../../support/processor.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';

const COMMAND = path.join(import.meta.dirname, '../../../processor/bin/api-anomaly.mjs');
const onLinux = process.platform === 'linux' ? test : test.skip;

afterEach(async () => {
  await killAllPrograms();
  removeTemporaryFolders();
});

test('passes its arguments on and ends as the service does', async () => {
  const program = new ChildProgram(process.execPath, [COMMAND, 'config', 'check', '--config', '/nowhere.yaml']);
  expect(await program.ended).toEqual({ code: 2, signal: null });
  expect(program.output).toContain('/nowhere.yaml');
});

onLinux('is one process, few memory arenas and kept code, and leaves what the environment says already', async () => {
  const processor = await Processor.create(temporaryFolder(), { export: { endpoint: '127.0.0.1:1' } });
  process.env['MALLOC_ARENA_MAX'] = '3';
  try {
    await processor.start();
  } finally {
    delete process.env['MALLOC_ARENA_MAX'];
  }
  const about = (file: string): string[] => readFileSync(`/proc/${processor.program!.pid}/${file}`, 'utf8').split('\0');
  expect(about('cmdline')[1]).toMatch(/main\.ts$/);
  expect(about('environ')).toEqual(
    expect.arrayContaining([
      'MALLOC_ARENA_MAX=3',
      'MALLOC_MMAP_THRESHOLD_=262144',
      expect.stringMatching(/^NODE_COMPILE_CACHE=.*node_modules\/\.cache\/api-anomaly$/),
    ]),
  );
  expect(await processor.stop()).toEqual({ code: 0, signal: null });
});
