/** Who wants to hear of what: many keys may be interested in one thing, one key in many things. */
export interface Interests<Thing> {
  /** From now on the key is interested in just these. */
  set(key: string, things: Iterable<Thing>): void;
  in(thing: Thing): Iterable<string>;
}

/**
 * `nameOf` tells things apart. `first` is called when somebody gets interested in a thing, `last` when nobody is any more.
 */
export function interests<Thing>(
  nameOf: (thing: Thing) => string,
  first: (thing: Thing) => void,
  last: (thing: Thing) => void,
): Interests<Thing> {
  /** By the name of the thing. */
  const keysOf = new Map<string, Set<string>>();
  /** By key, then by name. */
  const thingsOf = new Map<string, Map<string, Thing>>();
  return {
    set(key, things) {
      const now = new Map([...things].map((thing) => [nameOf(thing), thing]));
      const before = thingsOf.get(key) ?? new Map<string, Thing>();
      for (const [name, thing] of now) {
        const keys = keysOf.get(name);
        if (keys) keys.add(key);
        else {
          keysOf.set(name, new Set([key]));
          first(thing);
        }
      }
      for (const [name, thing] of before) {
        if (now.has(name)) continue;
        const keys = keysOf.get(name);
        keys?.delete(key);
        if (keys?.size === 0) {
          keysOf.delete(name);
          last(thing);
        }
      }
      if (now.size > 0) thingsOf.set(key, now);
      else thingsOf.delete(key);
    },
    in: (thing) => [...(keysOf.get(nameOf(thing)) ?? [])],
  };
}
