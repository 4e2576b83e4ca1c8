/** Tests with real programs: one file at a time, since each starts several processes. `npm run test:system` */
import unit from '../../jest.config.js';

export default {
  testEnvironment: unit.testEnvironment,
  rootDir: '../..',
  roots: ['<rootDir>/test/system'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: unit.extensionsToTreatAsEsm,
  transform: unit.transform,
  testTimeout: 120_000,
  maxWorkers: 1,
  verbose: true,
};
