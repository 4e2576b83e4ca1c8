#!/usr/bin/env node
/**
 * The `api-anomaly` command: main.ts with the settings that only the environment of a process can make, under the Node this
 * was started with, or under the pinned one if that is older. It becomes that process where the system can do so.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/** What the environment says already is left as it is. */
const environment = {
  // Node keeps what it has stripped of types and compiled: from the second start on, no thread loads the stripper (18 MB).
  NODE_COMPILE_CACHE: pathOf('../../node_modules/.cache/api-anomaly'),
  // glibc gives back what the buffers of large requests, trainings and snapshots have left behind (mallopt(3)).
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '262144',
  MALLOC_TRIM_THRESHOLD_: '1048576',
  ...process.env,
};

const node = nodeToRun();
const args = [pathOf('../src/main.ts'), ...process.argv.slice(2)];
// Windows cannot replace a process, nor can Node 20.
if (process.platform !== 'win32') process.execve?.(node, [node, ...process.execArgv, ...args], environment);
const child = spawn(node, args, { stdio: 'inherit', env: environment });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? code : 128 + constants.signals[signal];
});

function nodeToRun() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 12)) return process.execPath;
  const pinned = pathOf('../../node_modules/node/bin/node');
  if (existsSync(pinned)) return pinned;
  process.stderr.write(
    `Node is ${process.versions.node}; use Node 24.12 or newer, or run \`npm ci\` for the pinned one.\n`,
  );
  return process.exit(2);
}
