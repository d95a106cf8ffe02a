/** How the kinds' schemas are written: zod for the shape, CEL beside the field for what a shape can't say. */
import { z } from 'zod';
import { DURATION_PATTERN, millisecondsOf } from './duration.ts';

/** One entry of x-kubernetes-validations, and the same rule for zod where it needs nothing but the value itself. */
export interface Rule<T> {
  /** CEL over `self` (and `oldSelf`: then it judges changes only). */
  cel: string;
  /** What is wrong and what to write instead. */
  message: string;
  /** CEL that answers a message naming the offender; `message` is used where it fails. */
  messageCel?: string;
  /** The same judgement in TypeScript; absent for rules over changes and metadata. */
  holds?: (value: T) => boolean;
  reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired';
}

/** Gives a field its text for `kubectl explain` and its rules. Call it last: zod's wrappers drop metadata. */
export function field<S extends z.ZodType>(schema: S, description: string, ...rules: Rule<z.output<S>>[]): S {
  const refined = schema.superRefine((value, context) => {
    for (const rule of rules) {
      if (rule.holds && !rule.holds(value)) context.addIssue({ code: 'custom', message: rule.message, input: value });
    }
  });
  if (rules.length === 0) return refined.meta({ description }) as S;
  return refined.meta({ description, 'x-kubernetes-validations': rules.map(validation) }) as S;
}

function validation(rule: Rule<never>): Record<string, string> {
  return {
    rule: rule.cel,
    message: rule.message,
    ...(rule.messageCel === undefined ? {} : { messageExpression: rule.messageCel }),
    ...(rule.reason === undefined ? {} : { reason: rule.reason }),
  };
}

/** A CEL string literal. */
export const celText = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
/** A CEL list of string literals. */
export const celList = (texts: readonly string[]): string => `[${texts.map(celText).join(', ')}]`;

/** CEL: printf-like text (`%s`, `%d`); unlike `+`, its cost is bounded with numbers in it. */
export const celFormat = (form: string, ...args: string[]): string => `${celText(form)}.format([${args.join(', ')}])`;

/** Whole number from `min` to `max`. */
export const count = (min: number, max: number) => z.int().min(min).max(max);
/** Text of at most `max` characters, counted as the API server does: zod's own bound takes an emoji for two. */
export function text(max: number): z.ZodString {
  const bound = z.maxLength(max);
  const { check } = bound._zod;
  bound._zod.check = (payload) => {
    if ([...String(payload.value)].length > max) check(payload);
  };
  return z.string().check(bound);
}
/** A figure that was measured: never negative, may have a fraction. */
export const figure = () => z.number().min(0);

/** RFC 3339 in UTC with milliseconds, as `Date.toISOString()` writes it. */
export const timestamp = () => z.iso.datetime();

/** CEL: the text at `path` is a length of time (seven digits in a row would overflow CEL's own duration). */
const celIsDuration = (path: string): string =>
  `(${path}.size() > 1 && ${path}.matches(${celText(DURATION_PATTERN)}) && !${path}.matches('[0-9]{7}'))`;
const durationPattern = new RegExp(DURATION_PATTERN);
const isDuration = (value: string): boolean =>
  value.length > 1 && durationPattern.test(value) && !/[0-9]{7}/.test(value);

const DURATION_RULES: Rule<string>[] = [
  {
    cel: celIsDuration('self'),
    message: 'write a number with its unit, from the largest unit to the smallest: 500ms, 60s, 5m, 1h30m',
    messageCel: `'"' + self + '" is no length of time: ' + (self.matches('^[0-9]+$') ? 'it has no unit, write ' + self + 's or ' + self + 'ms' : 'write numbers with the units h, m, s, ms, the largest first: 500ms, 60s, 5m, 1h30m')`,
    holds: isDuration,
  },
  {
    cel: `!${celIsDuration('self')} || duration(self).getSeconds() <= 604800`,
    message: 'is longer than a week: write at most 168h',
    holds: (value) => !isDuration(value) || Math.floor(millisecondsOf(value) / 1_000) <= 604_800,
  },
];

/** A length of time such as `500ms`, `60s`, `5m`, `1h30m`; at most a week. */
export const duration = (description: string, ...rules: Rule<string>[]) =>
  field(text(32), description, ...DURATION_RULES, ...rules);

/** For lengths of time that can't be nothing. */
export const LONGER_THAN_ZERO: Rule<string> = {
  cel: "self.matches('[1-9]')",
  message: 'has to be longer than zero: write e.g. 30s',
  holds: (value) => /[1-9]/.test(value),
};

/** CEL: both are lengths of time, and `longer` is the longer one; true while one of them isn't a length of time. */
export const celLonger = (longer: string, shorter: string): string =>
  `!${celIsDuration(longer)} || !${celIsDuration(shorter)} || duration(${longer}).getMilliseconds() > duration(${shorter}).getMilliseconds()`;

/** The same in TypeScript. */
export const isLonger = (longer: string, shorter: string): boolean =>
  !isDuration(longer) ||
  !isDuration(shorter) ||
  Math.floor(millisecondsOf(longer)) > Math.floor(millisecondsOf(shorter));

/** Which fields of the old and the new object have to be the same, as a rule on the object that holds them. */
export function unchanged(fields: readonly string[], message: string): Rule<unknown> {
  const same = (name: string) =>
    `has(self.${name}) == has(oldSelf.${name}) && (!has(self.${name}) || self.${name} == oldSelf.${name})`;
  return {
    cel: fields.map((name) => `(${same(name)})`).join(' && '),
    message,
    messageCel: `${fields
      .slice(0, -1)
      .map((name) => `!(${same(name)}) ? ${celText(`${name} ${message}`)} : `)
      .join('')}${celText(`${fields.at(-1)} ${message}`)}`,
    reason: 'FieldValueForbidden',
  };
}
