/** What a plan wants to exist, made complete, and what exists although no plan wants it. Pure. */
import type { KubernetesObject, ObjectRef } from '../../contract/kubernetes.ts';
import { plain } from '../json.ts';
import { controllerOf, identityOf, refOf } from '../objects.ts';

export const MANAGED_BY = 'app.kubernetes.io/managed-by';
export const OPERATOR = 'kafka-lab-operator';
/** Keeps a resource until its plan says `finished`. */
export const FINALIZER = 'kafkalab.dev/cleanup';

/** With the owner's namespace, the owner reference and the labels that find it again. */
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

/** Names may be 253 characters long, label values 63. */
const labelValue = (name: string): string => name.slice(0, 63).replace(/[^A-Za-z0-9]+$/, '');

/** Owned objects that are not desired and not on their way out already. */
export function undesired(owned: KubernetesObject[], desired: KubernetesObject[]): KubernetesObject[] {
  const wanted = new Set(desired.map((object) => identityOf(refOf(object))));
  return owned.filter((object) => !object.metadata.deletionTimestamp && !wanted.has(identityOf(refOf(object))));
}

/** One entry per object: a type served in two versions shows each object twice; the version that comes first stays. */
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

/** Whether an object that is there already may be written to in the name of `owner`. */
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
      message: `${what} is left over from an earlier ${other.kind} ${other.name} and not gone yet.`,
    };
  }
  const whose = other ? `belongs to ${other.kind} ${other.name}` : 'was not made by this operator';
  // The names of most objects are made of their owner's; those of others are written in its spec.
  const derived = ref.name.startsWith(`${owner.metadata.name}-`);
  const instead = derived ? `give the ${owner.kind} another name` : `write another name for it in the ${owner.kind}`;
  return { ok: false, reason: 'Refused', message: `${what} exists already and ${whose}. Delete it, or ${instead}.` };
}
