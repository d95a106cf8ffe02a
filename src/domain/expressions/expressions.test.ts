/** Expectations: problems and their sentences, results, and the values shown. */
import { describe, expect, test } from '@jest/globals';
import { expressions, type Schema, type Values } from './expressions.ts';
import { formatBriefly } from './text.ts';

const INT = { type: 'integer' };
const object = (properties: Record<string, Schema>): Schema => ({ type: 'object', properties });
const list = (items: Schema): Schema => ({ type: 'array', items });

const lag = object({ total: INT, errorBound: { type: 'number' }, at: { type: 'string' } });
const member = object({ id: { type: 'string' }, partitions: list(INT), static: { type: 'boolean' } });
const group = object({ name: { type: 'string' }, members: list(member) });
const pauses = list({ type: 'number' });
const loadTests = object({ 'my-test': object({ lag, group }), other: object({ lag, group }) });
const labels = { type: 'object', additionalProperties: { type: 'string' } };
const now = { lag, group, pauses, loadTests, labels };
const cel = expressions({ ...now, before: object(now) });

describe('a problem is explained, with its place', () => {
  test.each([
    ['an unknown variable', 'lags.total < 1', /^there is no variable lags: write one of lag, group.* at character 1$/],
    [
      'an unknown field',
      'lag.tottal < 1',
      'lag has no field tottal: write one of total, errorBound, at at character 5',
    ],
    [
      'an unknown field later in the text',
      'group.name == "g" && lag.x > 1',
      /^lag has no field x: .* at character 26$/,
    ],
    [
      'an unknown LoadTest',
      'loadTests.mine.lag.total == 0',
      /^loadTests has no field mine: write one of my-test, other at/,
    ],
    ['an unknown field of an element', 'group.members.all(m, m.idd == "a")', 'there is no field idd at character 24'],
    ['a number and a text', 'lag.total < "100"', 'no such overload: int < string at character 1'],
    ['a text and a number', 'group.name == 1', /no such overload: string == int/],
    ['an object and a number', 'lag > 1', /no such overload: lag > int/],
    ['a number as the result', 'lag.total', 'it is of type int, not true or false: compare it with something'],
    ['an unknown function', 'fewer(lag.total, 1)', "found no matching overload for 'fewer(int, int)' at character 1"],
    ['an unknown method', 'group.members.count() == 1', /no matching overload for 'list.count\(\)'/],
    ['half an expression', 'lag.total <', /at character 12$/],
    ['one parenthesis', '(lag.total < 1', /at character 15$/],
    ['an assignment', 'lag.total = 1', /at character 11$/],
    ['a condition that is a number', 'group.members.all(m, m.partitions.size())', /must return bool, got 'int'/],
    ['a choice of two types', 'lag.total > 1 ? true : 2', /same type/],
    ['! before a number', '!lag.total', /no such overload: !int/],
    ['&& after a number', 'lag.total && true', /requires bool operands, got 'int'/],
    ['has() of an unknown field', 'has(lag.tottal)', /^lag has no field tottal/],
    [
      'three nested loops',
      'group.members.all(a, group.members.all(b, group.members.exists(c, a.id == b.id && b.id != c.id)))',
      /^it nests 3 loops over lists, which takes too long: write two expectations/,
    ],
    [
      'a pattern',
      'lag.total > 1 || group.members.exists(m, m.id.matches("(a+)+b"))',
      /^matches\(\) can’t be used here.*: write startsWith, endsWith or contains at character \d+$/,
    ],
    ['what every object inherits', 'constructor == 1', /^there is no variable constructor: write one of lag, group/],
    ['a field that every object inherits', 'lag.toString == 1', /^lag has no field toString: write one of total/],
    ['has() of what every object inherits', 'has(lag.constructor)', /^lag has no field constructor/],
    ['an unknown variable of before', 'before.lags.total > 1', /^before has no field lags/],
  ])('%s', (_, text, says) => {
    const problem = cel.problem(text);
    if (typeof says === 'string') expect(problem).toBe(says);
    else expect(problem).toMatch(says);
  });
});

