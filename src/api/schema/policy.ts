/**
 * The ValidatingAdmissionPolicy of one kind. It checks the rules over values that a CRD cannot type (text or numbers or
 * booleans). Its one message has the sentences of all rules that do not hold.
 */
import { celText, type Rule } from './schema.ts';

export interface PolicyPart {
  /** CEL: the value that the rules call `self`. */
  self: string;
  /** CEL: whether the value is there. Absent: always. */
  when?: string;
  /** CEL rules that must hold before the others can be evaluated: the types of the values. */
  types: readonly Rule<never>[];
  rules: readonly Rule<never>[];
}

export interface Policy {
  name: string;
  group: string;
  plural: string;
  parts: readonly PolicyPart[];
  /** Rules over changes, with `self` and `oldSelf` for the new and the old spec. */
  changes: readonly Rule<unknown>[];
}

/** Characters of the message. The API server drops a message of more than 5 KiB. */
const LONGEST_MESSAGE = 3_000;

/** CEL: a list with the sentence of each rule that does not hold. */
const problemsOf = (rules: readonly Rule<never>[]): string =>
  rules.length === 0
    ? "[''].filter(it, it != '')"
    : `[${rules.map(({ cel, message, messageCel }) => `(${cel}) ? '' : (${messageCel ?? celText(message)})`).join(', ')}].filter(it, it != '')`;

const within = ({ self, when = 'true' }: PolicyPart, rules: readonly Rule<never>[]): string =>
  `${when} ? [${self}].map(self, ${problemsOf(rules)})[0] : ${problemsOf([])}`;

/** The policy and its binding, as plain data. */
export function admissionPolicy({ name, group, plural, parts, changes }: Policy): Record<string, unknown>[] {
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const typed = parts.map((part, n) => ({ name: `types${n}`, expression: within(part, part.types) }));
  const allTypes = typed.map((variable) => `variables.${variable.name}`).join(' + ');
  const checked = parts.map((part, n) => ({ name: `rules${n}`, expression: within(part, part.rules) }));
  const allRules = checked.map((variable) => `variables.${variable.name}`).join(' + ');
  const policy = {
    apiVersion,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          { apiGroups: [group], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: [plural] },
        ],
      },
      matchConditions: [{ name: 'spec-changes', expression: 'oldObject == null || object.spec != oldObject.spec' }],
      variables: [
        ...typed,
        ...checked,
        { name: 'types', expression: allTypes },
        { name: 'problems', expression: `variables.types.size() > 0 ? variables.types : ${allRules}` },
        { name: 'message', expression: "variables.problems.join('; ')" },
      ],
      validations: [
        {
          expression: 'variables.problems.size() == 0',
          message: 'spec has settings that cannot work; kubectl explain lists them',
          messageExpression: `variables.message.size() > ${LONGEST_MESSAGE} ? variables.message.substring(0, ${LONGEST_MESSAGE}) + ' …' : variables.message`,
        },
        ...changes.map(({ cel, message, messageCel }) => {
          const bound = (expression: string) =>
            `[object.spec].map(self, [oldObject.spec].map(oldSelf, ${expression})[0])[0]`;
          return {
            expression: `oldObject == null || ${bound(cel)}`,
            message,
            ...(messageCel === undefined ? {} : { messageExpression: bound(messageCel) }),
          };
        }),
      ],
    },
  };
  const binding = {
    apiVersion,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name },
    spec: { policyName: name, validationActions: ['Deny'] },
  };
  return [policy, binding];
}
