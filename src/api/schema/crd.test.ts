import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { customResourceDefinition, openApiSchema, structural } from './crd.ts';
import { CRDS } from './crds.ts';
import { count, duration, field, text } from './schema.ts';

const said = 'What it is.';
const object = (fields: z.ZodRawShape) => field(z.strictObject(fields), said);

test('whole numbers keep their own bounds and lose those of a double', () => {
  expect(openApiSchema(object({ n: field(z.int().min(0), said) }), 'X').properties).toEqual({
    n: { type: 'integer', format: 'int64', minimum: 0, description: said },
  });
});

test('a field with a default is not required', () => {
  const schema = openApiSchema(object({ a: field(count(0, 9).default(1), said), b: field(count(0, 9), said) }), 'X');
  expect(schema.required).toEqual(['b']);
});

test('rules stand beside their field, with the message that says what to write', () => {
  const schema = openApiSchema(object({ d: duration(said) }), 'X') as { properties: { d: Record<string, unknown> } };
  expect(schema.properties.d['x-kubernetes-validations']).toEqual(
    expect.arrayContaining([expect.objectContaining({ message: expect.stringContaining('500ms, 60s, 5m') })]),
  );
});

test('numbers or words become int-or-string, without types inside', () => {
  const either = z.union([z.int(), text(16)]).meta({ 'x-kubernetes-int-or-string': true, maxLength: 16 });
  expect(openApiSchema(object({ c: field(either, said) }), 'X').properties).toEqual({
    c: { 'x-kubernetes-int-or-string': true, maxLength: 16, description: said },
  });
});

test.each([
  ['a union', object({ c: field(z.union([z.int(), z.boolean()]), said) }), /X\.c: anyOf is not structural/],
  ['anything', object({ c: field(z.any(), said) }), /X\.c: needs one of the types/],
  [
    'an object that lets unknown fields pass',
    object({ c: field(z.object({}), said) }),
    /X\.c: has to be a strictObject/,
  ],
  ['a text without a longest length', object({ c: field(z.string(), said) }), /X\.c: needs a longest length/],
  ['a list without an end', object({ c: field(z.array(z.int()), said) }), /X\.c: needs a highest number of items/],
  [
    'a map without an end',
    object({ c: field(z.record(z.string(), text(9)), said) }),
    /X\.c: needs a highest number of keys/,
  ],
  ['a fraction as bound', object({ c: field(z.number().min(0.5), said) }), /X\.c: can’t have the bound 0.5/],
  ['a field without a text', object({ c: z.int() }), /X\.c: has no description/],
])('%s fails the build, by name', (_, schema, why) => {
  expect(() => openApiSchema(schema, 'X')).toThrow(why);
});

test('a word that structural schemas do not have fails the build', () => {
  expect(() => structural({ type: 'string', maxLength: 3, contentEncoding: 'base64' }, 'X')).toThrow(
    'X: contentEncoding is unknown',
  );
});

test.each(CRDS.map((crd) => [crd.kind, crd] as const))('%s is one structural definition with status', (_, crd) => {
  const made = customResourceDefinition(crd) as {
    metadata: { name: string };
    spec: { versions: { subresources: object }[] };
  };
  expect(made.metadata.name).toBe(`${crd.plural}.kafkalab.dev`);
  expect(made.spec.versions[0]?.subresources).toHaveProperty('status');
});