const VALUES: Values = {
  lag: { total: 40, errorBound: 0.5, at: '2026-11-21T00:00:00.000Z' },
  group: {
    name: 'g',
    members: [
      { id: 'a', partitions: [0, 2], static: false },
      { id: 'b', partitions: [1], static: false },
    ],
  },
  pauses: [12.5, 3, 800],
  loadTests: { 'my-test': { lag: { total: 7 } } },
  labels: { team: 'x' },
  before: { lag: { total: 100 }, group: { members: [{ id: 'a', partitions: [0, 2], static: false }] } },
};

describe('results', () => {
  test.each([
    ['lag.total < 100', true],
    ['lag.total == 40', true],
    ['lag.total == 40.0', true],
    ['lag.total != 40.5', true],
    ['40.0 == lag.total', true],
    ['lag.total < 0.5 * before.lag.total', true],
    ['lag.total > 0.5 * before.lag.total', false],
    ['lag.total + 0.5 > 40', true],
    ['before.lag.total / 3 == 33', true],
    ['before.lag.total / 3.0 > 33.3', true],
    ['lag.total - lag.errorBound == 39.5', true],
    ['group.members.size() == 2', true],
    ['group.members.all(m, m.partitions.size() >= 1)', true],
    ['group.members.exists(m, m.partitions == [0, 2])', true],
    ['group.members.all(a, group.members.exists(b, a.partitions.all(p, b.partitions.exists(q, p == q))))', true],
    ['group.members.map(m, m.partitions.size()).sum() == 3', true],
    ['group.members.map(m, m.partitions.size()).max() == 2', true],
    ['group.members.map(m, m.partitions.size()).min() == 1', true],
    ['group.members.filter(m, 1 in m.partitions)[0].id == "b"', true],
    ['group.members[0] == before.group.members[0]', true],
    ['group.members[1] == before.group.members[0]', false],
    ['group.members == before.group.members', false],
    ['group == group', true],
    ['pauses.max() < 1000', true],
    ['pauses.sum() > 815.4 && pauses.sum() < 815.6', true],
    ['pauses.filter(p, p > 5000).sum() == 0.0', true],
    ['loadTests["my-test"].lag.total == 7', true],
    ['labels["team"] == "x"', true],
    ['has(lag.at) && !has(loadTests.other)', true],
    ['lag.at.startsWith("2026-11-21")', true],
  ])('%s', (text, holds) => {
    expect(cel.problem(text)).toBeUndefined();
    expect(cel.evaluate(text, VALUES)).toEqual({ holds });
  });

  test.each([
    ['a variable without a value', 'lag.total < 1', {}, 'lag is not known'],
    ['a field without a value', 'lag.errorBound < 1.0', { lag: { total: 1 } }, 'lag.errorBound is not known'],
    ['a LoadTest that has not been made', 'loadTests.other.lag.total == 0', VALUES, 'loadTests.other is not known'],
    [
      'a label that every object inherits',
      'labels["constructor"] == "x"',
      VALUES,
      'labels["constructor"] is not known',
    ],
    ['an index out of bounds', 'group.members[2].id == "c"', VALUES, /index out of bounds/],
    ['max of an empty list', 'pauses.max() > 1.0', { pauses: [] }, /empty list/],
    ['a division by zero', 'lag.total / (lag.total - 40) == 1', VALUES, /division by zero/],
  ])('%s: the result is unknown', (_, text, values, why) => {
    expect(cel.problem(text)).toBeUndefined();
    expect(cel.evaluate(text, values as Values)).toEqual({
      unknown: typeof why === 'string' ? why : expect.stringMatching(why),
    });
  });

  test('known values decide if the unknown ones do not matter', () => {
    expect(cel.evaluate('lag.total == 40 || pauses.size() > 1', { lag: VALUES.lag })).toEqual({ holds: true });
    expect(cel.evaluate('lag.total == 41 && pauses.size() > 1', { lag: VALUES.lag })).toEqual({ holds: false });
  });

  test('the same expression is evaluated anew each time', () => {
    expect(cel.evaluate('lag.total == 0', { lag: { total: 0 } })).toEqual({ holds: true });
    expect(cel.evaluate('lag.total == 0', { lag: { total: 1 } })).toEqual({ holds: false });
  });
});

