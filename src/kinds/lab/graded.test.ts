/** The graded labs of manifests/labs/graded pass the checks that the API server cannot do. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { type Lab, labSchema } from '../../api/lab/lab.ts';
import { refusals } from './refusals.ts';
import { expressionsCache } from './variables.ts';

const FOLDER = join(import.meta.dirname, '../../../manifests/labs/graded');

const labIn = (file: string): Lab => {
  const documents = loadAll(readFileSync(join(FOLDER, file), 'utf8')) as Lab[];
  const labs = documents.filter(({ kind }) => kind === 'Lab');
  expect(labs).toHaveLength(1);
  return labs[0] as Lab;
};

const expressionsOf = expressionsCache();

describe.each(readdirSync(FOLDER))('%s', (file) => {
  const { metadata, spec } = labIn(file);

  test('has no refusals', () => {
    expect(refusals(metadata.name, labSchema.spec.parse(spec), expressionsOf)).toEqual([]);
  });

  test('has a title, and expectations about every resource', () => {
    expect(spec.title).toBeDefined();
    const text = JSON.stringify(spec.steps);
    for (const resource of spec.resources) expect(text).toContain(`"name":"${resource.metadata.name}"`);
    expect(spec.steps.flatMap((step) => step.expect ?? []).length).toBeGreaterThan(2);
  });

  test('is refused with a misspelt expectation anywhere', () => {
    const parsed = labSchema.spec.parse(spec);
    for (const [index, step] of parsed.steps.entries()) {
      for (const [n, { that }] of step.expect.entries()) {
        const wrong = {
          ...step,
          expect: step.expect.with(n, {
            ...(step.expect[n] as (typeof step.expect)[number]),
            that: `${that} && nothing.total == 1`,
          }),
        };
        const [said = ''] = refusals(
          metadata.name,
          { ...parsed, steps: parsed.steps.with(index, wrong) },
          expressionsOf,
        );
        expect(said).toContain(`steps[${index}] (${step.name}).expect[${n}].that: there is no variable nothing`);
      }
    }
  });
});
