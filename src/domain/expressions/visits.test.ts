/** The estimate of the elements that an expression goes through, and the refusal of one that goes through too many. */
import { describe, expect, test } from '@jest/globals';
import { expressions, MOST_VISITS, type Schema } from './expressions.ts';

const INT = { type: 'integer' };
const TEXT = { type: 'string' };
const object = (properties: Record<string, Schema>): Schema => ({ type: 'object', properties });
const list = (items: Schema): Schema => ({ type: 'array', items });

const member = object({ id: TEXT, kept: list(INT), lost: list(INT) });
const rebalance = object({ number: INT, reason: TEXT, members: list(member) });
const language = expressions({ recent: list(rebalance), pauses: list(INT), text: TEXT, phase: TEXT });

/** Rebalances of these members, each with this many partitions. */
const rebalances = (...sizes: number[][]) =>
  sizes.map((members, number) => ({
    number,
    reason: 'asked for',
    members: members.map((kept, n) => ({ id: `m${n}`, kept: Array.from({ length: kept }, (_, p) => p), lost: [] })),
  }));

const VALUES = {
  recent: rebalances([3, 1], [0, 2, 2], []),
  pauses: [1, 2, 3, 4],
  text: 'x'.repeat(1_000),
  phase: 'Running',
};

describe('the elements that are gone through', () => {
  test.each([
    ['no list', 'phase == "Running"', 0],
    ['the size of a list', 'recent.size() == 3', 0],
    ['a loop', 'recent.all(r, r.number >= 0)', 3],
    [
      'a list within the element of a loop',
      'recent.all(r, r.members.size() > 0 && r.members.all(m, m.id != ""))',
      3 * 2 + 5,
    ],
    [
      'a chain: as many as there are, not the product of the longest',
      'recent.all(r, r.members.all(m, m.kept.all(p, p >= 0)))',
      3 + 5 + 8,
    ],
    ['two independent loops: their product', 'recent.all(r, pauses.all(p, p > r.number))', 3 + 3 * 4],
    [
      'the elements of an outer loop in a loop over another list',
      'recent.all(r, pauses.all(x, r.members.all(m, m.id != "")))',
      3 + 3 * 4 + 4 * 5,
    ],
    ['the sum of a list', 'pauses.sum() > 1', 4],
    ['sums in a loop', 'recent.all(r, r.members.all(m, m.kept.sum() >= 0))', 3 + 5 + 8],
    ['a number in a list', '3 in pauses', 4],
    ['a number in a list, in a loop', 'pauses.all(p, p in pauses)', 4 + 4 * 4],
    ['a filter and a loop over its result', 'pauses.filter(p, p > 1).all(p, p > 1)', 4 + 4],
    ['a map and a loop over its result', 'pauses.map(p, p + 1).all(p, p > 1)', 4 + 4],
    ['two lists as one', '(pauses + pauses).all(p, p > 0)', 8 + 8],
    ['two comparisons of lists', 'pauses == pauses', 10],
    [
      'a comparison of lists of sums of empty lists',
      'recent[0].members.map(m, m.lost.sum()) == [0, 0]',
      3 + 2 + (1 + 3) + (1 + 2),
    ],
    ['a list that is written', '[1, 2].all(p, p > 0)', 2 + 2],
    ['a value with a name', 'cel.bind(x, pauses + pauses, (x + x).size() > 3)', 8 + 16],
    ['either of two lists', '(phase == "x" ? pauses : [1]).all(p, p > 0)', 1 + 4],
    ['a long text', 'text.contains("abc")', 150],
    ['a long text in a loop', 'pauses.all(p, text.startsWith("x"))', 4 + 4 * 50],
    ['a long body', `pauses.all(p, ${Array.from({ length: 10 }, () => 'p > 0').join(' && ')})`, 4 * 8],
    ['a field without a value: an error', 'recent.all(r, r.reason == "x")', 3],
  ])('%s: %s', (_, text, visits) => {
    expect(language.problem(text)).toBeUndefined();
    expect(language.visits(text, VALUES)).toBe(visits);
  });

  test('errors count', () => {
    const values = { ...VALUES, recent: [{ number: 1 }, { number: 2, members: [] }] };
    expect(language.visits('recent.all(r, r.number > 0)', values)).toBe(2);
    expect(language.visits('recent.all(r, r.members.size() > 0)', values)).toBe(2 + 2 * 50);
    expect(language.visits('recent.all(r, has(r.members))', values)).toBe(2);
    expect(language.visits('pauses.all(p, pauses[3] > p)', VALUES)).toBe(4);
    expect(language.visits('pauses.all(p, pauses[4] > p)', VALUES)).toBe(4 + 4 * 50);
    expect(language.visits('recent.all(r, phase == "x")', { recent: values.recent })).toBe(2 + 2 * 50);
  });
});

