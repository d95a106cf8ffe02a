/** Objects in other namespaces, which owner references cannot reach. A label holds the uid of their owner. */

import { OWNER_UID } from '../../contract/actions.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { refOf } from '../objects.ts';
import { ActionError, type Cluster } from '../ports.ts';
import { MANAGED_BY, OPERATOR } from './desired.ts';

/** Applies such an object. Throws `ActionError` if an object of the same name has another owner or none. */
export async function applyUnowned(object: KubernetesObject, cluster: Cluster): Promise<void> {
  const ref = refOf(object);
  const what = `${ref.kind} ${ref.namespace}/${ref.name}`;
  const { labels = {} } = object.metadata;
  const existing = await cluster.get(ref);
  if (existing && existing.metadata.labels?.[OWNER_UID] !== labels[OWNER_UID]) {
    throw new ActionError(
      'Refused',
      `${what} exists already and was not created for this resource: give it another name.`,
    );
  }
  if (existing?.metadata.deletionTimestamp) throw new ActionError('Unexpected', `${what} is still being deleted.`);
  await cluster.apply({
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...labels, [MANAGED_BY]: OPERATOR },
      // With the uid, an object that is deleted in between is not created again by accident.
      ...(existing?.metadata.uid ? { uid: existing.metadata.uid } : {}),
    },
  });
}
