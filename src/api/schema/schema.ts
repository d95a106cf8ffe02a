/** Building blocks of the schemas: zod for the shape of a field, CEL rules for what the shape cannot express. */
import { z } from 'zod';
import { DURATION_PATTERN, millisecondsOf } from './duration.ts';

/** One entry of x-kubernetes-validations. With `holds`, zod checks the same rule. */
export interface Rule<T> {
  /** CEL over `self`. A rule that also uses `oldSelf` applies to changes only. */
  cel: string;
  /** What is wrong; then what to write. */
  message: string;
  /** CEL for a message with the offending values. The API server falls back to `message` if it fails. */
  messageCel?: string;
  /** The rule in TypeScript. Absent for rules over changes and metadata. */
  holds?: (value: T) => boolean;
  /** `messageCel` in TypeScript, for a value for which the rule does not hold. */
  says?: (value: T) => string;
  /** The rule reads values that a CRD cannot type. The admission policy (src/api/schema/policy.ts) checks it instead. */
  untyped?: true;
  reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired';
}

/** Adds the description for `kubectl explain` and the rules. Call it last: zod's wrappers drop metadata. */
export function field<S extends z.ZodType>(schema: S, description: string, ...rules: Rule<z.output<S>>[]): S {
  const refined = schema.superRefine((value, context) => {
    for (const message of broken(rules, value)) context.addIssue({ code: 'custom', message, input: value });
  });
  const validations = rules.filter(({ untyped }) => !untyped).map(validation);
  return refined.meta({
    description,
    ...(validations.length === 0 ? {} : { 'x-kubernetes-validations': validations }),
  }) as S;
}

/** A sentence for each rule that does not hold. */
export const broken = <T>(rules: readonly Rule<T>[], value: T): string[] =>
  rules
    .filter(({ holds }) => holds !== undefined && !holds(value))
    .map(({ says, message }) => says?.(value) ?? message);

/** A description of several sentences, one a line in the source. `kubectl explain` wraps it itself. */
export const sentences = (...lines: string[]): string => lines.join(' ');

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

/** CEL: text from a form with `%s` and `%d`. Its cost is bounded for numbers too, unlike that of `+`. */
export const celFormat = (form: string, ...args: string[]): string => `${celText(form)}.format([${args.join(', ')}])`;

/** A whole number from `min` to `max`. */
export const count = (min: number, max: number) => z.int().min(min).max(max);
/** Text of at most `max` characters. They are counted as the API server does; zod's own bound counts an emoji as two. */
export function text(max: number): z.ZodString {
  const bound = z.maxLength(max);
  const { check } = bound._zod;
  bound._zod.check = (payload) => {
    if ([...String(payload.value)].length > max) check(payload);
  };
  return z.string().check(bound);
}
/** A measured figure: zero or more, with a fraction. */
export const figure = () => z.number().min(0);

/** A time in RFC 3339, UTC with milliseconds, as `Date.toISOString()` writes it. */
export const timestamp = () => z.iso.datetime();

/** CEL: the text at `path` is a duration. Seven digits in a row are refused, since they could overflow CEL's duration. */
export const celIsDuration = (path: string): string =>
  `(${path}.size() > 1 && ${path}.matches(${celText(DURATION_PATTERN)}) && !${path}.matches('[0-9]{7}'))`;
const durationPattern = new RegExp(DURATION_PATTERN);
const isDuration = (value: string): boolean =>
  value.length > 1 && durationPattern.test(value) && !/[0-9]{7}/.test(value);

const DURATION_RULES: Rule<string>[] = [
  {
    cel: celIsDuration('self'),
    message: 'is not a duration; write a number with its unit, the largest unit first: 500ms, 60s, 5m, 1h30m',
    messageCel: `'"' + self + '" ' + (self.matches('^[0-9]+$') ? 'has no unit; write ' + self + 's or ' + self + 'ms' : 'is not a duration; write numbers with the units h, m, s, ms, the largest first: 500ms, 60s, 5m, 1h30m')`,
    holds: isDuration,
  },
  {
    cel: `!${celIsDuration('self')} || duration(self).getSeconds() <= 604800`,
    message: 'is longer than a week; write at most 168h',
    holds: (value) => !isDuration(value) || Math.floor(millisecondsOf(value) / 1_000) <= 604_800,
  },
];

/** A duration such as `500ms`, `60s`, `5m`, `1h30m`; at most a week. */
export const duration = (description: string, ...rules: Rule<string>[]) =>
  field(text(32), description, ...DURATION_RULES, ...rules);

/** For durations that must not be zero. */
export const LONGER_THAN_ZERO: Rule<string> = {
  cel: "self.matches('[1-9]')",
  message: 'must be longer than zero; write e.g. 30s',
  holds: (value) => /[1-9]/.test(value),
};

/** CEL: `longer` is longer than `shorter`. True if one of them is not a duration, which another rule reports. */
export const celLonger = (longer: string, shorter: string): string =>
  `!${celIsDuration(longer)} || !${celIsDuration(shorter)} || duration(${longer}).getMilliseconds() > duration(${shorter}).getMilliseconds()`;

/** The same in TypeScript. */
export const isLonger = (longer: string, shorter: string): boolean =>
  !isDuration(longer) ||
  !isDuration(shorter) ||
  Math.floor(millisecondsOf(longer)) > Math.floor(millisecondsOf(shorter));

/** Rule on an object: these fields are immutable. `message` follows the name of the changed field. */
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
