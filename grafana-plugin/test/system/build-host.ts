/** Bundles what takes Grafana's place in the browser, once: node test/system/build-host.ts. With REACT=18 that React. */
import { build } from 'esbuild';
import path from 'node:path';

const root = path.join(import.meta.dirname, '../..');
const inModules = (file: string) => path.join(root, 'node_modules', file);
const LEGACY = inModules('@grafana/ui/node_modules/react-router-dom/esm/react-router-dom.js');
const COMPATIBLE = inModules('react-router-dom-v5-compat/dist/index.js');

export const HOST = path.join(root, 'artifacts/host');

/** Grafana has the two versions of the router side by side: its own parts use the old one. */
await build({
  absWorkingDir: root,
  entryPoints: ['test/system/host.tsx'],
  bundle: true,
  format: 'esm',
  splitting: true,
  outdir: HOST,
  jsx: 'automatic',
  tsconfigRaw: {},
  ...(process.env['REACT'] === '18' && { alias: { react: 'react-18', 'react-dom': 'react-dom-18' } }),
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  loader: { '.svg': 'dataurl', '.ttf': 'file', '.woff2': 'file' },
  minify: true,
  logLevel: 'warning',
  plugins: [
    {
      name: 'grafana',
      setup(host) {
        host.onResolve({ filter: /^react-router-dom$/ }, ({ importer }) => ({
          path: /react-router-dom-v5-compat|@grafana\/ui|host\.tsx$/.test(importer) ? LEGACY : COMPATIBLE,
        }));
        host.onResolve({ filter: /^@grafana\/plugin-compat\/datasources$/ }, () => ({
          path: path.join(import.meta.dirname, 'plugin-compat.ts'),
        }));
      },
    },
  ],
});
