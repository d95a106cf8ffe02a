/** spec of a Lab. */
import { z } from 'zod';
import { celFormat, field, text } from '../schema/schema.ts';
import { resource } from './resources.ts';
import { step } from './steps.ts';

/** Bounds that keep the status, which tells each expectation with what was seen, under its limit. */
export const MOST_STEPS = 50;
const MOST_EXPECTATIONS = 100;

export const spec = field(
  z.strictObject({
    title: field(text(200), 'What the lab is called.').exactOptional(),
    description: field(text(10_000), 'What is to be learned, for people.').exactOptional(),
    resources: field(
      z.array(resource).max(50).default([]),
      'LoadTests and ConsumerScales that steps apply. Can’t be changed once the Lab has begun.',
    ),
    steps: field(
      z.array(step).min(1).max(MOST_STEPS),
      'What happens, in order. Can’t be changed once the Lab has begun.',
      {
        cel: `self.map(it, has(it.expect) ? it.expect.size() : 0).sum() <= ${MOST_EXPECTATIONS}`,
        message: `there are more expectations than ${MOST_EXPECTATIONS}: write fewer, or several Labs`,
        messageCel: celFormat(
          `there are %d expectations: write at most ${MOST_EXPECTATIONS}, or several Labs`,
          'self.map(it, has(it.expect) ? it.expect.size() : 0).sum()',
        ),
        holds: (steps) => steps.reduce((sum, it) => sum + it.expect.length, 0) <= MOST_EXPECTATIONS,
      },
    ),
    afterwards: field(
      z.enum(['Suspend', 'Keep']).default('Suspend'),
      'What becomes of LoadTests that still run when the Lab has ended. Suspend: their clients are taken away; topics and figures stay until the Lab is deleted. Keep: they go on. Default Suspend.',
    ),
  }),
  'The script.',
);

/** What people write: defaults may be left out. */
export type LabInput = z.input<typeof spec>;
/** What the API server returns: defaults filled in. */
export type LabSpec = z.output<typeof spec>;
