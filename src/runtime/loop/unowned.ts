/** Objects that no owner reference can reach: whose they are is told by a label. */

import { OWNER_UID } from '../../contract/actions.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { refOf } from '../objects.ts';
import { ActionError, type Cluster } from '../ports.ts';
import { MANAGED_BY, OPERATOR } from './desired.ts';

/** Throws `ActionError` where the object that is there was made for somebody else, or by hand. */
export async function applyUnowned(object: KubernetesObject, cluster: Cluster): Promise<void> {
  const ref = refOf(object);
  const what = `${ref.kind} ${ref.namespace}/${ref.name}`;
  const { labels = {} } = object.metadata;
  const existing = await cluster.get(ref);
  if (existing && existing.metadata.labels?.[OWNER_UID] !== labels[OWNER_UID]) {
    throw new ActionError(
      'Refused',
      `${what} exists already and was not made for this resource: give it another name.`,
    );
  }
  if (existing?.metadata.deletionTimestamp) throw new ActionError('Unexpected', `${what} is still being deleted.`);
  await cluster.apply({
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...labels, [MANAGED_BY]: OPERATOR },
      // What is deleted in between is not made again in passing.
      ...(existing?.metadata.uid ? { uid: existing.metadata.uid } : {}),
    },
  });
}
