/** Packs the built plugin as Grafana wants it: one folder named like the app. Usage: npm run package. */
import { createWriteStream, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';

const root = path.join(import.meta.dirname, '..');
const dist = path.join(root, 'dist');
const { id, info } = JSON.parse(readFileSync(path.join(dist, 'plugin.json'), 'utf8')) as {
  readonly id: string;
  readonly info: { readonly version: string };
};
const target = path.join(root, 'artifacts', `${id}-${info.version}.zip`);
mkdirSync(path.dirname(target), { recursive: true });

const zip = new ZipFile();
const files = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
for (const name of files.map((entry) => path.relative(dist, path.join(entry.parentPath, entry.name))).sort()) {
  // The same content gives the same archive, whenever it is packed.
  zip.addFile(path.join(dist, name), path.posix.join(id, name), { mtime: new Date(0), mode: 0o100644 });
}
zip.end();
await pipeline(zip.outputStream, createWriteStream(target));
process.stdout.write(`${path.relative(root, target)}, ${files.length} files\n`);
