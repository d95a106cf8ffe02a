import { expect, test } from '@jest/globals';
import { lab, ROUND, resource } from '../../../test/support/labSeen.ts';
import type { LabStepStatus } from '../../api/lab/status.ts';
import { childrenOf } from './children.ts';
import { remembered, valuesOf } from './values.ts';

test('a recorded path reaches no object but its own', () => {
  const { spec } = lab({ steps: [{ name: 'look', observe: {} }] });
  const before = { '["__proto__","reached"]': '1', '["constructor","reached"]': '1', '["lag","total"]': '5' };
  const values = valuesOf(spec, childrenOf('grade', spec, []), { name: 'look', phase: 'Running', before });
  expect(values.before).toHaveProperty('lag.total', 5);
  expect({}).not.toHaveProperty('reached');
  expect(Object).not.toHaveProperty('reached');
});

test('a recorded path ends at its own object under the name of what every object inherits', () => {
  const { spec } = lab({ steps: [{ name: 'look', observe: {} }] });
  const before = { '["lag","__proto__","reached"]': '1', '["lag","toString"]': '2', '["lag"]': '{"total":5}' };
  const values = valuesOf(spec, childrenOf('grade', spec, []), { name: 'look', phase: 'Running', before });
  const { lag: kept } = values.before as { lag: object };
  expect(Object.getOwnPropertyNames(kept).sort()).toEqual(['__proto__', 'toString', 'total']);
  expect({}).not.toHaveProperty('reached');
});

test.each([[['__proto__', 'constructor']], [['lag', 'constructor', 'name']], [['lag', 'toString']], [['constructor']]])(
  'nothing is remembered at %j, which every object inherits',
  (path) => {
    expect(remembered([path], { lag: { total: 5 } }, 8_192)).toEqual({});
  },
);

test('a LoadTest that has not been made has no values, whatever its name is', () => {
  const resources = [resource('LoadTest', 'constructor', ROUND)];
  const { spec } = lab({ resources, steps: [{ name: 'look', observe: {} }] });
  const step: LabStepStatus = { name: 'look', phase: 'Running', rebalancesBefore: {} };
  expect(valuesOf(spec, childrenOf('grade', spec, []), step)).toEqual({ loadTests: {}, scales: {}, produced: {} });
});
