/**
 * What Grafana's plugin validator checks and needs no network for, over the packed plugin: npm run package, then
 * npm run validate. Not checked: links, the organisation, published versions, signature, known vulnerabilities.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';

interface Plugin {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly info: {
    readonly version: string;
    readonly updated: string;
    readonly description?: string;
    readonly keywords?: readonly string[];
    readonly logos: { readonly small: string; readonly large: string };
    readonly screenshots?: ReadonlyArray<{ readonly path: string }>;
  };
  readonly includes?: ReadonlyArray<{ readonly type: string; readonly path?: string }>;
  readonly dependencies: { readonly grafanaDependency: string };
}

const LARGEST_IMAGE = 250_000;
const root = path.join(import.meta.dirname, '..');
const { version, scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
};
const archive = readdirSync(path.join(root, 'artifacts')).find((name) => name.endsWith(`-${version}.zip`));
if (archive === undefined) {
  throw new Error('There is no archive in artifacts/; run npm run package first.');
}
const files = unpacked(readFileSync(path.join(root, 'artifacts', archive)));
const mistakes: string[] = [];
const check = (isRight: boolean, mistake: string): void => void (isRight || mistakes.push(mistake));
const text = (name: string): string => files.get(name)?.toString('utf8') ?? '';

const folders = new Set([...files.keys()].map((name) => name.split('/')[0]!));
const [app = ''] = folders;
check(folders.size === 1, `The archive has ${folders.size} folders; it needs one.`);
const main = JSON.parse(text(`${app}/plugin.json`)) as Plugin;
check(main.id === app, `The folder is ${app}, the plugin ${main.id}.`);
check(/licen[cs]e/i.test(text(`${app}/LICENSE`)), 'LICENSE is missing or is none.');
check(text(`${app}/README.md`).length > 300, 'README.md is missing or short.');
check(!/create-plugin|TODO|template/i.test(text(`${app}/README.md`)), 'README.md is still a template.');
check(files.has(`${app}/CHANGELOG.md`), 'CHANGELOG.md is missing.');
for (const name of [...files.keys()].filter((file) => file.endsWith('plugin.json'))) {
  checkPlugin(name, JSON.parse(text(name)) as Plugin);
}
for (const [name, content] of files) {
  check(!content.includes('%VERSION%') && !content.includes('%TODAY%'), `${name} has a placeholder left.`);
  check(!/\.(exe|so|dylib)$|_(amd64|arm64)$/.test(name), `${name} is a program.`);
  if (name.endsWith('.svg')) {
    check(
      !/<script|<foreignObject|\son\w+=|href=["']?(?!#)/i.test(content.toString('utf8')),
      `${name} is an image that can act.`,
    );
  }
  if (name.endsWith('module.js')) {
    check(files.has(`${name}.map`), `${name} has no source map.`);
  }
}
const toolkit = Object.values(scripts).filter((script) => script.includes('grafana-toolkit '));
check(toolkit.length === 0, 'A script uses grafana-toolkit.');

for (const mistake of mistakes) process.stderr.write(`${mistake}\n`);
process.stdout.write(`${archive}: ${files.size} files, ${mistakes.length} mistakes\n`);
process.exitCode = mistakes.length === 0 ? 0 : 1;

function checkPlugin(name: string, plugin: Plugin): void {
  const folder = path.posix.dirname(name);
  const { id, type, info, dependencies, includes = [] } = plugin;
  check(id.split('-').length >= 3 && id.endsWith(`-${type}`), `${name}: the id ${id} is not org-name-${type}.`);
  check(plugin.name !== id && plugin.name !== '', `${name}: it needs a name.`);
  check(info.version === version, `${name}: the version is ${info.version}, of package.json ${version}.`);
  check(/^\d{4}-\d{2}-\d{2}$/.test(info.updated), `${name}: updated is ${info.updated}.`);
  check(
    (info.description ?? '') !== '' && (info.keywords ?? []).length > 0,
    `${name}: it needs a description and keywords.`,
  );
  check(/^>=\d+\.\d+\.0/.test(dependencies.grafanaDependency), `${name}: grafanaDependency is pinned to a patch.`);
  check(files.has(`${folder}/module.js`), `${name}: module.js is missing.`);
  for (const image of [info.logos.small, info.logos.large, ...(info.screenshots ?? []).map((shot) => shot.path)]) {
    const size = files.get(`${folder}/${image}`)?.length ?? 0;
    const isInside = !image.startsWith('.') && !image.startsWith('/');
    check(isInside && size > 0, `${name}: the image ${image} is missing.`);
    check(size < LARGEST_IMAGE, `${name}: the image ${image} has ${size} bytes; compress it.`);
  }
  for (const { type: kind, path: place } of includes) {
    if (place?.endsWith('plugin.json')) {
      const nested = files.has(`${folder}/${place}`) ? (JSON.parse(text(`${folder}/${place}`)) as Plugin) : undefined;
      check(nested?.type === kind, `${name}: ${place} is no ${kind}.`);
    }
    if (kind === 'dashboard') {
      const model = JSON.parse(text(`${folder}/${place}`) || '{}') as { readonly uid?: string; readonly id?: unknown };
      check(
        model.uid !== undefined && model.id === undefined,
        `${name}: ${place} is no dashboard that can be imported.`,
      );
    }
  }
  if (folder !== app) {
    const place = path.posix.relative(app, name);
    check(
      main.includes?.some((include) => include.path === place) === true,
      `${name} is not among the includes of the app.`,
    );
  }
}

/** The files of a ZIP archive, by name. Reads its central directory. */
function unpacked(zip: Buffer): Map<string, Buffer> {
  const end = zip.lastIndexOf(Buffer.from('PK\u0005\u0006', 'latin1'));
  const found = new Map<string, Buffer>();
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [size, nameLength] = [zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28)];
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const data = zip.subarray(start, start + size);
    found.set(name, zip.readUInt16LE(at + 10) === 0 ? data : inflateRawSync(data));
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return found;
}
