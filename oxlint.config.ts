import { defineConfig, type OxlintOverride } from 'oxlint';

/** Import direction inside processor/src: folder -> folders it may import. Every other import is an error. */
const mayImport: Record<string, string[]> = {
  forest: [],
  otlp: [],
  detection: [],
  config: [],
  telemetry: [],
  call: ['otlp'],
  features: ['call'],
  store: ['config'],
  jobs: ['store'],
  model: ['forest', 'detection', 'features', 'store', 'jobs', 'config', 'telemetry'],
  receiver: ['otlp', 'config', 'telemetry'],
  exporter: ['otlp', 'config', 'telemetry'],
  pipeline: ['otlp', 'call', 'features', 'forest', 'detection', 'model', 'telemetry'],
  control: ['pipeline', 'features', 'model', 'jobs', 'store', 'detection', 'config', 'telemetry'],
  simulation: ['otlp'],
  replay: ['otlp', 'call', 'features', 'forest', 'detection', 'model', 'jobs', 'pipeline', 'telemetry', 'config'],
  evaluation: ['otlp', 'call', 'detection', 'forest', 'pipeline', 'replay'],
};

/** Replays run what judges calls outside the service, so they know how it is wired. */
const alsoAllowed: Record<string, string[]> = { replay: ['engine.ts', 'window-record.ts'] };

/** The two pure folders know not even the errors and the component contract. */
const pure = new Set(['forest', 'detection']);

/** `depth`: 1 for files of the folder, 2 for those of folders in it. */
function importBoundary(folder: string, allowed: string[], depth: 1 | 2): OxlintOverride {
  const up = '../'.repeat(depth);
  const common = pure.has(folder) ? [] : [`!${up}errors.ts`, `!${up}component.ts`];
  const also = (alsoAllowed[folder] ?? []).map((file) => `!${up}${file}`);
  const group = [`${up}**`, ...common, ...also, ...allowed.map((other) => `!${up}${other}/**`)];
  const message = `${folder} may import only: ${allowed.join(', ') || 'nothing outside its folder'}.`;
  return {
    files: [`processor/src/${folder}/${depth === 1 ? '**' : '*/**'}`],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group, message }] }] },
  };
}

export default defineConfig({
  plugins: ['typescript', 'import', 'unicorn', 'oxc', 'promise', 'node'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { typeAware: true },
  // The plugin has Grafana's own ESLint: it is checked by another TypeScript, against packages that are not installed here.
  ignorePatterns: ['grafana-plugin/**', '**/dist/**', '**/generated/**', 'coverage/**', 'node_modules/**'],
  rules: {
    'import/no-cycle': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    // The hot path reuses typed arrays and named loop variables; these two rules forbid nothing that is wrong.
    'unicorn/require-post-message-target-origin': 'off',
    'no-underscore-dangle': 'off',
    'no-await-in-loop': 'off',
    'unicorn/prefer-ternary': 'off',
    // Of Express, which does not wait for them; Fastify does.
    'oxc/no-async-endpoint-handlers': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
  },
  overrides: [
    {
      files: ['processor/src/**'],
      rules: {
        'no-restricted-imports': [
          'error',
          { patterns: [{ group: ['**/service.ts'], message: 'Only main.ts and cli/ know service.ts.' }] },
        ],
      },
    },
    ...Object.entries(mayImport).flatMap(([folder, allowed]) => [
      importBoundary(folder, allowed, 1),
      importBoundary(folder, allowed, 2),
    ]),
    // A builder of Grafana's SDK has a method of that name.
    { files: ['deploy/grafana/**'], rules: { 'unicorn/no-array-sort': 'off' } },
    { files: ['processor/src/main.ts', 'processor/src/cli/**'], rules: { 'no-restricted-imports': 'off' } },
  ],
});
