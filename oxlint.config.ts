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
  model: ['forest', 'detection', 'features', 'store', 'config', 'telemetry'],
  receiver: ['otlp', 'config', 'telemetry'],
  exporter: ['otlp', 'config', 'telemetry'],
  pipeline: ['otlp', 'call', 'features', 'forest', 'detection', 'model', 'telemetry'],
  control: ['pipeline', 'features', 'model', 'store', 'detection', 'config', 'telemetry'],
  simulation: ['otlp'],
  replay: ['otlp', 'call', 'forest', 'detection', 'model', 'pipeline', 'telemetry', 'config'],
  evaluation: ['otlp', 'call', 'detection', 'forest', 'pipeline', 'replay'],
};

/** Replays run what judges calls outside the service, so they know how it is wired. */
const alsoAllowed: Record<string, string[]> = { replay: ['!../engine.ts'] };

/** The two pure folders know not even the errors and the component contract. */
const pure = new Set(['forest', 'detection']);

function importBoundary([folder, allowed]: [string, string[]]): OxlintOverride {
  const common = pure.has(folder) ? [] : ['!../errors.ts', '!../component.ts'];
  const group = ['../**', ...common, ...(alsoAllowed[folder] ?? []), ...allowed.map((other) => `!../${other}/**`)];
  const message = `${folder} may import only: ${allowed.join(', ') || 'nothing outside its folder'}.`;
  return {
    files: [`processor/src/${folder}/**`],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group, message }] }] },
  };
}

export default defineConfig({
  plugins: ['typescript', 'import', 'unicorn', 'oxc', 'promise', 'node'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { typeAware: true },
  ignorePatterns: ['**/dist/**', '**/generated/**', 'coverage/**', 'node_modules/**'],
  rules: {
    'import/no-cycle': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    // The hot path reuses typed arrays and named loop variables; these two rules forbid nothing that is wrong.
    'unicorn/require-post-message-target-origin': 'off',
    'no-underscore-dangle': 'off',
    'no-await-in-loop': 'off',
    'unicorn/prefer-ternary': 'off',
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
    ...Object.entries(mayImport).map(importBoundary),
    // A builder of Grafana's SDK has a method of that name.
    { files: ['deploy/grafana/**'], rules: { 'unicorn/no-array-sort': 'off' } },
    { files: ['processor/src/main.ts', 'processor/src/cli/**'], rules: { 'no-restricted-imports': 'off' } },
  ],
});
