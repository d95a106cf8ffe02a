/** Who wants to hear of what: many keys may be interested in one thing, one key in many things. */
export interface Interests {
  /** From now on the key is interested in just these. */
  set(key: string, things: Iterable<string>): void;
  in(thing: string): Iterable<string>;
}

/** `first` is called when somebody gets interested in a thing, `last` when nobody is any more. */
export function interests(first: (thing: string) => void, last: (thing: string) => void): Interests {
  const keysOf = new Map<string, Set<string>>();
  const thingsOf = new Map<string, Set<string>>();
  return {
    set(key, things) {
      const now = new Set(things);
      const before = thingsOf.get(key) ?? new Set<string>();
      for (const thing of now) {
        const keys = keysOf.get(thing);
        if (keys) keys.add(key);
        else {
          keysOf.set(thing, new Set([key]));
          first(thing);
        }
      }
      for (const thing of before) {
        if (now.has(thing)) continue;
        const keys = keysOf.get(thing);
        keys?.delete(key);
        if (keys?.size === 0) {
          keysOf.delete(thing);
          last(thing);
        }
      }
      if (now.size > 0) thingsOf.set(key, now);
      else thingsOf.delete(key);
    },
    in: (thing) => [...(keysOf.get(thing) ?? [])],
  };
}
