/** spec.resources of a Lab: the LoadTests and ConsumerScales that its steps apply. */
import { z } from 'zod';
import { celText, field, type Rule, text } from '../schema/schema.ts';
import { GROUP_VERSION } from '../sharedStatus.ts';

export const resourceName = (description: string) =>
  field(text(63), description, {
    cel: "self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    message: 'write a name of small letters, digits and hyphens that begins with a letter, e.g. round',
    holds: (value) => /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(value),
  });

/** Of another kind: its own schema judges it, when the lab is first looked at. */
export const embedded = (description: string) =>
  field(z.record(z.string(), z.unknown()).meta({ 'x-kubernetes-preserve-unknown-fields': true }), description);

const NOTE_NAME =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*[/])?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** As Kubernetes has labels and annotations: what it would refuse when the step applies the resource is refused now. */
const notes = (description: string, longest: number, ...rules: Rule<Record<string, string>>[]) =>
  field(
    z.record(z.string(), text(longest)).meta({ maxProperties: 50 }),
    description,
    {
      cel: `self.all(name, name.matches(${celText(NOTE_NAME.source)}))`,
      message: 'write names as Kubernetes has them, e.g. team or example.com/team',
      holds: (value) => Object.keys(value).every((name) => NOTE_NAME.test(name)),
    },
    ...rules,
  );

export const LAB_RESOURCES = ['LoadTest', 'ConsumerScale'] as const;

export const resource = field(
  z.strictObject({
    apiVersion: field(z.enum([GROUP_VERSION]), `${GROUP_VERSION}.`),
    kind: field(z.enum(LAB_RESOURCES), 'LoadTest or ConsumerScale.'),
    metadata: field(
      z.strictObject({
        name: resourceName('Name that the steps use, and that it has in the cluster.'),
        labels: notes('Labels, besides those that name the Lab.', 63, {
          cel: `self.all(name, self[name].matches(${celText(LABEL_VALUE.source)}))`,
          message: 'write values of at most 63 letters, digits, hyphens, underscores and dots, e.g. blue-team',
          holds: (value) => Object.values(value).every((one) => LABEL_VALUE.test(one)),
        }).exactOptional(),
        annotations: notes('Annotations.', 1_000).exactOptional(),
      }),
      'Name, labels and annotations; the namespace is the Lab’s.',
    ),
    spec: embedded(
      'As in a manifest of that kind: kubectl explain loadtest.spec, kubectl explain consumerscale.spec. The consumers.replicas of a LoadTest that a ConsumerScale of this Lab scales are left out: it begins with 1.',
    ),
  }),
  'One LoadTest or ConsumerScale, made when a step applies it and deleted with the Lab.',
);

export type LabResource = z.output<typeof resource>;
