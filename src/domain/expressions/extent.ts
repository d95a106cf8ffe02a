/** How much the values at one place hold: the statuses of a Lab may have lists of 50,000 elements. */

/** Upper bounds over all values that one place of an expression may have. */
export interface Extent {
  /** Elements of the longest list, or entries of the largest object. */
  most: number;
  /** Elements of all lists together; Infinity: not known. */
  sum: number;
  /** Characters of the longest text. */
  characters: number;
  /** Elements, entries and long texts at any depth of the largest value. */
  whole(): number;
  /** What the lists and objects contain. */
  inner(): Extent;
  field(name: string): Extent;
  /** Whether each value has the field. */
  has(name: string): boolean;
  /** Whether each value is a list with an element at this index. */
  reaches(index: number): boolean;
}

/** Characters of a text that count as one element. */
const CHARACTERS_PER_ELEMENT = 20;

/** The elements that a text counts as. */
export const asElements = (characters: number): number => Math.floor(characters / CHARACTERS_PER_ELEMENT);

/** The extent of these plain JSON values. Its parts are computed on first use. */
export function extentOf(values: readonly unknown[]): Extent {
  const sizes = values.map((value) => (Array.isArray(value) ? value.length : entriesOf(value).length));
  const having = perKey((name: string) => values.filter((value) => isObject(value) && Object.hasOwn(value, name)));
  const shortest = once(() =>
    values.reduce<number>((least, value) => Math.min(least, Array.isArray(value) ? value.length : 0), Infinity),
  );
  return {
    most: largest(sizes),
    sum: sizes.reduce((sum, size) => sum + size, 0),
    characters: largest(values.map((value) => (typeof value === 'string' ? value.length : 0))),
    whole: once(() => largest(values.map(wholeOf))),
    inner: once(() => extentOf(values.flatMap(partsOf))),
    field: perKey((name) => extentOf(having(name).map((value) => (value as Entries)[name]))),
    has: (name) => values.length > 0 && having(name).length === values.length,
    reaches: (index) => values.length > 0 && index >= 0 && index < shortest(),
  };
}

/** A number, true or false, or a text of at most this many characters. */
export function single(characters = 0): Extent {
  const extent: Extent = {
    most: 0,
    sum: 0,
    characters,
    whole: () => 1 + asElements(characters),
    inner: () => extent,
    field: () => extent,
    has: () => false,
    reaches: () => false,
  };
  return extent;
}

/** A list or an object that the expression makes, with at most `most` of these. */
export const listOf = (most: number, inner: Extent): Extent => ({
  ...single(),
  most,
  sum: Infinity,
  whole: () => 1 + times(most, Math.max(1, inner.whole())),
  inner: () => inner,
  field: () => inner,
});

/** Anything that can be made from this many elements. */
export function anything(elements: number): Extent {
  const extent: Extent = {
    ...single(times(elements, CHARACTERS_PER_ELEMENT)),
    most: elements,
    sum: Infinity,
    whole: () => elements,
    inner: () => extent,
    field: () => extent,
  };
  return extent;
}

/** The value is one of these two. An expression may double a value many times, so each part is computed once. */
export const either = (one: Extent, other: Extent): Extent => ({
  most: Math.max(one.most, other.most),
  sum: Infinity,
  characters: Math.max(one.characters, other.characters),
  whole: once(() => Math.max(one.whole(), other.whole())),
  inner: once(() => either(one.inner(), other.inner())),
  field: perKey((name) => either(one.field(name), other.field(name))),
  has: perKey((name) => one.has(name) && other.has(name)),
  reaches: perKey((index) => one.reaches(index) && other.reaches(index)),
});

/** Two lists or two texts, one after the other. */
export const joined = (one: Extent, other: Extent): Extent => ({
  ...either(one, other),
  most: one.most + other.most,
  characters: one.characters + other.characters,
  whole: once(() => one.whole() + other.whole()),
});

/** A product in which 0 times an unknown number is 0. */
export const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b);

type Entries = Record<string, unknown>;

const isObject = (value: unknown): value is Entries =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const entriesOf = (value: unknown): [string, unknown][] => (isObject(value) ? Object.entries(value) : []);

/** The elements of a list; the keys and values of an object. */
const partsOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : entriesOf(value).flat());

function wholeOf(value: unknown): number {
  if (typeof value === 'string') return 1 + asElements(value.length);
  return partsOf(value).reduce<number>((sum, part) => sum + wholeOf(part), 1);
}

const largest = (numbers: readonly number[]): number => numbers.reduce((most, one) => Math.max(most, one), 0);

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** A function whose results are kept. */
function perKey<K, T>(make: (key: K) => T): (key: K) => T {
  const kept = new Map<K, () => T>();
  return (key) => {
    const known = kept.get(key) ?? once(() => make(key));
    kept.set(key, known);
    return known();
  };
}
