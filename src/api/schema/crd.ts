/** zod schema → CustomResourceDefinition with a structural schema; whatever the API server would not take as it is meant throws. */
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
  /** 0 (default): always shown; 1: with -o wide. */
  priority?: number;
}

export interface Crd extends CrdNames {
  /** Of the kind, for `kubectl explain`. */
  description: string;
  spec: z.ZodType;
  status: z.ZodType;
  columns: PrinterColumn[];
  scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath: string };
  /** Rules over metadata and the whole object. */
  rules?: { rule: string; message: string; messageExpression?: string }[];
}

type Json = Record<string, unknown>;

/** What a structural schema may hold besides the nested schemas. */
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
/** An object of another kind within: judged by that kind's schema, not here. */
const PRESERVED = 'x-kubernetes-preserve-unknown-fields';
const TYPES = new Set(['object', 'array', 'string', 'integer', 'number', 'boolean']);

/**
 * zod's JSON schema of one field → structural schema.
 * @throws Error naming the path, for anything that is not structural or has no bound or text.
 */
export function structural(schema: Json, path: string): Json {
  const fail = (what: string): never => {
    throw new Error(`${path}: ${what}`);
  };
  if (schema['x-kubernetes-int-or-string'] === true) {
    const { anyOf: _, ...rest } = schema; // the mark itself says that it is one of the two
    if (rest.maxLength === undefined) fail('needs a longest length for its text');
    return rest;
  }
  if (schema[PRESERVED] === true) return { type: 'object', description: schema.description, [PRESERVED]: true };
  for (const word of ['anyOf', 'oneOf', 'allOf', 'not', '$ref', 'patternProperties', 'propertyNames', 'const']) {
    if (word in schema) fail(`${word} is not structural: write optional fields beside each other and a CEL rule`);
  }
  const { properties, items, additionalProperties, ...rest } = schema;
  const type = rest.type;
  if (typeof type !== 'string' || !TYPES.has(type))
    fail(`needs one of the types ${[...TYPES].join(', ')}, not ${type}`);
  const result: Json = {};
  for (const [word, value] of Object.entries(rest)) {
    if (!KEPT.has(word)) fail(`${word} is unknown to structural schemas`);
    result[word] = value;
  }
  if (type === 'integer') {
    result.format = 'int64';
    // The bounds of a double are no bounds of the field.
    if (result.minimum === Number.MIN_SAFE_INTEGER) delete result.minimum;
    if (result.maximum === Number.MAX_SAFE_INTEGER) delete result.maximum;
  }
  if (type === 'number') {
    for (const bound of [result.minimum, result.maximum]) {
      // The API server rounds the bound down where the value is written as a whole number: 0 passes a minimum of 0.001.
      if (bound !== undefined && !Number.isInteger(bound)) fail(`can’t have the bound ${bound}: write a CEL rule`);
    }
  }
  if (type === 'string') {
    // zod's pattern for dates is no RE2 to be proud of; the API server checks the format.
    if (result.format === 'date-time') delete result.pattern;
    else if (result.enum === undefined && result.maxLength === undefined)
      fail('needs a longest length: rules over it have no bounded cost without');
  }
  if (type === 'array') {
    if (result.maxItems === undefined) fail('needs a highest number of items');
    if (!isSchema(items)) return fail('needs items of one schema');
    result.items = structural(items, `${path}[]`);
    result['x-kubernetes-list-type'] ??= 'atomic';
  }
  if (type === 'object') {
    if (properties !== undefined && isSchema(additionalProperties))
      fail('has fields and free keys: only one of both is structural');
    if (isSchema(additionalProperties)) {
      if (result.maxProperties === undefined) fail('needs a highest number of keys');
      result.additionalProperties = structural(additionalProperties, `${path}{}`);
      result['x-kubernetes-map-type'] = 'atomic';
    } else {
      if (additionalProperties !== false) fail('has to be a strictObject or a record with a schema for its values');
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

/** Every field of a spec or status says what it is. */
function requireDescriptions(schema: Json, path: string, inItems = false): void {
  if (!inItems && typeof schema.description !== 'string') throw new Error(`${path}: has no description`);
  for (const [name, child] of Object.entries((schema.properties ?? {}) as Record<string, Json>)) {
    requireDescriptions(child, `${path}.${name}`, isPlain(child, name));
  }
  if (isSchema(schema.items)) requireDescriptions(schema.items, `${path}[]`, true);
}
/** `partition` says it all by itself. */
const isPlain = (schema: Json, name: string): boolean => name === 'partition' && schema.type === 'integer';

/** @throws Error naming the path of the field that can't be expressed. */
export function openApiSchema(schema: z.ZodType, path: string): Json {
  const json = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }) as Json;
  const result = structural(json, path);
  requireDescriptions(result, path);
  return result;
}

/** The CustomResourceDefinition, as plain data. @throws Error naming the field that can't be expressed. */
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
                apiVersion: { type: 'string', description: `${crd.group}/${crd.version}.` },
                kind: { type: 'string', description: `${crd.kind}.` },
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
