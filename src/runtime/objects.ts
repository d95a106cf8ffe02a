/** Identity of Kubernetes objects. Two versions of one API show the same objects, so the version is no part of it. */
import type { KubernetesObject, ObjectRef, TypeRef } from '../contract/kubernetes.ts';

/** `kafkalab.dev/v1alpha1` → `kafkalab.dev`; `v1` (the core group) → ``. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

export const refOf = (object: KubernetesObject): ObjectRef => ({
  apiVersion: object.apiVersion,
  kind: object.kind,
  namespace: object.metadata.namespace ?? '',
  name: object.metadata.name,
});

/** `StatefulSet.apps demo/lag`: one per object, whichever version it is read in. */
export const identityOf = (ref: ObjectRef): string => `${typeIdentityOf(ref)} ${ref.namespace}/${ref.name}`;

export const typeIdentityOf = (type: TypeRef): string => `${type.kind}.${groupOf(type.apiVersion)}`;

/** uid of the one owner that controls the object. */
export const controllerOf = (object: KubernetesObject): string | undefined =>
  object.metadata.ownerReferences?.find((owner) => owner.controller)?.uid;

/**
 * Whether version `a` of an object is older than version `b`. Versions are decimal integers that grow
 * (Kubernetes API conventions, "Resource Versions", since 1.35 for every resource; so in etcd before).
 * False when one of them is not such a number: then the newcomer wins.
 */
export function isOlder(a: string | undefined, b: string | undefined): boolean {
  if (!a || !b || !/^\d+$/.test(a) || !/^\d+$/.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}
