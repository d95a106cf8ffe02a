/** Values of Kafka's settings as people write them: text, numbers and booleans, as in a KafkaTopic. Kafka gets their text. */
import { z } from 'zod';
import { type Rule, text } from '../schema/schema.ts';

export type Config = Readonly<Record<string, string | number | boolean>>;
/** Settings as Kafka gets them. */
export type TextConfig = Readonly<Record<string, string>>;

/** No type of a structural schema stands for text, numbers and booleans, so the admission policy checks the values. */
const value = (longest: number) =>
  z.union([text(longest), z.number(), z.boolean()]).meta({ 'x-kubernetes-preserve-unknown-fields': true });

/** Settings by name. The bound leaves room beyond the settings that exist. */
export const settings = (longest: number) =>
  z.record(z.string(), value(longest)).default({}).meta({ maxProperties: 64 });

export const asText = (config: Config): TextConfig =>
  Object.fromEntries(
    Object.entries(config).map(([name, it]) => [name, typeof it === 'object' ? JSON.stringify(it) : String(it)]),
  );

const isExact = (it: Config[string]) => typeof it !== 'number' || Math.abs(it) <= Number.MAX_SAFE_INTEGER;
const LARGEST = `${Number.MAX_SAFE_INTEGER}`;
const SCALAR =
  '(type(self[name]) == string || type(self[name]) == int || type(self[name]) == double || type(self[name]) == bool)';
const NOT_EXACT = `(type(self[name]) == int || type(self[name]) == double) && (self[name] > ${LARGEST} || self[name] < -${LARGEST})`;

/** Rules for the values of any settings. `longest`: characters of a text. */
export const valueRules = (longest: number): Rule<Config>[] =>
  (
    [
      {
        cel: `self.all(name, ${SCALAR})`,
        message:
          'a setting has a value that is neither text nor a number nor true or false; write e.g. "compact,delete" for a list',
        messageCel: `self.filter(name, !${SCALAR}).map(name, name + ' is neither text nor a number nor true or false; write its value as text, e.g. "compact,delete" for a list').join('; ')`,
        holds: (config) => Object.values(config).every((it) => ['string', 'number', 'boolean'].includes(typeof it)),
        says: (config) =>
          Object.entries(config)
            .filter(([, it]) => !['string', 'number', 'boolean'].includes(typeof it))
            .map(
              ([name]) =>
                `${name} is neither text nor a number nor true or false; write its value as text, e.g. "compact,delete" for a list`,
            )
            .join('; '),
      },
      {
        cel: `self.all(name, type(self[name]) != string || self[name].size() <= ${longest})`,
        message: `a setting has a value that is too long; write at most ${longest} characters`,
        holds: (config) => Object.values(config).every((it) => typeof it !== 'string' || [...it].length <= longest),
      },
      {
        cel: `!self.exists(name, ${NOT_EXACT})`,
        message: `a setting has a number beyond ${LARGEST}, which JSON does not carry exactly; write it as text, e.g. flush.messages: "9223372036854775807"`,
        messageCel: `self.filter(name, ${NOT_EXACT}).map(name, name + ' is a number beyond ${LARGEST}, which JSON does not carry exactly; write it as text, in quotation marks').join('; ')`,
        holds: (config) => Object.values(config).every(isExact),
        says: (config) =>
          Object.entries(config)
            .filter(([, it]) => !isExact(it))
            .map(
              ([name]) =>
                `${name} is a number beyond ${LARGEST}, which JSON does not carry exactly; write it as text, in quotation marks`,
            )
            .join('; '),
      },
    ] as Rule<Config>[]
  ).map((rule): Rule<Config> => ({ ...rule, untyped: true }));
