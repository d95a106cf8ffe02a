/** Questions of a kind to the API server, and what it answers. */
import type { KubernetesObject, ObjectRef, TypeRef } from './kubernetes.ts';

/**
 * What a kind asks to see of the API server. Each is watched: a change of it looks at the resource again. All resources of one
 * of our own kinds are an exception, because each of their status writes would: the kind looks again after a time.
 */
export type Query =
  /** One object. */
  | { get: ObjectRef; orForbidden?: true }
  /** All objects of a type in a namespace, or those with these labels. */
  | { list: TypeRef; namespace: string; labelSelector?: string; orForbidden?: true }
  /** The kinds that the API server has in a version of an API, e.g. `kafka.strimzi.io/v1`. */
  | { served: string };

export type Answer =
  /** To `get`; null: there is none. */
  | { object: KubernetesObject | null }
  /** To `list`. */
  | { items: KubernetesObject[] }
  /** To `served`; none where the API server does not know the version. */
  | { kinds: string[] }
  /** It may not be read; the API server's sentence. Only for a query with `orForbidden`: any other fails the round. */
  | { forbidden: string };

/** The objects in the answer to a `list`. None: there are none to be seen, or they have not been asked for yet. */
export const objectsIn = (answer: Answer | undefined): KubernetesObject[] =>
  answer !== undefined && 'items' in answer ? answer.items : [];

/** The object in the answer to a `get`; null: there is none to be seen; undefined: not asked yet. */
export function objectIn(answer: Answer | undefined): KubernetesObject | null | undefined {
  if (answer === undefined) return undefined;
  return 'object' in answer ? answer.object : null;
}
