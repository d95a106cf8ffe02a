import { expect, test } from '@jest/globals';
import { lab } from '../../../test/support/labSeen.ts';
import { childrenOf } from './children.ts';
import { valuesOf } from './values.ts';

test('a recorded path reaches no object but its own', () => {
  const { spec } = lab({ steps: [{ name: 'look', observe: {} }] });
  const before = { '["__proto__","reached"]': '1', '["constructor","reached"]': '1', '["lag","total"]': '5' };
  const values = valuesOf(spec, childrenOf('grade', spec, []), { name: 'look', phase: 'Running', before });
  expect(values.before).toMatchObject({ lag: { total: 5 } });
  expect({}).not.toHaveProperty('reached');
  expect(Object).not.toHaveProperty('reached');
});
