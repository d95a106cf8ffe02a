const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } }],
  },
};

const served = { ...base, setupFilesAfterEnv: ['<rootDir>/test/support/eachFile.ts'] };

/**
 * `unit` and `property` need only Node. `servers` start their own API server or broker, with the programs of the local cluster.
 * The other projects need the cluster itself (`make cluster`). Files of `labs` run in parallel with one namespace each. Files of
 * `alone` run one by one, because they kill parts of the cluster. Files of `measured` run two at a time, because more pods would
 * change their measurements. `servers` run beside `alone` and `measured`: programs outside of the cluster's control group take
 * little CPU from it.
 */
export default {
  // The default limit is generous, because tests take longer on a busy machine.
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
