/** Formats the values that an expectation saw as CEL literals: "text", 42, 0.5, [1, 2], {id: "a"}. */
import type { Use } from './tree.ts';

/** `use` selects the fields to show. Without it all are shown. */
export function formatValue(value: unknown, use?: Use): string {
  if (value instanceof Map) return formatValue(Object.fromEntries(value), use);
  if (Array.isArray(value)) return `[${value.map((item) => formatValue(item, use)).join(', ')}]`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const fields = use === undefined || use.whole || use.fields.size === 0 ? undefined : use.fields;
  return `{${Object.entries(value)
    .filter(([field]) => fields === undefined || fields.has(field))
    .map(([field, inner]) => `${field}: ${formatValue(inner, fields?.get(field))}`)
    .join(', ')}}`;
}

/** Formats a value in about `most` characters. A long list shows its first elements and its size. */
export function formatBriefly(value: unknown, use: Use, most: number): string {
  const whole = formatValue(value, use);
  if (whole.length <= most) return whole;
  if (!Array.isArray(value)) return shortened(whole, most);
  const shown: string[] = [];
  let length = 0;
  for (const item of value) {
    const text = shortened(formatValue(item, use), most);
    if (shown.length > 0 && length + text.length > most) break;
    length += text.length + 2;
    shown.push(text);
  }
  return `[${shown.join(', ')}, … (${value.length} in all)]`;
}

/** Cuts a text to at most `most` characters. */
export const shortened = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1)}…`;
