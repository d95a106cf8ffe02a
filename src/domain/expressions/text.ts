/** Formats the values that an expectation saw as CEL literals: "text", 42, 0.5, [1, 2], {id: "a"}. */
import type { Use } from './tree.ts';

/** `use` selects the fields to show. Without it all are shown. */
export const formatValue = (value: unknown, use?: Use): string => [...pieces(value, use)].join('');

/** The text of a value, piece by piece: it may be much longer than what is shown of it. */
function* pieces(value: unknown, use?: Use): Generator<string> {
  if (value instanceof Map) {
    yield* pieces(Object.fromEntries(value), use);
  } else if (Array.isArray(value)) {
    yield '[';
    for (const [index, item] of value.entries()) {
      if (index > 0) yield ', ';
      yield* pieces(item, use);
    }
    yield ']';
  } else if (typeof value === 'string') {
    yield JSON.stringify(value);
  } else if (typeof value !== 'object' || value === null) {
    yield String(value);
  } else {
    const fields = use === undefined || use.whole || use.fields.size === 0 ? undefined : use.fields;
    const shown = Object.entries(value).filter(([field]) => fields === undefined || fields.has(field));
    yield '{';
    for (const [index, [field, inner]] of shown.entries()) {
      yield index > 0 ? `, ${field}: ` : `${field}: `;
      yield* pieces(inner, fields?.get(field));
    }
    yield '}';
  }
}

/** The text of a value, ended at the first piece that exceeds `most` characters. */
function beginningOf(value: unknown, use: Use, most: number): string {
  let text = '';
  for (const piece of pieces(value, use)) {
    text += piece;
    if (text.length > most) break;
  }
  return text;
}

/** Formats a value in about `most` characters. A long list shows its first elements and its size. */
export function formatBriefly(value: unknown, use: Use, most: number): string {
  const whole = beginningOf(value, use, most);
  if (whole.length <= most) return whole;
  if (!Array.isArray(value)) return shortened(whole, most);
  const shown: string[] = [];
  let length = 0;
  for (const item of value) {
    const text = shortened(beginningOf(item, use, most), most);
    if (shown.length > 0 && length + text.length > most) break;
    length += text.length + 2;
    shown.push(text);
  }
  return `[${shown.join(', ')}, … (${value.length} in all)]`;
}

/** Cuts a text to at most `most` characters. */
export const shortened = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1)}…`;
