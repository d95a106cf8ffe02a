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
