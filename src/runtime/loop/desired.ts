/** Completes the desired objects of a plan, and finds the owned objects that it does not desire. Pure. */
import type { KubernetesObject, ObjectRef } from '../../contract/kubernetes.ts';
import { plain } from '../json.ts';
import { controllerOf, identityOf, refOf } from '../objects.ts';

export const MANAGED_BY = 'app.kubernetes.io/managed-by';
export const OPERATOR = 'kafka-lab-operator';
/** The finalizer that keeps a resource until its plan has `finished`. */
export const FINALIZER = 'kafkalab.dev/cleanup';

/** The desired object with the namespace of its owner, an owner reference and the labels that the watches select. */
export function complete(desired: KubernetesObject, owner: KubernetesObject): KubernetesObject {
  const { uid, name, namespace } = owner.metadata;
  const object = plain(desired);
  return {
    ...object,
    metadata: {
      ...object.metadata,
      ...(namespace ? { namespace } : {}),
      labels: {
        ...object.metadata.labels,
        [MANAGED_BY]: OPERATOR,
        [`kafkalab.dev/${owner.kind.toLowerCase()}`]: labelValue(name),
      },
      ownerReferences: [
        {
          apiVersion: owner.apiVersion,
          kind: owner.kind,
          name,
          uid: uid ?? '',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
  };
}

/** A name as a label value. Names have up to 253 characters, label values up to 63. */
const labelValue = (name: string): string => name.slice(0, 63).replace(/[^A-Za-z0-9]+$/, '');

/** The owned objects that are neither desired nor already being deleted. */
export function undesired(owned: KubernetesObject[], desired: KubernetesObject[]): KubernetesObject[] {
  const wanted = new Set(desired.map((object) => identityOf(refOf(object))));
  return owned.filter((object) => !object.metadata.deletionTimestamp && !wanted.has(identityOf(refOf(object))));
}

/** One entry per object. A type that is served in two versions lists each object twice, and the first version is kept. */
export function distinct(objects: KubernetesObject[]): KubernetesObject[] {
  const seen = new Set<string>();
  return objects.filter((object) => {
    const identity = object.metadata.uid ?? identityOf(refOf(object));
    if (seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
}

export type Claim = { ok: true } | { ok: false; reason: 'Refused' | 'Unexpected'; message: string };

/** Whether `owner` may write to an object that already exists. */
export function claim(existing: KubernetesObject, owner: KubernetesObject): Claim {
  const ref: ObjectRef = refOf(existing);
  const what = `${ref.kind} ${ref.namespace}/${ref.name}`;
  if (controllerOf(existing) === owner.metadata.uid) {
    if (!existing.metadata.deletionTimestamp) return { ok: true };
    return { ok: false, reason: 'Unexpected', message: `${what} is still being deleted.` };
  }
  const other = existing.metadata.ownerReferences?.find((reference) => reference.controller);
  if (other && other.kind === owner.kind && other.name === owner.metadata.name) {
    return {
      ok: false,
      reason: 'Unexpected',
      message: `${what} belongs to an earlier ${other.kind} ${other.name} and is still being deleted.`,
    };
  }
  const whose = other ? `belongs to ${other.kind} ${other.name}` : 'was not created by this operator';
  // Most names are derived from the owner's name; the others are written in its spec.
  const derived = ref.name.startsWith(`${owner.metadata.name}-`);
  const instead = derived ? `give the ${owner.kind} another name` : `write another name for it in the ${owner.kind}`;
  return { ok: false, reason: 'Refused', message: `${what} exists already and ${whose}. Delete it, or ${instead}.` };
}
