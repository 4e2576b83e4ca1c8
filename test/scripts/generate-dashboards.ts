/**
 * Writes the Grafana dashboards. Usage: node bootstrap.mjs test/scripts/generate-dashboards.ts
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { dashboards } from '../../deploy/grafana/dashboards.ts';

const root = path.resolve(import.meta.dirname, '../..');
for (const [file, content] of dashboards()) writeFileSync(path.join(root, file), content);
