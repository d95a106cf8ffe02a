/** The CEL environment of expectations: arithmetic between int and double, and sum, max and min of lists. */
import { type ASTNode, Environment } from '@marcbachmann/cel-js';

/** CEL has no arithmetic between int and double. These operators let users compare a count with a fraction of another. */
const MIXED: [string, (a: number, b: number) => number][] = [
  ['+', (a, b) => a + b],
  ['-', (a, b) => a - b],
  ['*', (a, b) => a * b],
  ['/', (a, b) => a / b],
];

type Numbers = (bigint | number)[];

export function createEnvironment(): Environment {
  const environment = new Environment();
  for (const [operator, apply] of MIXED) {
    environment.registerOperator(`int ${operator} double: double`, (a: bigint, b: number) => apply(Number(a), b));
    environment.registerOperator(`double ${operator} int: double`, (a: number, b: bigint) => apply(a, Number(b)));
  }
  environment.registerOperator('int == double', (a: bigint, b: number) => Number(a) === b);
  for (const type of ['int', 'double']) {
    environment.registerFunction(`list<${type}>.sum(): ${type}`, (list: Numbers) =>
      list.reduce<bigint | number>((sum, one) => (sum as number) + (one as number), type === 'int' ? 0n : 0),
    );
    environment.registerFunction(`list<${type}>.max(): ${type}`, extreme(true));
    environment.registerFunction(`list<${type}>.min(): ${type}`, extreme(false));
  }
  return environment;
}

/** The greatest (`most`) or smallest element of a list. */
const extreme = (most: boolean) => (list: Numbers) => {
  const [first, ...rest] = list;
  if (first === undefined) throw new Error('an empty list has neither min nor max');
  return rest.reduce((best, one) => (one > best === most ? one : best), first);
};

/** An error thrown by the library. `range` and `node` show the place in the text. */
export interface CelError extends Error {
  code?: string;
  summary?: string;
  range?: { start: number; end: number };
  node?: ASTNode;
}

export const isCelError = (error: unknown): error is CelError => error instanceof Error && 'summary' in error;
