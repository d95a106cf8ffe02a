/** Values that an expectation saw, as CEL writes them: "text", 42, 0.5, [1, 2], {id: "a"}. Pure. */
import type { Use } from './tree.ts';

/** `use`: what of it is told; without one, all. */
export function told(value: unknown, use?: Use): string {
  if (value instanceof Map) return told(Object.fromEntries(value), use);
  if (Array.isArray(value)) return `[${value.map((item) => told(item, use)).join(', ')}]`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const fields = use === undefined || use.whole || use.fields.size === 0 ? undefined : use.fields;
  return `{${Object.entries(value)
    .filter(([field]) => fields === undefined || fields.has(field))
    .map(([field, inner]) => `${field}: ${told(inner, fields?.get(field))}`)
    .join(', ')}}`;
}

/** In about so many characters: of a list as many elements as there is room for, and how many there are. */
export function toldBriefly(value: unknown, use: Use, most: number): string {
  const all = told(value, use);
  if (all.length <= most) return all;
  if (!Array.isArray(value)) return shortened(all, most);
  const shown: string[] = [];
  let length = 0;
  for (const item of value) {
    const text = shortened(told(item, use), most);
    if (shown.length > 0 && length + text.length > most) break;
    length += text.length + 2;
    shown.push(text);
  }
  return `[${shown.join(', ')}, … (${value.length} in all)]`;
}

/** At most so many characters. */
export const shortened = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1)}…`;