describe('refused', () => {
  /** `text` doubled `count` times. */
  const doubled = (text: string, count: number, then: string) =>
    Array.from({ length: count })
      .reduceRight<string>(
        (inner, _, n) => `cel.bind(x${n + 1}, x${n} + x${n}, ${inner})`,
        then.replace('LAST', `x${count}`),
      )
      .replace(/^/, `cel.bind(x0, ${text}, `)
      .concat(')');

  test.each([
    ['a list doubled 40 times', doubled('[1]', 40, 'LAST.size() > 0')],
    ['a text doubled 40 times', doubled('"x"', 40, 'LAST.contains("y")')],
    ['a list in lists, doubled 40 times', doubled('[[1]]', 40, 'LAST[0] == LAST[1]')],
    ['a long duration', `duration("${'1'.repeat(900)}") > duration("1s")`],
    [
      'a text made of many',
      'pauses.map(a, pauses.map(b, text).join()).join().split("x").map(c, text).join().size() > 1',
    ],
    [
      'a time zone in a loop',
      '(pauses + pauses).map(a, pauses.map(b, pauses + pauses + pauses + pauses)).all(a, a.all(b, b.all(c, timestamp("2026-11-21T00:00:00.000Z").getHours("Europe/Berlin") > c)))',
    ],
  ])('%s', (_, text) => {
    expect(language.visits(text, VALUES)).toBeGreaterThan(MOST_VISITS);
    expect(language.evaluate(text, VALUES)).toEqual({ refused: expect.stringMatching(/^it goes through .* elements/) });
  });

  test.each([
    ['a list doubled 40 times', doubled('[1]', 40, 'LAST.size() > 0')],
    ['a long duration', `duration("${'1'.repeat(900)}") > duration("1s")`],
  ])('before the Lab starts, because it takes too long with any values: %s', (_, text) => {
    expect(language.problem(text)).toMatch(/^it goes through (more than )?[0-9,]+ elements, and at most 1,000,000 are/);
  });

  test('loops over 50,000 partitions within loops over them, without going through them', () => {
    const text = `recent.all(r, r.members.all(m, m.kept.all(p,
      recent.all(s, s.members.all(n, n.kept.all(q, p != q || true))))))`;
    const recent = rebalances(...Array.from({ length: 50 }, () => Array.from({ length: 20 }, () => 50)));
    let reads = 0;
    const counting: ProxyHandler<number[]> = {
      get(target, key, receiver) {
        reads += 1;
        return Reflect.get(target, key, receiver);
      },
    };
    for (const { members } of recent) {
      for (const one of members) one.kept = new Proxy(one.kept, counting);
    }
    expect(language.problem(text)).toBeUndefined();
    expect(language.evaluate(text, { recent })).toEqual({
      refused:
        'it goes through 2,552,551,050 elements, and at most 1,000,000 are allowed: write it without a loop inside another, or loop over a shorter list, e.g. rebalancesOfStep',
    });
    // The sizes of the lists are read, and their elements at most once.
    expect(reads).toBeLessThan(200_000);
  });
});
