/**
 * The newest known version of each object of a set. An older version never replaces a newer one, so that the result of our own
 * write can be stored before the watch delivers it.
 */
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { isOlder } from '../../contract/resourceVersion.ts';
import { controllerOf } from '../objects.ts';

export type Change =
  | { type: 'Added'; object: KubernetesObject }
  | { type: 'Modified'; object: KubernetesObject; before: KubernetesObject }
  | { type: 'Deleted'; object: KubernetesObject };

export interface ObjectStore {
  get(namespace: string, name: string): KubernetesObject | undefined;
  all(): IterableIterator<KubernetesObject>;
  /** The objects whose controller has this uid. */
  controlledBy(uid: string): KubernetesObject[];
  put(object: KubernetesObject): Change[];
  remove(object: KubernetesObject): Change[];
  /** Replaces the whole set by a list, including older versions: etcd may have been restored from a backup. */
  replace(objects: KubernetesObject[]): Change[];
}

/** The number of deleted uids in memory. A late result of a write to one of these objects is ignored. */
const REMEMBERED = 1_000;

const keyOf = (namespace: string | undefined, name: string) => `${namespace ?? ''}/${name}`;

export function objectStore(): ObjectStore {
  const objects = new Map<string, KubernetesObject>();
  /** The uids of deleted objects. A uid is never used again. */
  const gone = new Set<string>();
  const byController = new Map<string, Map<string, KubernetesObject>>();

  function hold(key: string, object: KubernetesObject): void {
    release(key);
    objects.set(key, object);
    const controller = controllerOf(object);
    if (!controller) return;
    const siblings = byController.get(controller);
    if (siblings) siblings.set(key, object);
    else byController.set(controller, new Map([[key, object]]));
  }

  function release(key: string): void {
    const object = objects.get(key);
    if (!object) return;
    objects.delete(key);
    const controller = controllerOf(object);
    const siblings = controller ? byController.get(controller) : undefined;
    if (!controller || !siblings) return;
    siblings.delete(key);
    if (siblings.size === 0) byController.delete(controller);
  }

  function bury({ metadata: { uid } }: KubernetesObject): void {
    if (!uid) return;
    gone.add(uid);
    const oldest = gone.values().next();
    if (gone.size > REMEMBERED && !oldest.done) gone.delete(oldest.value);
  }

  function put(object: KubernetesObject, evenOlder = false): Change[] {
    const { namespace, name, uid, resourceVersion } = object.metadata;
    if (!evenOlder && uid && gone.has(uid)) return [];
    const key = keyOf(namespace, name);
    const before = objects.get(key);
    if (!before) {
      hold(key, object);
      return [{ type: 'Added', object }];
    }
    if (resourceVersion && resourceVersion === before.metadata.resourceVersion && uid === before.metadata.uid)
      return [];
    if (!evenOlder && isOlder(resourceVersion, before.metadata.resourceVersion)) return [];
    hold(key, object);
    if (uid !== before.metadata.uid) bury(before);
    if (uid === before.metadata.uid) return [{ type: 'Modified', object, before }];
    return [
      { type: 'Deleted', object: before },
      { type: 'Added', object },
    ];
  }

  return {
    get: (namespace, name) => objects.get(keyOf(namespace, name)),
    all: () => objects.values(),
    controlledBy: (uid) => [...(byController.get(uid)?.values() ?? [])],
    put: (object) => put(object),
    remove(object) {
      const key = keyOf(object.metadata.namespace, object.metadata.name);
      const before = objects.get(key);
      bury(object);
      // Another object may have the name by now.
      if (!before || before.metadata.uid !== object.metadata.uid) return [];
      release(key);
      return [{ type: 'Deleted', object }];
    },
    replace(listed) {
      const keys = new Set(listed.map((object) => keyOf(object.metadata.namespace, object.metadata.name)));
      const changes: Change[] = [];
      for (const [key, object] of [...objects]) {
        if (keys.has(key)) continue;
        release(key);
        bury(object);
        changes.push({ type: 'Deleted', object });
      }
      for (const object of listed) changes.push(...put(object, true));
      return changes;
    },
  };
}
