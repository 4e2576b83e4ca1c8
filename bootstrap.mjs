/**
 * Runs a command of this checkout with the pinned Node, installing the dependencies first where they are missing or
 * out of date. Plain JavaScript without dependencies: it must run on whatever Node (>= 20) the machine has.
 *
 * Usage: node bootstrap.mjs <tool of node_modules/.bin | script.ts | script.mjs> [arguments…]
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';

const root = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const nodeBinary = path.join(root, 'node_modules/node/bin/node');
const installedLock = path.join(root, 'node_modules/.installed-lock.json');

install();
run(process.argv.slice(2));

/** Installs from the lock file unless that very lock file is installed already. */
function install() {
  const lock = readFileSync(path.join(root, 'package-lock.json'), 'utf8');
  if (existsSync(nodeBinary) && existsSync(installedLock) && readFileSync(installedLock, 'utf8') === lock) return;
  process.stderr.write('Installing dependencies (once, from package-lock.json) …\n');
  const npm = spawnSync('npm', ['ci'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (npm.status !== 0) {
    process.stderr.write('npm ci failed: check the network and that npm is on PATH, then run the command again.\n');
    process.exit(1);
  }
  writeFileSync(installedLock, lock);
}

/** Runs a tool or script with the pinned Node and passes its exit code and signals on. */
function run([tool, ...args]) {
  if (tool === undefined) {
    process.stderr.write('Usage: node bootstrap.mjs <tool | script.ts> [arguments…]\n');
    process.exit(2);
  }
  const command = /\.m?[jt]s$/.test(tool) ? [nodeBinary, path.resolve(root, tool)] : toolCommand(tool);
  const environment = { ...process.env };
  environment.PATH = `${path.dirname(nodeBinary)}${path.delimiter}${environment.PATH ?? ''}`;
  if (tool === 'jest') {
    environment.NODE_OPTIONS = [
      environment.NODE_OPTIONS,
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
    ]
      .filter(Boolean)
      .join(' ');
  }
  const child = spawn(command[0], [...command.slice(1), ...args], { cwd: root, stdio: 'inherit', env: environment });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 128 + (constants.signals[signal] ?? 0);
  });
}

/** Tools written in JavaScript run under the pinned Node; native ones run as they are. */
function toolCommand(tool) {
  const file = realpathSync(path.join(root, 'node_modules/.bin', tool));
  const isScript = readFileSync(file, { encoding: 'latin1' }).startsWith('#!');
  return isScript ? [nodeBinary, file] : [file];
}
