/** The estimate of an expression’s visits is never below the visits of an interpreter that evaluates every part. */
import { expect, test } from '@jest/globals';
import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import fc from 'fast-check';
import { expressions, type Values } from '../../src/domain/expressions/expressions.ts';

// ---- values ---------------------------------------------------------------------------------

const INT = { type: 'integer' };
const list = (items: object) => ({ type: 'array', items });
const row = { type: 'object', properties: { id: INT, parts: list(INT), more: list(INT) } };
const language = expressions({ rows: list(row), nums: list(INT) });

const numbers = fc.array(fc.nat(5), { maxLength: 6 });
const valuesArb = fc.record({
  rows: fc.array(fc.record({ id: fc.nat(5), parts: numbers, more: numbers }), { maxLength: 5 }),
  nums: numbers,
});

// ---- expressions ----------------------------------------------------------------------------

type Pick = (most: number) => number;
interface Names {
  rows: string[];
  nums: string[];
}
type Kind = 'rows' | 'nums' | 'num' | 'bool';

/** An expression of this kind. `pick(n)`: a number below n. `names`: the elements of outer loops. */
function write(kind: Kind, pick: Pick, depth: number, names: Names): string {
  const sub = (one: Kind, more: Partial<Names> = {}) =>
    write(one, pick, depth - 1, {
      rows: [...names.rows, ...(more.rows ?? [])],
      nums: [...names.nums, ...(more.nums ?? [])],
    });
  const any = (texts: readonly string[]) => texts[pick(texts.length)] as string;
  const fresh = `v${names.rows.length + names.nums.length}`;
  const loop = (over: 'rows' | 'nums', name: string, body: Kind) =>
    `${sub(over)}.${name}(${fresh}, ${sub(body, over === 'rows' ? { rows: [fresh] } : { nums: [fresh] })})`;
  const over = () => (pick(2) === 0 ? 'rows' : 'nums');
  switch (kind) {
    case 'rows':
      if (depth <= 0 || pick(3) > 0) return 'rows';
      return any([
        loop('rows', 'filter', 'bool'),
        `(rows + ${sub('rows')})`,
        `(${sub('bool')} ? rows : ${sub('rows')})`,
      ]);
    case 'nums': {
      const known = ['nums', ...names.rows.flatMap((name) => [`${name}.parts`, `${name}.more`])];
      if (depth <= 0 || pick(2) > 0) return any(known);
      return any([
        loop('nums', 'filter', 'bool'),
        loop(over(), 'map', 'num'),
        `(${sub('nums')} + ${sub('nums')})`,
        `[${sub('num')}, 1]`,
      ]);
    }
    case 'num': {
      const known = ['1', ...names.nums, ...names.rows.map((name) => `${name}.id`)];
      if (depth <= 0 || pick(2) > 0) return any(known);
      return any([`${sub('nums')}.sum()`, `${sub('rows')}.size()`, `(${sub('num')} + ${sub('num')})`]);
    }
    case 'bool':
      if (depth <= 0) return `${sub('num')} < 3`;
      return any([
        loop(over(), 'all', 'bool'),
        loop(over(), 'exists', 'bool'),
        `${sub('num')} in ${sub('nums')}`,
        `${sub('nums')} == ${sub('nums')}`,
        `(${sub('bool')} || ${sub('bool')})`,
      ]);
  }
}

// ---- the interpreter ------------------------------------------------------------------------

/** The elements that an evaluation goes through if it evaluates every part. */
function visitsOf(ast: ASTNode, values: Values): number {
  let visits = 0;
  const at = (node: ASTNode, scope: Values): unknown => {
    const inner = (one: ASTNode) => at(one, scope);
    switch (node.op) {
      case 'value':
        return Number(node.args);
      case 'id':
        return scope[node.args];
      case '.':
        return (inner(node.args[0]) as Values)[node.args[1]];
      case 'list':
        return node.args.map(inner);
      case '?:': {
        const [condition, one, other] = node.args.map(inner);
        return condition === true ? one : other;
      }
      case '||':
        return node.args.map(inner).includes(true);
      case '<': {
        const [a, b] = node.args.map(inner) as [number, number];
        return a < b;
      }
      case '+': {
        const [a, b] = node.args.map(inner);
        if (!Array.isArray(a) || !Array.isArray(b)) return Number(a) + Number(b);
        visits += a.length + b.length;
        return [...a, ...b];
      }
      case 'in': {
        const [a, b] = node.args.map(inner) as [number, number[]];
        visits += b.length;
        return b.includes(a);
      }
      case '==': {
        const [a, b] = node.args.map(inner) as [number[], number[]];
        if (a.length !== b.length) return false;
        visits += a.length;
        return a.every((one, n) => one === b[n]);
      }
      case 'rcall': {
        const [name, receiver, [element, body]] = node.args;
        const list = inner(receiver) as unknown[];
        if (name === 'size') return list.length;
        visits += list.length;
        if (name === 'sum') return (list as number[]).reduce((sum, one) => sum + one, 0);
        const results = list.map((one) => at(body as ASTNode, { ...scope, [String(element?.args)]: one }));
        if (name === 'map') return results;
        if (name === 'filter') return list.filter((_, n) => results[n] === true);
        return name === 'all' ? results.every((one) => one === true) : results.includes(true);
      }
      default:
        throw new Error(`${node.op} is not interpreted`);
    }
  };
  at(ast, values);
  return visits;
}

const environment = new Environment();

test('the estimate is never below the visits', () => {
  let exact = 0;
  let visited = 0;
  fc.assert(
    fc.property(valuesArb, fc.array(fc.nat(1_000), { minLength: 20, maxLength: 60 }), (values, picks) => {
      let picked = 0;
      const pick: Pick = (most) => (picks[picked++ % picks.length] ?? 0) % most;
      const text = write('bool', pick, 5, { rows: [], nums: [] });
      const visits = visitsOf(environment.parse(text).ast, values);
      const estimate = language.visits(text, values);
      expect({ text, enough: estimate >= visits, estimate, visits }).toMatchObject({ enough: true });
      if (visits > 0) visited += 1;
      if (visits > 0 && estimate === visits) exact += 1;
    }),
    { numRuns: 1_000 },
  );
  expect(visited).toBeGreaterThan(500);
  expect(exact).toBeGreaterThan(50);
});
