/** CEL types made from OpenAPI schemas, and the conversion of JSON values to these types. */
import type { Environment } from '@marcbachmann/cel-js';
import { formatValue } from './text.ts';

/** A structural OpenAPI schema, as crd.ts makes it from a zod schema. */
export type Schema = Record<string, unknown>;

/** Plain JSON by name. */
export type Values = Record<string, unknown>;

/** The value of a name; undefined: none. What every object inherits, such as constructor, does not count. */
export const ownValue = (values: Values, name: string): unknown =>
  Object.hasOwn(values, name) ? values[name] : undefined;

/** Each object schema becomes a CEL type, named after its path. */
export interface Types {
  /** CEL's name of the schema's type. Declares the types of objects on first use. */
  name(schema: Schema, path: string): string;
  /** Converts plain JSON for CEL: whole numbers become bigints, objects instances of their type. */
  convert(schema: Schema, value: unknown): unknown;
  /** Field names of an object type; undefined for other types. */
  fieldsOf(type: string): string[] | undefined;
}

type Message = new (raw: Values) => Values;

interface Registry {
  environment: Environment;
  classes: Map<Schema, Message>;
  fields: Map<string, string[]>;
  names: Map<Schema, string>;
}

export function typesIn(environment: Environment): Types {
  const registry: Registry = { environment, classes: new Map(), fields: new Map(), names: new Map() };
  return {
    name: (schema, path) => typeName(registry, schema, path),
    convert: (schema, value) => convert(registry, schema, value),
    fieldsOf: (type) => registry.fields.get(type),
  };
}

function typeName(registry: Registry, schema: Schema, path: string): string {
  switch (schema.type) {
    case 'integer':
      return 'int';
    case 'number':
      return 'double';
    case 'boolean':
      return 'bool';
    case 'string':
      return 'string';
    case 'array':
      return `list<${typeName(registry, schema.items as Schema, `${path}.item`)}>`;
    case 'object':
      return objectName(registry, schema, path.replaceAll(/[^\w.]/g, '_'));
    default:
      return 'dyn';
  }
}

function objectName(registry: Registry, schema: Schema, path: string): string {
  const properties = schema.properties as Record<string, Schema> | undefined;
  if (properties === undefined) return `map<string, ${typeName(registry, valueSchema(schema), `${path}.value`)}>`;
  const { environment, classes, fields, names } = registry;
  const known = names.get(schema);
  if (known !== undefined) return known;
  names.set(schema, path);
  const declared = Object.entries(properties).map(([field, child]) => [
    field,
    typeName(registry, child, `${path}.${field}`),
  ]);
  const type = messageOf(registry, properties);
  classes.set(schema, type);
  fields.set(path, Object.keys(properties));
  environment.registerType(path, { ctor: type, fields: Object.fromEntries(declared) as Record<string, string> });
  environment.registerOperator(`${path} == ${path}`, (a: unknown, b: unknown) => formatValue(a) === formatValue(b));
  return path;
}

/** A class whose instances hold the converted fields of a JSON object. */
function messageOf(registry: Registry, properties: Record<string, Schema>): Message {
  const type = class {
    constructor(raw: Values) {
      for (const [field, child] of Object.entries(properties)) {
        const value = ownValue(raw, field);
        if (value !== undefined) (this as Values)[field] = convert(registry, child, value);
      }
    }
  };
  return type as unknown as Message;
}

const valueSchema = (schema: Schema) => (schema.additionalProperties ?? {}) as Schema;

function convert(registry: Registry, schema: Schema, value: unknown): unknown {
  switch (schema.type) {
    case 'integer':
      return typeof value === 'number' ? BigInt(Math.trunc(value)) : value;
    case 'number':
      return typeof value === 'number' ? value : Number(value);
    case 'array':
      return Array.from(value as unknown[], (item) => convert(registry, schema.items as Schema, item));
    case 'object': {
      const type = registry.classes.get(schema);
      if (type !== undefined) return new type(value as Values);
      const entries = Object.entries(value as Values);
      return new Map(entries.map(([key, item]) => [key, convert(registry, valueSchema(schema), item)]));
    }
    default:
      return value;
  }
}
