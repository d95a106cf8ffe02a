import { statSync } from 'node:fs';

/** Property tests take longest, then what starts programs; of the others a larger file takes longer. */
const rank = ({ path }) => (/[/]test[/]property[/]/.test(path) ? 2 : /[/]src[/](main|adapters)[/]/.test(path) ? 1 : 0);

/** The order in which test files begin: the longest first, so that none is left over at the end. A clean clone has no times of its own to go by. */
export default class LongestFirst {
  sort(tests) {
    const sizes = new Map(tests.map(({ path }) => [path, statSync(path).size]));
    return [...tests].sort((a, b) => rank(b) - rank(a) || sizes.get(b.path) - sizes.get(a.path));
  }

  cacheResults() {}
}
