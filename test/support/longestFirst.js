import { statSync } from 'node:fs';

/** The rank of a test file by its expected duration: property tests take longest, then tests that start programs. */
const rank = ({ path }) => (/[/]test[/]property[/]/.test(path) ? 2 : /[/]src[/](main|adapters)[/]/.test(path) ? 1 : 0);

/** Starts the longest test files first, so that the run does not end with a long one. Unlike jest it needs no recorded durations. */
export default class LongestFirst {
  sort(tests) {
    const sizes = new Map(tests.map(({ path }) => [path, statSync(path).size]));
    return [...tests].sort((a, b) => rank(b) - rank(a) || sizes.get(b.path) - sizes.get(a.path));
  }

  cacheResults() {}
}
