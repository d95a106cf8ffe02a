/** zod schema → CustomResourceDefinition with a structural schema. Throws where the API server would refuse or reinterpret it. */
import { z } from 'zod';

export interface CrdNames {
  group: string;
  version: string;
  kind: string;
  plural: string;
  shortNames: string[];
}

export interface PrinterColumn {
  name: string;
  type: 'string' | 'integer' | 'number' | 'date';
  jsonPath: string;
  description: string;
  /** 0 (default): shown always. 1: shown with -o wide. */
  priority?: number;
}

export interface Crd extends CrdNames {
  /** Description of the kind for `kubectl explain`. */
  description: string;
  spec: z.ZodType;
  status: z.ZodType;
  columns: PrinterColumn[];
  scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath: string };
  /** Rules over metadata and the object as a whole. */
  rules?: { rule: string; message: string; messageExpression?: string }[];
}

type Json = Record<string, unknown>;

/** Keywords of a structural schema, besides those for nested schemas. */
const KEPT = new Set([
  'type',
  'description',
  'default',
  'format',
  'enum',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'required',
  'nullable',
  'x-kubernetes-validations',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
]);
/** An embedded object of another kind, checked by the schema of that kind; or a value of several types. */
const PRESERVED = 'x-kubernetes-preserve-unknown-fields';
const TYPES = new Set(['object', 'array', 'string', 'integer', 'number', 'boolean']);

/**
 * JSON schema of one field, from zod → structural schema.
 * @throws Error naming the path, if the schema is not structural or lacks a bound.
 */
export function structural(schema: Json, path: string): Json {
  const fail = (what: string): never => {
    throw new Error(`${path}: ${what}`);
  };
  if (schema['x-kubernetes-int-or-string'] === true) {
    const { anyOf: _, ...rest } = schema; // the marker itself stands for both types
    if (rest.maxLength === undefined) fail('needs maxLength for its text');
    return rest;
  }
  if (schema[PRESERVED] === true) {
    // Several types make an untyped value; the admission policy checks it.
    const type = 'anyOf' in schema ? undefined : 'object';
    return withoutAbsent({ type, description: schema.description, [PRESERVED]: true });
  }
  for (const word of ['anyOf', 'oneOf', 'allOf', 'not', '$ref', 'patternProperties', 'propertyNames', 'const']) {
    if (word in schema) fail(`${word} is not structural; write optional fields and a CEL rule`);
  }
  const { properties, items, additionalProperties, ...rest } = schema;
  const type = rest.type;
  if (typeof type !== 'string' || !TYPES.has(type)) fail(`has type ${type}; write one of ${[...TYPES].join(', ')}`);
  const result: Json = {};
  for (const [word, value] of Object.entries(rest)) {
    if (!KEPT.has(word)) fail(`${word} is not a keyword of structural schemas`);
    result[word] = value;
  }
  if (type === 'integer') {
    result.format = 'int64';
    // zod adds the bounds of a double to every integer.
    if (result.minimum === Number.MIN_SAFE_INTEGER) delete result.minimum;
    if (result.maximum === Number.MAX_SAFE_INTEGER) delete result.maximum;
  }
  if (type === 'number') {
    for (const bound of [result.minimum, result.maximum]) {
      // The API server rounds the bound down for values without a fraction: 0 passes a minimum of 0.001.
      if (bound !== undefined && !Number.isInteger(bound)) fail(`has the fractional bound ${bound}; write a CEL rule`);
    }
  }
  if (type === 'string') {
    // The API server checks the format, so zod's long pattern for dates is not needed.
    if (result.format === 'date-time') delete result.pattern;
    else if (result.enum === undefined && result.maxLength === undefined)
      fail('needs maxLength, without which the cost of its rules has no bound');
  }
  if (type === 'array') {
    if (result.maxItems === undefined) fail('needs maxItems');
    if (!isSchema(items)) return fail('needs one schema for its items');
    result.items = structural(items, `${path}[]`);
    result['x-kubernetes-list-type'] ??= 'atomic';
  }
  if (type === 'object') {
    if (properties !== undefined && isSchema(additionalProperties))
      fail('has both fields and free keys; write one of the two');
    if (isSchema(additionalProperties)) {
      if (result.maxProperties === undefined) fail('needs maxProperties');
      result.additionalProperties = structural(additionalProperties, `${path}{}`);
      result['x-kubernetes-map-type'] = 'atomic';
    } else {
      if (additionalProperties !== false)
        fail('is not structural; write a strictObject, or a record with a schema for its values');
      result.properties = Object.fromEntries(
        Object.entries((properties ?? {}) as Record<string, Json>).map(([name, child]) => [
          name,
          structural(child, `${path}.${name}`),
        ]),
      );
    }
  }
  return withoutAbsent(result);
}

const isSchema = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const withoutAbsent = (object: Json): Json =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

/** @throws Error naming the path of a field without a description. */
function requireDescriptions(schema: Json, path: string, inItems = false): void {
  if (!inItems && typeof schema.description !== 'string') throw new Error(`${path}: has no description`);
  for (const [name, child] of Object.entries((schema.properties ?? {}) as Record<string, Json>)) {
    requireDescriptions(child, `${path}.${name}`, isPlain(child, name));
  }
  if (isSchema(schema.items)) requireDescriptions(schema.items, `${path}[]`, true);
}
/** A `partition` is a partition number everywhere, and needs no description. */
const isPlain = (schema: Json, name: string): boolean => name === 'partition' && schema.type === 'integer';

/** Structural schema of a spec or status. @throws Error naming the path of a field that cannot be expressed. */
export function openApiSchema(schema: z.ZodType, path: string): Json {
  const json = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }) as Json;
  const result = structural(json, path);
  requireDescriptions(result, path);
  return result;
}

/** The CustomResourceDefinition as plain data. @throws Error naming the path of a field that cannot be expressed. */
export function customResourceDefinition(crd: Crd): Json {
  const name = `${crd.plural}.${crd.group}`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name },
    spec: {
      group: crd.group,
      scope: 'Namespaced',
      names: {
        kind: crd.kind,
        listKind: `${crd.kind}List`,
        plural: crd.plural,
        singular: crd.kind.toLowerCase(),
        shortNames: crd.shortNames,
        categories: ['kafkalab'],
      },
      versions: [
        {
          name: crd.version,
          served: true,
          storage: true,
          subresources: { status: {}, ...(crd.scale ? { scale: crd.scale } : {}) },
          additionalPrinterColumns: crd.columns,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: crd.description,
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string', description: `API version: ${crd.group}/${crd.version}.` },
                kind: { type: 'string', description: `Kind: ${crd.kind}.` },
                metadata: { type: 'object' },
                spec: openApiSchema(crd.spec, `${crd.kind}.spec`),
                status: openApiSchema(crd.status, `${crd.kind}.status`),
              },
              ...(crd.rules ? { 'x-kubernetes-validations': crd.rules } : {}),
            },
          },
        },
      ],
    },
  };
}
