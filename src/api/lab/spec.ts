/** spec of a Lab. */
import { z } from 'zod';
import { celFormat, field, sentences, text } from '../schema/schema.ts';
import { resource } from './resources.ts';
import { step } from './steps.ts';

/** Bounds of the script. They keep the status, which lists each expectation, under the size limit of an object. */
export const MOST_STEPS = 50;
const MOST_EXPECTATIONS = 100;

const AFTERWARDS = sentences(
  'What happens to running LoadTests once the Lab has ended.',
  'Suspend: their clients are removed; topics and figures stay until the Lab is deleted.',
  'Keep: they continue.',
  'Default Suspend. Immutable once the Lab has started.',
);

export const spec = field(
  z.strictObject({
    title: field(text(200), 'Title of the lab.').exactOptional(),
    description: field(text(10_000), 'Purpose of the lab, for people.').exactOptional(),
    resources: field(
      z.array(resource).max(50).default([]),
      'LoadTests and ConsumerScales that steps apply. Immutable once the Lab has started.',
    ),
    steps: field(
      z.array(step).min(1).max(MOST_STEPS),
      'Steps of the lab, in order. Immutable once the Lab has started.',
      {
        cel: `self.map(it, has(it.expect) ? it.expect.size() : 0).sum() <= ${MOST_EXPECTATIONS}`,
        message: `there are more than ${MOST_EXPECTATIONS} expectations; write fewer, or several Labs`,
        messageCel: celFormat(
          `there are %d expectations; write at most ${MOST_EXPECTATIONS}, or several Labs`,
          'self.map(it, has(it.expect) ? it.expect.size() : 0).sum()',
        ),
        holds: (steps) => steps.reduce((sum, it) => sum + it.expect.length, 0) <= MOST_EXPECTATIONS,
      },
    ),
    afterwards: field(z.enum(['Suspend', 'Keep']).default('Suspend'), AFTERWARDS),
  }),
  'Script of the lab.',
);

/** The spec as people write it: fields with a default are optional. */
export type LabInput = z.input<typeof spec>;
/** The spec as the API server returns it, with defaults. */
export type LabSpec = z.output<typeof spec>;
