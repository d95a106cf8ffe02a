/** metadata.managedFields: which client wrote which field. */
import type { ManagedFields } from './kubernetes.ts';

/** The entries of metadata.managedFields that have the field at this path. */
export const writersOfField = (
  managedFields: readonly ManagedFields[] | undefined,
  path: readonly string[],
): ManagedFields[] | undefined =>
  managedFields?.filter(({ fieldsV1 }) => {
    let at: unknown = fieldsV1;
    for (const name of path) at = (at as Record<string, unknown> | undefined)?.[`f:${name}`];
    return at !== undefined;
  });
