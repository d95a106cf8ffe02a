const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } }],
  },
};

const served = { ...base, setupFilesAfterEnv: ['<rootDir>/test/support/eachFile.ts'] };

/**
 * `unit` and `property` need nothing but Node; `servers` start an API server or a broker of their own, with the programs
 * of the local cluster; the others need the cluster itself (`make cluster`). Files of `labs` run side by side, a namespace
 * each; those of `alone` one by one, since they make something of the cluster die; those of `measured` two at a time, since
 * many other pods would change what they measure. `servers` run beside both: programs outside of the cluster's control
 * group take little from it.
 */
export default {
  // Of tests that say none: what takes a moment takes longer on a machine that is busy.
  testTimeout: 120_000,
  testSequencer: '<rootDir>/test/support/longestFirst.js',
  reporters: ['default', '<rootDir>/test/support/closingLine.js'],
  projects: [
    { ...base, displayName: 'unit', testMatch: ['<rootDir>/{src,tools,scripts,test/support}/**/*.test.ts'] },
    { ...base, displayName: 'property', testMatch: ['<rootDir>/test/property/**/*.test.ts'] },
    { ...served, displayName: 'servers', testMatch: ['<rootDir>/test/e2e/!(labs|alone|measured)/**/*.test.ts'] },
    { ...served, displayName: 'labs', testMatch: ['<rootDir>/test/e2e/labs/**/*.test.ts'] },
    { ...served, displayName: 'alone', testMatch: ['<rootDir>/test/e2e/alone/**/*.test.ts'] },
    { ...served, displayName: 'measured', testMatch: ['<rootDir>/test/e2e/measured/**/*.test.ts'] },
  ],
};
