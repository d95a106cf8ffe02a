/** Analyses the syntax trees of CEL expressions: which parts of the variables they use. */
import type { ASTNode } from '@marcbachmann/cel-js';

/** The fields of a value that an expression uses. For a list: the fields of its elements. */
export interface Use {
  /** The expression uses the value as a whole. */
  whole: boolean;
  fields: Map<string, Use>;
}

type Is = (variable: string) => boolean;

const isNode = (value: unknown): value is ASTNode => typeof value === 'object' && value !== null && 'op' in value;

function children(value: unknown): ASTNode[] {
  if (isNode(value)) return [value];
  return Array.isArray(value) ? value.flatMap(children) : [];
}

/** The left side of `a.b` and of `a["b"]` with a literal index. */
function leftOf(node: ASTNode): ASTNode | undefined {
  if (node.op === '.') return node.args[0];
  if (node.op === '[]' && node.args[1].op === 'value') return node.args[0];
  return undefined;
}

/** The variable at the start of a.b["c"], if `isOne` accepts it. */
export function rootOf(node: ASTNode, isOne: Is): string | undefined {
  if (node.op === 'id') return isOne(node.args) ? node.args : undefined;
  const left = leftOf(node);
  return left === undefined ? undefined : rootOf(left, isOne);
}

const isSize = (node: ASTNode): boolean => node.op === 'rcall' && node.args[0] === 'size' && node.args[2].length === 0;

export const withoutSize = (node: ASTNode): ASTNode => (isSize(node) ? (node.args as [string, ASTNode])[1] : node);

const LOOPS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

/** The parts of a macro such as list.all(element, …). `rest`: the expressions evaluated per element. */
export interface Loop {
  name: string;
  receiver: ASTNode;
  element: string;
  rest: ASTNode[];
}

export function loopOf(node: ASTNode): Loop | undefined {
  if (node.op !== 'rcall') return undefined;
  const [name, receiver, [element, ...rest]] = node.args;
  if (!LOOPS.has(name) || element?.op !== 'id' || rest.length === 0) return undefined;
  return { name, receiver, element: element.args, rest };
}

/**
 * Depth of nested loops over lists. A loop over a list within an element of the outer loop does not count.
 * `elements`: the element names of the outer loops.
 */
export function loopDepth(node: ASTNode, elements: readonly string[] = []): number {
  const most = (nodes: readonly ASTNode[], within = elements) =>
    Math.max(0, ...nodes.map((one) => loopDepth(one, within)));
  const loop = loopOf(node);
  if (loop === undefined) return most(children(node.args));
  const own = rootOf(loop.receiver, (one) => elements.includes(one)) === undefined ? 1 : 0;
  return Math.max(loopDepth(loop.receiver, elements), own + most(loop.rest, [...elements, loop.element]));
}

/** Number of nodes, without the bodies of loops. */
export function nodesIn(node: ASTNode): number {
  const loop = loopOf(node);
  const inner = loop === undefined ? children(node.args) : [loop.receiver];
  return inner.reduce((sum, one) => sum + nodesIn(one), 1);
}

/** All references to the variables that `isOne` accepts: the longest a.b["c"] or a.b.size() at each place. */
export function referencesIn(node: ASTNode, isOne: Is): ASTNode[] {
  if (rootOf(withoutSize(node), isOne) !== undefined) return [node];
  if (node.op === 'rcall') {
    const [, receiver, args] = node.args;
    // Within a macro its element name hides a variable of the same name.
    const bound = args.length > 1 && args[0]?.op === 'id' ? args[0].args : undefined;
    const within = bound === undefined ? isOne : (name: string) => name !== bound && isOne(name);
    return [...referencesIn(receiver, isOne), ...args.flatMap((arg) => referencesIn(arg, within))];
  }
  return children(node.args).flatMap((child) => referencesIn(child, isOne));
}

/** The path of a reference: a.b["c"][0].d → ["b", "c"]. The path ends at a list. */
export const pathOf = (node: ASTNode): string[] => pathTo(node).path;

/** `inList`: the path ended at a list, so further fields are ignored. */
function pathTo(node: ASTNode): { path: string[]; inList: boolean } {
  if (node.op !== '.' && node.op !== '[]') return { path: [], inList: false };
  const [left, key] = node.args;
  const { path, inList } = pathTo(left);
  if (inList || (typeof key !== 'string' && !isKey(key))) return { path, inList: true };
  return { path: [...path, typeof key === 'string' ? key : String(key.args)], inList: false };
}

const isKey = (node: ASTNode): boolean => node.op === 'value' && typeof node.args === 'string';

/** The first call of value.method(…). */
export function findCall(method: string, node: ASTNode): ASTNode | undefined {
  if (node.op === 'rcall' && node.args[0] === method) return node;
  for (const child of children(node.args)) {
    const call = findCall(method, child);
    if (call !== undefined) return call;
  }
  return undefined;
}

/** The arguments of all has() calls. */
export function hasArguments(node: ASTNode): ASTNode[] {
  const inner = children(node.args).flatMap(hasArguments);
  if (node.op !== 'call' || node.args[0] !== 'has') return inner;
  return [...node.args[1], ...inner];
}

/**
 * The fields that an expression uses, by reference in order of appearance. For
 * `rebalances.recent.exists(r, r.trigger == "ScaleUp")`: `rebalances.recent` with the field trigger of its elements.
 */
export function usesIn(ast: ASTNode, text: string, isVariable: Is): Map<string, Use> {
  const uses = new Map<string, Use>();
  type Bound = ReadonlyMap<string, Use>;

  const isReference = (node: ASTNode, bound: Bound) =>
    rootOf(withoutSize(node), (name) => isVariable(name) && !bound.has(name)) !== undefined;

  /** The use that a node stands for, if it is a reference, a part or element of one, or a filtered list of its elements. */
  function find(node: ASTNode, bound: Bound): Use | undefined {
    if (node.op === 'id' && bound.has(node.args)) return bound.get(node.args);
    if (isReference(node, bound)) return within(uses, text.slice(node.start, node.end));
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
    // The shown elements of a loop also show its size.
    const node = loopOf(withoutSize(asked)) === undefined ? asked : withoutSize(asked);
    const loop = isReference(node, bound) ? undefined : loopOf(node);
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