describe('the values shown', () => {
  test.each([
    ['lag.total < 100', 'lag.total = 40'],
    ['group.members.size() == 3 && lag.total < 100', 'group.members.size() = 2, lag.total = 40'],
    ['lag.total < before.lag.total', 'lag.total = 40, before.lag.total = 100'],
    // Only the fields used of a list's elements.
    ['group.members.all(m, m.partitions.size() > 1)', 'group.members = [{partitions: [0, 2]}, {partitions: [1]}]'],
    [
      'group.members.exists(m, m == before.group.members[0] && m.static)',
      /^group.members = \[\{id: "a", .*, static: false\}\], before/,
    ],
    ['group.members.filter(m, m.static).size() > 0', 'group.members = [{static: false}, {static: false}]'],
    [
      'group.members.filter(m, m.static)[0].id == "a"',
      'group.members = [{id: "a", static: false}, {id: "b", static: false}]',
    ],
    [
      'group.members.filter(m, m.static).map(x, x.id).exists(i, i == "a")',
      'group.members = [{id: "a", static: false}, {id: "b", static: false}]',
    ],
    ['group.members.exists(m, group.members.exists(n, m.id != n.id))', 'group.members = [{id: "a"}, {id: "b"}]'],
    [
      'group.members.exists(m, m.partitions.exists(p, p > 7))',
      'group.members = [{partitions: [0, 2]}, {partitions: [1]}]',
    ],
    [
      'group.members.filter(m, true).size() == 1',
      /^group.members = \[\{id: "a", partitions: \[0, 2\], static: false\}, /,
    ],
    [
      'group.members.all(m, has(m.id) && loadTests["my-test"].lag.total > 7)',
      'group.members = [{id: "a"}, {id: "b"}], loadTests["my-test"].lag.total = 7',
    ],
    ['group.members.all(lag, lag.id != group.name)', 'group.members = [{id: "a"}, {id: "b"}], group.name = "g"'],
    ['group.members[0].id == "b"', 'group.members[0].id = "a"'],
    [
      'loadTests["my-test"].lag.total < loadTests.other.lag.total',
      'loadTests["my-test"].lag.total = 7, loadTests.other.lag.total = not known',
    ],
    ['pauses.max() < 1.0', 'pauses = [12.5, 3, 800]'],
  ])('%s', (text, says) => {
    const observed = cel.observed(text, VALUES, 500);
    if (typeof says === 'string') expect(observed).toBe(says);
    else expect(observed).toMatch(says);
  });

  test('long values are cut, and so is the whole text', () => {
    const many = { pauses: Array.from({ length: 500 }, (_, n) => n) };
    expect(cel.observed('pauses.max() < 1.0', many, 500)).toMatch(/^pauses = \[0, 1, .*, [0-9]+, … \(500 in all\)\]$/);
    expect(cel.observed('pauses.max() < 1.0', many, 20)).toHaveLength(20);
  });
});

test('only the beginning of a long value is formatted', () => {
  const member = { id: 'a'.repeat(20), partitions: [0], static: true };
  const members = Array.from({ length: 1_000 }, () => ({ ...member }));
  let read = 0;
  const shown = formatBriefly(
    members.map((one) => Object.defineProperty(one, 'id', { enumerable: true, get: () => `${read++}` })),
    { whole: true, fields: new Map() },
    240,
  );
  expect(shown).toMatch(/… \(1000 in all\)\]$/);
  expect(read).toBeGreaterThan(0);
  expect(read).toBeLessThan(100);
});

test('the parts of before that an expression uses', () => {
  expect(cel.partsOf('before', 'lag.total < before.lag.total && before.group.members[0].id == "a"')).toEqual([
    ['lag', 'total'],
    ['group', 'members'],
  ]);
  // A path ends at a list.
  expect(cel.partsOf('before', 'before.steps[0].lag.peak == 1')).toEqual([['steps']]);
  expect(cel.partsOf('before', 'before.steps[0].lag.parts[1].peak.size() == 1')).toEqual([['steps']]);
  expect(cel.partsOf('before', 'before.loadTests["my-test"].lag.total == 1')).toEqual([
    ['loadTests', 'my-test', 'lag', 'total'],
  ]);
  expect(cel.partsOf('before', 'before.group.members.all(m, m.id in before.group.members.map(x, x.id))')).toEqual([
    ['group', 'members'],
    ['group', 'members'],
  ]);
  expect(cel.partsOf('before', 'lag.total == 1')).toEqual([]);
  expect(() => cel.partsOf('before', 'before == before')).toThrow(/as a whole.*before.lag.total/);
});
