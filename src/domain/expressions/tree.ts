/** Expressions in CEL as trees: what they name of the variables, and what of that they look at. Pure. */
import type { ASTNode } from '@marcbachmann/cel-js';

/** What is looked at of a value, and of each element of a list. */
export interface Use {
  /** All of it. */
  whole: boolean;
  fields: Map<string, Use>;
}

type Is = (variable: string) => boolean;

const isNode = (value: unknown): value is ASTNode => typeof value === 'object' && value !== null && 'op' in value;

function children(value: unknown): ASTNode[] {
  if (isNode(value)) return [value];
  return Array.isArray(value) ? value.flatMap(children) : [];
}

/** The left of `.` and of `[…]` with a literal inside. */
function leftOf(node: ASTNode): ASTNode | undefined {
  if (node.op === '.') return node.args[0];
  if (node.op === '[]' && node.args[1].op === 'value') return node.args[0];
  return undefined;
}

/** The variable at the beginning of a.b["c"], if it is one of those. */
export function rootOf(node: ASTNode, isOne: Is): string | undefined {
  if (node.op === 'id') return isOne(node.args) ? node.args : undefined;
  const left = leftOf(node);
  return left === undefined ? undefined : rootOf(left, isOne);
}

const isSize = (node: ASTNode): boolean => node.op === 'rcall' && node.args[0] === 'size' && node.args[2].length === 0;

export const withoutSize = (node: ASTNode): ASTNode => (isSize(node) ? (node.args as [string, ASTNode])[1] : node);

const LOOPS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

/** list.all(element, …) and the like; `rest`: what is asked of each element. */
function loopOf(node: ASTNode): { name: string; receiver: ASTNode; element: string; rest: ASTNode[] } | undefined {
  if (node.op !== 'rcall') return undefined;
  const [name, receiver, [element, ...rest]] = node.args;
  if (!LOOPS.has(name) || element?.op !== 'id' || rest.length === 0) return undefined;
  return { name, receiver, element: element.args, rest };
}

/** How many lists are gone through within each other; what is within an element of another one is a part of that. `elements`: their names. */
export function loopsIn(node: ASTNode, elements: readonly string[] = []): number {
  const most = (nodes: readonly ASTNode[], within = elements) =>
    Math.max(0, ...nodes.map((one) => loopsIn(one, within)));
  const loop = loopOf(node);
  if (loop === undefined) return most(children(node.args));
  const own = rootOf(loop.receiver, (one) => elements.includes(one)) === undefined ? 1 : 0;
  return Math.max(loopsIn(loop.receiver, elements), own + most(loop.rest, [...elements, loop.element]));
}

/** The longest a.b["c"] (and a.b.size()) that begin with one of those variables, wherever they stand. */
export function namedIn(node: ASTNode, isOne: Is): ASTNode[] {
  if (rootOf(withoutSize(node), isOne) !== undefined) return [node];
  if (node.op === 'rcall') {
    const [, receiver, args] = node.args;
    // What a macro names its elements is none of our variables within it.
    const bound = args.length > 1 && args[0]?.op === 'id' ? args[0].args : undefined;
    const within = bound === undefined ? isOne : (name: string) => name !== bound && isOne(name);
    return [...namedIn(receiver, isOne), ...args.flatMap((arg) => namedIn(arg, within))];
  }
  return children(node.args).flatMap((child) => namedIn(child, isOne));
}

/** a.b["c"][0].d → ["b", "c"]: a list is taken as a whole. */
export const pathOf = (node: ASTNode): string[] => wayTo(node).path;

/** `inList`: what follows is within a list. */
function wayTo(node: ASTNode): { path: string[]; inList: boolean } {
  if (node.op !== '.' && node.op !== '[]') return { path: [], inList: false };
  const [left, key] = node.args;
  const { path, inList } = wayTo(left);
  if (inList || (typeof key !== 'string' && !isKey(key))) return { path, inList: true };
  return { path: [...path, typeof key === 'string' ? key : String(key.args)], inList: false };
}

const isKey = (node: ASTNode): boolean => node.op === 'value' && typeof node.args === 'string';

/** The first call of value.method(…). */
export function callOf(method: string, node: ASTNode): ASTNode | undefined {
  if (node.op === 'rcall' && node.args[0] === method) return node;
  for (const child of children(node.args)) {
    const call = callOf(method, child);
    if (call !== undefined) return call;
  }
  return undefined;
}

/** The arguments of has(). */
export function askedFor(node: ASTNode): ASTNode[] {
  const inner = children(node.args).flatMap(askedFor);
  if (node.op !== 'call' || node.args[0] !== 'has') return inner;
  return [...node.args[1], ...inner];
}

/**
 * By what it names (`rebalances.recent`, in the order in which it stands), what it looks at of that: within
 * `rebalances.recent.exists(r, r.trigger == "ScaleUp")` it is the elements' trigger, and nothing else.
 */
export function usesIn(ast: ASTNode, text: string, isVariable: Is): Map<string, Use> {
  const uses = new Map<string, Use>();
  type Bound = ReadonlyMap<string, Use>;

  const isNamed = (node: ASTNode, bound: Bound) =>
    rootOf(withoutSize(node), (name) => isVariable(name) && !bound.has(name)) !== undefined;

  /** Of what the node stands for, where that is something named, a part or an element of it, or some of its elements. */
  function find(node: ASTNode, bound: Bound): Use | undefined {
    if (node.op === 'id' && bound.has(node.args)) return bound.get(node.args);
    if (isNamed(node, bound)) return within(uses, text.slice(node.start, node.end));
    if (node.op === '.' || node.op === '[]') {
      const [left, key] = node.args;
      const use = find(left, bound);
      if (use === undefined) return undefined;
      if (typeof key === 'string') return within(use.fields, key);
      if (isKey(key)) return within(use.fields, String(key.args));
      note(key, bound);
      return use;
    }
    const loop = loopOf(node);
    if (loop?.name !== 'filter') return undefined;
    const use = find(loop.receiver, bound);
    for (const part of loop.rest) note(part, new Map([...bound, [loop.element, use ?? nothing()]]));
    return use;
  }

  function note(asked: ASTNode, bound: Bound): void {
    // How many of them there are is told by those that are shown.
    const node = loopOf(withoutSize(asked)) === undefined ? asked : withoutSize(asked);
    const loop = isNamed(node, bound) ? undefined : loopOf(node);
    if (loop !== undefined) {
      const use = find(loop.receiver, bound);
      if (use === undefined) note(loop.receiver, bound);
      for (const part of loop.rest) note(part, new Map([...bound, [loop.element, use ?? nothing()]]));
      return;
    }
    const use = find(node, bound);
    if (use !== undefined) use.whole = true;
    else for (const child of children(node.args)) note(child, bound);
  }

  note(ast, new Map());
  return uses;
}

const nothing = (): Use => ({ whole: false, fields: new Map() });

function within(uses: Map<string, Use>, name: string): Use {
  const use = uses.get(name) ?? nothing();
  uses.set(name, use);
  return use;
}
