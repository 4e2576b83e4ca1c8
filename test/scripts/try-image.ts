/**
 * Builds `deploy/Dockerfile` and tries the image, without a container engine and without a registry of images: a
 * debootstrapped Debian with the pinned Node in it takes the name of the public base image, and buildah builds and runs in a chroot.
 * The service is started as the image's own user and command, asked for its health, and given a span, which must be counted.
 *
 * Usage: node bootstrap.mjs test/scripts/try-image.ts
 * Needs root, and Debian's buildah and debootstrap. Takes three to five minutes; everything it writes is in one temporary folder,
 * which it removes.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../support/free-ports.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const DOCKERFILE = path.join(ROOT, 'deploy/Dockerfile');
const DEBIAN = 'bookworm';
const IMAGE = 'localhost/api-anomaly:try';
const READY_MS = 60_000;

/** One span of kind SERVER, as OTLP JSON. */
const REQUEST = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId: '5b8efff798038103d269b633813fc60c',
              spanId: 'eee19b7ec3c1b174',
              name: 'GET /orders',
              kind: 2,
              startTimeUnixNano: `${Date.now()}000000`,
              endTimeUnixNano: `${Date.now() + 5}000000`,
            },
          ],
        },
      ],
    },
  ],
};

const work = mkdtempSync(path.join(tmpdir(), 'try-image-'));
const storage = ['--root', path.join(work, 'storage'), '--runroot', path.join(work, 'run'), '--storage-driver', 'vfs'];
try {
  const [, base = ''] = /^ARG NODE_IMAGE=(\S+)$/m.exec(readFileSync(DOCKERFILE, 'utf8')) ?? [];
  importBase(base);
  build();
  await tryService();
  process.stdout.write('The image is built, healthy as its own user, and takes spans.\n');
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** A Debian with Node and npm where the public image has them, and its user `node`, under the name of the public image. */
function importBase(name: string): void {
  const root = path.join(work, 'debian');
  run('debootstrap', ['--variant=minbase', DEBIAN, root]);
  mkdirSync(path.join(root, 'usr/local/lib/node_modules'), { recursive: true });
  run('cp', ['-L', process.execPath, path.join(root, 'usr/local/bin/node')]);
  run('cp', ['-r', npmFolder(), path.join(root, 'usr/local/lib/node_modules/npm')]);
  run('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', path.join(root, 'usr/local/bin/npm')]);
  run('chroot', [root, 'useradd', '--uid', '1000', '--create-home', 'node']);
  const container = buildah('from', 'scratch').trim();
  buildah('add', '--quiet', container, root, '/');
  buildah('commit', '--quiet', '--rm', container, name);
  rmSync(root, { recursive: true, force: true });
}

/** The npm of this machine: `npm` on PATH is a link to npm/bin/npm-cli.js. */
function npmFolder(): string {
  return path.resolve(realpathSync(run('sh', ['-c', 'command -v npm']).trim()), '../..');
}

/** npm in the build asks the registry that npm here asks, with the settings it has here; neither becomes part of the image. */
function build(): void {
  const settings = path.join(work, 'npmrc');
  const authorities = process.env['NODE_EXTRA_CA_CERTS'];
  const mounts = ['--volume', `${settings}:/root/.npmrc:ro`];
  let text = `registry=${run('npm', ['config', 'get', 'registry'], ROOT)}`;
  if (authorities !== undefined) {
    text += 'cafile=/root/authorities.pem\n';
    mounts.push('--volume', `${authorities}:/root/authorities.pem:ro`);
  }
  writeFileSync(settings, text);
  const options = ['--format', 'docker', '--isolation', 'chroot', '--pull-never', ...mounts];
  buildah('bud', ...options, '--file', DOCKERFILE, '--tag', IMAGE, ROOT);
}

async function tryService(): Promise<void> {
  const [http, grpc, control] = (await freePorts(3)) as [number, number, number];
  const container = buildah('from', '--pull-never', IMAGE).trim();
  const { entrypoint, command, user } = configOf(IMAGE);
  if (user === '' || user === 'root' || user === '0') throw new Error('The image runs as root.');
  const ports = { RECEIVER__HTTP_PORT: http, RECEIVER__GRPC_PORT: grpc, CONTROL__PORT: control };
  const settings = Object.entries(ports).flatMap(([name, port]) => ['--env', `API_ANOMALY_${name}=${port}`]);
  const child = spawn(
    'buildah',
    [...storage, 'run', '--isolation', 'chroot', ...settings, container, '--', ...entrypoint, ...command],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  try {
    await until(async () => (await fetch(`http://127.0.0.1:${control}/health`)).ok, child);
    const answer = await fetch(`http://127.0.0.1:${http}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(REQUEST),
    });
    if (!answer.ok) throw new Error(`The span was answered with ${answer.status}: ${await answer.text()}`);
    const metrics = await (await fetch(`http://127.0.0.1:${control}/metrics`)).text();
    if (!/^api_anomaly_received_spans_total\{transport="http_json"\} 1$/m.test(metrics)) {
      throw new Error(`The span was not counted:\n${metrics}`);
    }
  } finally {
    child.kill('SIGTERM');
    await new Promise((resolve) => void (child.exitCode === null ? child.on('exit', resolve) : resolve(undefined)));
  }
}

interface ImageConfig {
  readonly OCIv1: {
    readonly config: { readonly User?: string; readonly Entrypoint?: string[]; readonly Cmd?: string[] };
  };
}

function configOf(image: string): { entrypoint: string[]; command: string[]; user: string } {
  const { config } = (JSON.parse(buildah('inspect', '--type', 'image', image)) as ImageConfig).OCIv1;
  return { entrypoint: config.Entrypoint ?? [], command: config.Cmd ?? [], user: config.User ?? '' };
}

/** Waits until `isReady` answers true; a failure counts as not yet. Throws when the service ends first. */
async function until(isReady: () => Promise<boolean>, child: { exitCode: number | null }): Promise<void> {
  const stopAt = performance.now() + READY_MS;
  while (!(await isReady().catch(() => false))) {
    if (child.exitCode !== null) throw new Error(`The service ended with exit code ${child.exitCode}.`);
    if (performance.now() > stopAt) throw new Error(`The service was not healthy in ${READY_MS} ms.`);
    await delay(200);
  }
}

function buildah(...args: string[]): string {
  return run('buildah', [...storage, ...args]);
}

/** Runs a step and returns what it printed. Its errors go to the terminal. */
function run(command: string, args: string[], folder = work): string {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) throw new Error(`${command} could not be run: ${error.message}`);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} exited with ${status}:\n${stdout.slice(-2000)}`);
  return stdout;
}
