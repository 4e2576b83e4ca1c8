/** Writes the proxy routes of the data source's plugin.json from the table of calls: `npm run generate`. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { proxyRoutes } from '../src/control/calls.ts';

const file = path.join(import.meta.dirname, '../src/datasource/plugin.json');
const plugin = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
plugin['routes'] = proxyRoutes();
writeFileSync(file, `${JSON.stringify(plugin, null, 2)}\n`);
