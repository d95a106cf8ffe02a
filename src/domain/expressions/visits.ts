/**
 * Estimates the work of an expression before it is evaluated: an upper bound of the list elements that it goes through,
 * from the sizes of the actual values. Long texts, long loop bodies and errors count as more elements.
 */
import type { ASTNode } from '@marcbachmann/cel-js';
import { callOf } from './calls.ts';
import { asElements, type Extent, either, joined, listOf, single, times } from './extent.ts';
import { type Loop, loopOf, nodesIn } from './tree.ts';

/** Operations in the body of a loop that count as one element. */
const OPERATIONS_PER_ELEMENT = 5;
/** An error within a loop, in elements: the library makes it with a stack trace. */
const ERROR = 50;

/** The values of a part of an expression over all its evaluations. */
interface Part {
  extent: Extent;
  /** The most times that any one of the values comes up. */
  each: number;
}

type Scope = ReadonlyMap<string, Part>;
type Binary = readonly [ASTNode, ASTNode];

const part = (extent: Extent, each = Infinity): Part => ({ extent, each });

/** `extentOf`: of a variable; undefined: it has no value. */
export function visitsOf(ast: ASTNode, extentOf: (variable: string) => Extent | undefined): number {
  let visits = 0;

  /** Elements of all lists of `list`, if it is evaluated `runs` times. */
  const elementsOf = ({ extent, each }: Part, runs: number) =>
    Math.min(times(runs, extent.most), times(each, extent.sum));

  function add(runs: number, elements: number, fails = false): void {
    visits += times(runs, elements) + (fails ? times(runs, ERROR) : 0);
  }

  /** Adds the work of a node that is evaluated `runs` times. */
  function walk(node: ASTNode, runs: number, scope: Scope): Part {
    const inner = (one: ASTNode) => walk(one, runs, scope);
    switch (node.op) {
      case 'value':
        return part(single(lengthOf(node.args)));
      case 'id': {
        const known = scope.get(node.args);
        if (known !== undefined) return known;
        const variable = extentOf(node.args);
        add(runs, 0, variable === undefined);
        return variable === undefined ? part(single()) : part(variable, runs);
      }
      case '.':
      case '.?':
        return field(inner(node.args[0]), node.args[1], runs);
      case '[]':
      case '[?]':
        return element(inner(node.args[0]), node.args[1], inner(node.args[1]), runs);
      case '!_':
      case '-_':
        inner(node.args);
        return part(single());
      case '?:': {
        inner(node.args[0]);
        return part(either(inner(node.args[1]).extent, inner(node.args[2]).extent));
      }
      case 'list':
        return made(node.args.map(inner), node.args.length, runs);
      case 'map':
        return made(node.args.flat().map(inner), node.args.length, runs);
      case 'call': {
        const [name, args] = node.args;
        // has(a.b) does not fail without a b.
        return call(
          name,
          args.map((arg) => inner(name === 'has' && arg.op === '.' ? arg.args[0] : arg)),
          runs,
        );
      }
      case 'rcall':
        return method(node, runs, scope);
      default:
        return binary(node.op, (node.args as Binary).map(inner) as [Part, Part], runs);
    }
  }

  function field({ extent, each }: Part, name: string, runs: number): Part {
    add(runs, 0, !extent.has(name));
    return part(extent.field(name), each);
  }

  function element({ extent, each }: Part, key: ASTNode, { extent: keys }: Part, runs: number): Part {
    const literal = key.op === 'value' ? key.args : undefined;
    if (typeof literal === 'string') return field({ extent, each }, literal, runs);
    add(runs, asElements(keys.characters), typeof literal !== 'bigint' || !extent.reaches(Number(literal)));
    return part(extent.inner(), each);
  }

  function made(parts: readonly Part[], most: number, runs: number): Part {
    add(runs, most);
    const inner = parts.map(({ extent }) => extent).reduce(either, single());
    return part(listOf(most, inner));
  }

  function call(name: string, parts: readonly Part[], runs: number): Part {
    const { cost, result, fails } = callOf(
      name,
      parts.map(({ extent }) => extent),
    );
    add(runs, cost, fails);
    return part(result);
  }

  function method(node: ASTNode & { op: 'rcall' }, runs: number, scope: Scope): Part {
    const [name, receiver, args] = node.args;
    const loop = loopOf(node);
    if (loop !== undefined) return iterate(loop, walk(receiver, runs, scope), runs, scope);
    if (name === 'bind' && args[0]?.op === 'id' && args.length === 3) {
      const value = walk(args[1] as ASTNode, runs, scope);
      return walk(args[2] as ASTNode, runs, new Map([...within(scope, 1), [args[0].args, value]]));
    }
    const subject = walk(receiver, runs, scope);
    if (args.length === 0 && AGGREGATES.has(name)) {
      visits += elementsOf(subject, runs);
      return part(single());
    }
    return call(name, [subject, ...args.map((arg) => walk(arg, runs, scope))], runs);
  }

  function iterate(loop: Loop, list: Part, runs: number, scope: Scope): Part {
    const elements = elementsOf(list, runs);
    const body = loop.rest.reduce((sum, one) => sum + nodesIn(one), 0);
    add(elements, Math.max(1, Math.ceil(body / OPERATIONS_PER_ELEMENT)));
    const bound = new Map([
      ...within(scope, list.extent.most),
      [loop.element, part(list.extent.inner(), list.each)] as const,
    ]);
    const results = loop.rest.map((one) => walk(one, elements, bound));
    if (loop.name === 'filter') return { ...list, extent: { ...list.extent, reaches: () => false } };
    if (loop.name !== 'map') return part(single());
    return part(listOf(list.extent.most, (results.at(-1) as Part).extent));
  }

  function binary(op: string, [left, right]: [Part, Part], runs: number): Part {
    const [one, other] = [left.extent, right.extent];
    switch (op) {
      case '==':
      case '!=':
        add(runs, compared(one, other));
        return part(single());
      case 'in':
        add(elementsOf(right, runs), 1 + compared(one, other.inner()));
        return part(single());
      case '+':
        add(runs, one.most + other.most + asElements(one.characters + other.characters));
        return part(joined(one, other));
      case '/':
      case '%':
        add(runs, 0, true);
        return part(single());
      default:
        add(runs, Math.min(asElements(one.characters), asElements(other.characters)));
        return part(single());
    }
  }

  walk(ast, 1, new Map());
  return visits;
}

const AGGREGATES: ReadonlySet<string> = new Set(['sum', 'max', 'min']);

const lengthOf = (literal: unknown): number =>
  typeof literal === 'string' || literal instanceof Uint8Array ? literal.length : 0;

/** Elements that a comparison goes through: none if both are numbers or short texts. */
function compared(one: Extent, other: Extent): number {
  const [a, b] = [one.whole(), other.whole()];
  return one.most === 0 && other.most === 0 ? Math.max(0, Math.min(a, b) - 1) : a + b;
}

/** The same names within a loop of `rounds` rounds: each value comes up in each of them. */
const within = (scope: Scope, rounds: number): [string, Part][] =>
  [...scope].map(([name, { extent, each }]) => [name, part(extent, times(each, rounds))]);
