/** Expectations with arbitrary text, and expectations that are evaluated with only the kept part of `before`. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ConsumerScale } from '../../src/api/consumerscale/consumerScale.ts';
import { labSchema } from '../../src/api/lab/lab.ts';
import { type LabStepStatus, LONGEST_BEFORE } from '../../src/api/lab/status.ts';
import type { Children } from '../../src/kinds/lab/children.ts';
import { remembered, valuesOf } from '../../src/kinds/lab/values.ts';
import { expressionsCache, pathsBefore } from '../../src/kinds/lab/variables.ts';
import { lagAt, ROUND, rebalanced, resource, running } from '../support/labSeen.ts';
import { consumerScale } from '../support/seen.ts';

const scale = {
  ...consumerScale({ steps: [{ consumers: 1, hold: '1s' }] }),
  status: {
    phase: 'Running',
    observedGeneration: 1,
    conditions: [],
    steps: [
      { phase: 'Done', consumers: 1, lag: { before: 7, peak: 9, after: 3 }, idle: ['a'] },
      { phase: 'Running', consumers: 2 },
    ],
  },
} as ConsumerScale;
const children: Children = {
  loadTests: new Map([['round', running(ROUND, { lag: lagAt(0, 40), rebalances: rebalanced(3) })]]),
  scales: new Map([['up', scale]]),
  produced: new Map(),
};
const lab = labSchema.spec.parse({
  resources: [
    resource('LoadTest', 'round', ROUND),
    resource('ConsumerScale', 'up', {
      scaleTargetRef: { apiVersion: 'kafkalab.dev/v1alpha1', kind: 'LoadTest', name: 'round' },
      steps: [{ consumers: 1, hold: '1s' }],
    }),
  ],
  steps: [{ name: 'look', observe: {} }],
});
const language = expressionsCache()(lab);
const values = valuesOf(lab, children);

// ---- arbitrary text -------------------------------------------------------------------------

const words = fc.constantFrom(
  ...['lag', 'total', 'group', 'members', 'partitions', 'before', 'loadTests', 'scales', 'size', 'all', 'm', 'has'],
  ...['.', '.', '.', '(', ')', '[', ']', ',', '"', "'", '&&', '||', '!', '==', '<', '-', '?', ':', '+', '%', '{', '}'],
  ...[
    '0',
    '1',
    '1.5',
    '9223372036854775808',
    '"a"',
    'true',
    'null',
    'in',
    ' ',
    '\n',
    '\\',
    '.?',
    '[?',
    'é',
    '😀',
    '//',
  ],
);
const scraps = fc.array(words, { maxLength: 14 }).map((parts) => parts.join(''));

// ---- meaningful expressions -----------------------------------------------------------------

/** Paths of numbers, also within lists. Some of them are unknown. */
const numbers = fc.constantFrom(
  'lag.total',
  'lag.errorBound',
  'group.members.size()',
  'group.members[0].partitions.size()',
  'group.members[0].partitions[1]',
  'group.members[4].partitions[1]',
  'loadTests.round.lag.total',
  'loadTests["round"].lag.peak',
  'rebalances.recent[1].longestPauseMs',
  'rebalances.recent[0].pauses.size()',
  'rebalances.recent.filter(r, r.number > 1).size()',
  'rebalances.recent.map(r, r.partitionsMoved).sum()',
  'scales.up.steps[0].lag.peak',
  'scales.up.steps[1].lag.peak',
  'scales["up"].steps[0].idle.size()',
  'delivery.duplicated',
  'conditions[0].observedGeneration',
);
const terms = fc
  .tuple(fc.constantFrom('', 'before.', 'before.', 'before.'), numbers)
  .map(([when, number]) => `${when}${number}`);
const { tree } = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc
      .tuple(terms, fc.constantFrom('<', '==', '>=', '!='), fc.oneof(terms, fc.constantFrom('0', '7', '40', '0.5')))
      .map((it) => it.join(' ')),
    terms.map(
      (term) => `has(${term.replace(/\.size\(\)$|\.sum\(\)$|\[\d\]$/, '').replace(/\.(filter|map)\(.*$/, '')})`,
    ),
    fc.tuple(terms, tie('tree')).map(([term, inner]) => `before.group.members.all(x, ${term} > 0 || ${inner})`),
    fc.tuple(tie('tree'), fc.constantFrom('&&', '||'), tie('tree')).map((it) => `(${it.join(' ')})`),
    tie('tree').map((inner) => `!(${inner})`),
  ),
}));

test('any text is judged or refused with a sentence', () => {
  let right = 0;
  fc.assert(
    fc.property(
      fc.oneof(
        scraps,
        tree,
        fc.tuple(tree, scraps).map((it) => it.join('')),
      ),
      (text) => {
        const problem = language.problem(text);
        if (problem !== undefined) {
          expect(problem).not.toBe('');
          return;
        }
        right += 1;
        const verdict = language.evaluate(text, values);
        expect(Object.values(verdict).map(String)).not.toContain('');
        expect(language.observed(text, values, 200).length).toBeLessThanOrEqual(200);
      },
    ),
    { numRuns: 2_000 },
  );
  expect(right).toBeGreaterThan(200);
});

test('an expectation gives the same verdict with only the kept part of before', () => {
  let decided = 0;
  fc.assert(
    fc.property(tree, (that) => {
      if (language.problem(that) !== undefined) return;
      const step = { name: 'x', observe: {}, timeout: '5m', expect: [{ that, within: '30s' }] };
      const paths = pathsBefore(language, step);
      if ('problem' in paths) return;
      const before = remembered(paths.kept, values, LONGEST_BEFORE);
      const status: LabStepStatus = { name: 'x', phase: 'Running', before };
      const kept = language.evaluate(that, valuesOf(lab, children, status));
      const whole = language.evaluate(that, { ...values, before: values });
      if ('holds' in whole && that.includes('before')) decided += 1;
      expect('holds' in kept ? kept : 'unknown').toEqual('holds' in whole ? whole : 'unknown');
    }),
    { numRuns: 1_000 },
  );
  expect(decided).toBeGreaterThan(100);
});
