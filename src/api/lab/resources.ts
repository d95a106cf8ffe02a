/** spec.resources of a Lab: the LoadTests and ConsumerScales that its steps apply. */
import { z } from 'zod';
import { celText, field, type Rule, sentences, text } from '../schema/schema.ts';
import { GROUP_VERSION } from '../sharedStatus.ts';

export const resourceName = (description: string) =>
  field(text(63), description, {
    cel: "self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    message: 'is not a name; write lower-case letters, digits and hyphens, starting with a letter, e.g. round',
    holds: (value) => /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(value),
  });

/** Part of another kind. The plan of a Lab checks it by the schema of that kind. */
export const embedded = (description: string) =>
  field(z.record(z.string(), z.unknown()).meta({ 'x-kubernetes-preserve-unknown-fields': true }), description);

const NOTE_NAME =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*[/])?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** Labels or annotations. Kubernetes' own rules apply here, so that a step does not fail by them later. */
const notes = (description: string, longest: number, ...rules: Rule<Record<string, string>>[]) =>
  field(
    z.record(z.string(), text(longest)).meta({ maxProperties: 50 }),
    description,
    {
      cel: `self.all(name, name.matches(${celText(NOTE_NAME.source)}))`,
      message: 'has a name that Kubernetes does not allow; write e.g. team or example.com/team',
      holds: (value) => Object.keys(value).every((name) => NOTE_NAME.test(name)),
    },
    ...rules,
  );

export const LAB_RESOURCES = ['LoadTest', 'ConsumerScale'] as const;

const SPEC = sentences(
  'Spec of the resource: see kubectl explain loadtest.spec and kubectl explain consumerscale.spec.',
  'Omit consumers.replicas in a LoadTest that a ConsumerScale of this Lab scales: it starts with 1.',
);

export const resource = field(
  z.strictObject({
    apiVersion: field(z.enum([GROUP_VERSION]), `API version of the resource: ${GROUP_VERSION}.`),
    kind: field(z.enum(LAB_RESOURCES), 'Kind of the resource: LoadTest or ConsumerScale.'),
    metadata: field(
      z.strictObject({
        name: resourceName('Name of the resource, in the steps and in the cluster.'),
        labels: notes('Labels, in addition to those that name the Lab.', 63, {
          cel: `self.all(name, self[name].matches(${celText(LABEL_VALUE.source)}))`,
          message:
            'has a value that Kubernetes does not allow; write at most 63 letters, digits, hyphens, underscores and dots, e.g. blue-team',
          holds: (value) => Object.values(value).every((one) => LABEL_VALUE.test(one)),
        }).exactOptional(),
        annotations: notes('Annotations.', 1_000).exactOptional(),
      }),
      'Name, labels and annotations. The namespace is that of the Lab.',
    ),
    spec: embedded(SPEC),
  }),
  'One LoadTest or ConsumerScale. A step creates it, and it is deleted with the Lab.',
);

export type LabResource = z.output<typeof resource>;
