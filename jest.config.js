const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } }],
  },
};

/** `unit` and `property` need nothing but Node; `e2e` needs the local cluster (`make cluster`). */
export default {
  reporters: ['default', '<rootDir>/test/support/closingLine.js'],
  projects: [
    { ...base, displayName: 'unit', testMatch: ['<rootDir>/{src,scripts}/**/*.test.ts'] },
    { ...base, displayName: 'property', testMatch: ['<rootDir>/test/property/**/*.test.ts'] },
    { ...base, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
  ],
};
