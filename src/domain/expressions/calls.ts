/** What CEL's functions cost, in elements, and how large their results are. */
import { anything, asElements, type Extent, listOf, single, times } from './extent.ts';

/** One call of a function. */
export interface Call {
  /** Elements that it goes through. */
  cost: number;
  result: Extent;
  /** It may fail, and the library makes an error each time. */
  fails?: true;
}

/** `receiver` and `args`: of a function without a receiver, all are `args`. */
type Priced = (receiver: Extent, ...args: Extent[]) => Call;

/** A formatter of dates for a time zone is made in each call. */
const TIME_ZONE = 2_000;
/** Characters of a number as text. */
const LONGEST_NUMBER = 40;

const free = (result: Extent = single()): Call => ({ cost: 0, result });

/** Reads its text once. */
const reads =
  (result: (text: Extent) => Extent = () => single()): Priced =>
  (text) => ({ cost: asElements(text.characters), result: result(text) });

const converts: Priced = (text) => ({ cost: asElements(text.characters), result: single(), fails: true });

/** Compares its argument at each character of its text. */
const searches: Priced = (text, sought = single()) => ({
  cost: asElements(times(text.characters, Math.max(1, sought.characters))),
  result: single(),
});

const sameText = ({ characters }: Extent): Extent => single(characters);

const dates: Priced = (_date, ...zone) => (zone.length === 0 ? free() : { ...free(), cost: TIME_ZONE, fails: true });

const FUNCTIONS = new Map<string, Priced>(
  Object.entries({
    size: reads(),
    has: () => free(),
    dyn: (value) => free(value),
    type: () => free(),
    string: (value) => ({
      cost: asElements(value.characters),
      result: single(Math.max(LONGEST_NUMBER, value.characters)),
    }),
    bool: converts,
    int: converts,
    uint: converts,
    double: converts,
    timestamp: converts,
    // The library's pattern for durations starts anew at each character.
    duration: ({ characters }) => ({ cost: Math.ceil(characters ** 3 / 50), result: single(), fails: true }),
    bytes: reads(({ characters }) => single(3 * characters)),
    startsWith: reads(),
    endsWith: reads(),
    contains: searches,
    indexOf: (...all) => ({ ...searches(...all), fails: true }),
    lastIndexOf: (...all) => ({ ...searches(...all), fails: true }),
    substring: (text) => ({ ...reads(sameText)(text), fails: true }),
    trim: reads(sameText),
    lowerAscii: reads(({ characters }) => single(3 * characters)),
    upperAscii: reads(({ characters }) => single(3 * characters)),
    split: (text, separator = single()) => ({
      cost: searches(text, separator).cost + text.characters + 1,
      result: listOf(text.characters + 1, sameText(text)),
    }),
    join: (list, separator = single()) => {
      const characters = times(list.most, list.inner().characters + separator.characters);
      return { cost: list.most + asElements(characters), result: single(characters) };
    },
    at: () => ({ ...free(), fails: true }),
    hex: reads(({ characters }) => single(2 * characters)),
    base64: reads(({ characters }) => single(2 * characters + 4)),
    getDate: dates,
    getDayOfMonth: dates,
    getDayOfWeek: dates,
    getDayOfYear: dates,
    getFullYear: dates,
    getHours: dates,
    getMilliseconds: dates,
    getMinutes: dates,
    getMonth: dates,
    getSeconds: dates,
  } satisfies Record<string, Priced>),
);

/** A function that is not listed may go through all that it is given, and may return anything made of that. */
export function callOf(name: string, values: readonly Extent[]): Call {
  const priced = FUNCTIONS.get(name);
  const [receiver = single(), ...args] = values;
  if (priced !== undefined) return priced(receiver, ...args);
  const all = values.reduce((sum, value) => sum + value.whole() + value.characters, 0);
  return { cost: all, result: anything(all), fails: true };
}
