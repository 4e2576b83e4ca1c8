const swc = ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } } }];

export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // With real programs, and minutes long: npm run test:system.
  testPathIgnorePatterns: ['<rootDir>/test/system/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': swc },
  testTimeout: 60_000,
  collectCoverageFrom: ['processor/src/**/*.ts'],
  coverageThreshold: { global: { lines: 90 } },
};
