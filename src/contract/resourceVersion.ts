/** Versions of an object, in the order of its changes. */

/**
 * Whether resourceVersion `a` of an object is older than `b`. Resource versions are increasing decimal integers
 * (Kubernetes API conventions, "Resource Versions"; guaranteed since 1.35, true of etcd before). The answer is false when
 * either of them is not a number: the object that arrives later then replaces the earlier one.
 */
export function isOlder(a: string | undefined, b: string | undefined): boolean {
  if (!a || !b || !/^\d+$/.test(a) || !/^\d+$/.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}
