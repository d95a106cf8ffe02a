/** The identity of Kubernetes objects. It leaves out the API version: two versions of one group show the same objects. */
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

/** `StatefulSet.apps demo/lag`: the same for an object in every API version. */
export const identityOf = (ref: ObjectRef): string => `${typeIdentityOf(ref)} ${ref.namespace}/${ref.name}`;

export const typeIdentityOf = (type: TypeRef): string => `${type.kind}.${groupOf(type.apiVersion)}`;

/** The uid of the owner that controls the object. */
export const controllerOf = (object: KubernetesObject): string | undefined =>
  object.metadata.ownerReferences?.find((owner) => owner.controller)?.uid;

/**
 * Whether resourceVersion `a` of an object is older than `b`. Resource versions are increasing decimal integers
 * (Kubernetes API conventions, "Resource Versions"; guaranteed since 1.35, true of etcd before). The answer is false when
 * either of them is not a number: the object that arrives later then replaces the earlier one.
 */
export function isOlder(a: string | undefined, b: string | undefined): boolean {
  if (!a || !b || !/^\d+$/.test(a) || !/^\d+$/.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}
