/** Which keys are interested in which things. A key may be interested in many things, and a thing may interest many keys. */
export interface Interests<Thing> {
  /** Replaces the interests of the key. */
  set(key: string, things: Iterable<Thing>): void;
  /** The keys that are interested in the thing. */
  keysOf(thing: Thing): Iterable<string>;
}

/**
 * Things with the same `nameOf` are the same thing. `first` is called when a thing gets its first interested key, `last` when
 * it has lost the last one.
 */
export function interests<Thing>(
  nameOf: (thing: Thing) => string,
  first: (thing: Thing) => void,
  last: (thing: Thing) => void,
): Interests<Thing> {
  /** By the name of the thing. */
  const keysByName = new Map<string, Set<string>>();
  /** By key, then by the name of the thing. */
  const thingsByKey = new Map<string, Map<string, Thing>>();
  return {
    set(key, things) {
      const now = new Map([...things].map((thing) => [nameOf(thing), thing]));
      const before = thingsByKey.get(key) ?? new Map<string, Thing>();
      for (const [name, thing] of now) {
        const keys = keysByName.get(name);
        if (keys) keys.add(key);
        else {
          keysByName.set(name, new Set([key]));
          first(thing);
        }
      }
      for (const [name, thing] of before) {
        if (now.has(name)) continue;
        const keys = keysByName.get(name);
        keys?.delete(key);
        if (keys?.size === 0) {
          keysByName.delete(name);
          last(thing);
        }
      }
      if (now.size > 0) thingsByKey.set(key, now);
      else thingsByKey.delete(key);
    },
    keysOf: (thing) => [...(keysByName.get(nameOf(thing)) ?? [])],
  };
}
