import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { customResourceDefinition, openApiSchema, structural } from './crd.ts';
import { CRDS } from './crds.ts';
import { count, duration, field, text } from './schema.ts';

const description = 'What it is.';
const object = (fields: z.ZodRawShape) => field(z.strictObject(fields), description);

test('whole numbers keep their own bounds and lose those of a double', () => {
  expect(openApiSchema(object({ n: field(z.int().min(0), description) }), 'X').properties).toEqual({
    n: { type: 'integer', format: 'int64', minimum: 0, description },
  });
});

test('a field with a default is not required', () => {
  const schema = openApiSchema(
    object({ a: field(count(0, 9).default(1), description), b: field(count(0, 9), description) }),
    'X',
  );
  expect(schema.required).toEqual(['b']);
});

test('rules belong to their field, with the message that says what to write', () => {
  const schema = openApiSchema(object({ d: duration(description) }), 'X') as {
    properties: { d: Record<string, unknown> };
  };
  expect(schema.properties.d['x-kubernetes-validations']).toEqual(
    expect.arrayContaining([expect.objectContaining({ message: expect.stringContaining('500ms, 60s, 5m') })]),
  );
});

test('numbers or words become int-or-string, without types inside', () => {
  const either = z.union([z.int(), text(16)]).meta({ 'x-kubernetes-int-or-string': true, maxLength: 16 });
  expect(openApiSchema(object({ c: field(either, description) }), 'X').properties).toEqual({
    c: { 'x-kubernetes-int-or-string': true, maxLength: 16, description },
  });
});

test.each([
  ['a union', object({ c: field(z.union([z.int(), z.boolean()]), description) }), /X\.c: anyOf is not structural/],
  ['anything', object({ c: field(z.any(), description) }), /X\.c: has type undefined; write one of object/],
  [
    'an object that lets unknown fields pass',
    object({ c: field(z.object({}), description) }),
    /X\.c: is not structural; write a strictObject/,
  ],
  ['a text without maxLength', object({ c: field(z.string(), description) }), /X\.c: needs maxLength/],
  ['a list without an end', object({ c: field(z.array(z.int()), description) }), /X\.c: needs maxItems/],
  [
    'a map without an end',
    object({ c: field(z.record(z.string(), text(9)), description) }),
    /X\.c: needs maxProperties/,
  ],
  ['a fraction as bound', object({ c: field(z.number().min(0.5), description) }), /X\.c: has the fractional bound 0.5/],
  ['a field without a description', object({ c: z.int() }), /X\.c: has no description/],
])('%s fails the build, by name', (_, schema, why) => {
  expect(() => openApiSchema(schema, 'X')).toThrow(why);
});

test('a keyword that structural schemas do not have fails the build', () => {
  expect(() => structural({ type: 'string', maxLength: 3, contentEncoding: 'base64' }, 'X')).toThrow(
    'X: contentEncoding is not a keyword of structural schemas',
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
