/** Rewrites the documentation pages made from tables. Usage: node bootstrap.mjs test/scripts/generate-docs.ts */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { documentation } from '../contract/documentation.ts';

const root = path.resolve(import.meta.dirname, '../..');
for (const [file, content] of await documentation()) writeFileSync(path.join(root, file), content);
