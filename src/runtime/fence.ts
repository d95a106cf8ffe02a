/** Fences: what a process that lost its lease does not do any more. */
import type { Cluster, Kafka, Workers } from './ports.ts';

/** The cluster as long as `until` is not aborted: then calls under way are given up and new ones are refused. */
export function fenced(cluster: Cluster, until: AbortSignal): Cluster {
  const both = (signal?: AbortSignal) => (signal ? AbortSignal.any([signal, until]) : until);
  return {
    list: (type, of, signal) => cluster.list(type, of, both(signal)),
    watch: (type, of, version, signal) => cluster.watch(type, of, version, both(signal)),
    get: (target, signal) => cluster.get(target, both(signal)),
    create: (object, signal) => cluster.create(object, both(signal)),
    update: (object, signal) => cluster.update(object, both(signal)),
    apply: (object, signal) => cluster.apply(object, both(signal)),
    applyStatus: (object, signal) => cluster.applyStatus(object, both(signal)),
    patch: (target, patch, signal) => cluster.patch(target, patch, both(signal)),
    scale: (target, replicas, signal) => cluster.scale(target, replicas, both(signal)),
    delete: (target, uid, signal) => cluster.delete(target, uid, both(signal)),
    served: (apiVersion, signal) => cluster.served(apiVersion, both(signal)),
  };
}

/** Kafka as long as `until` is not aborted; an action that is under way can't be called back. */
export function fencedKafka(kafka: Kafka, until: AbortSignal): Kafka {
  return {
    view: (need) => kafka.view(need),
    async act(action) {
      until.throwIfAborted();
      return kafka.act(action);
    },
  };
}

/** The workers as long as `until` is not aborted. */
export const fencedWorkers = (workers: Workers, until: AbortSignal): Workers => ({
  setStop: (order, signal) => workers.setStop(order, signal ? AbortSignal.any([signal, until]) : until),
});

export interface Spells {
  cluster: Pick<Cluster, 'create' | 'get' | 'patch'>;
  begin(acting: Cluster): void;
  end(): void;
}

/** The cluster of the spell that is on: a call between two spells waits for the next one. */
export function acrossSpells(): Spells {
  let spell = Promise.withResolvers<Cluster>();
  return {
    cluster: {
      create: async (object, signal) => (await spell.promise).create(object, signal),
      get: async (target, signal) => (await spell.promise).get(target, signal),
      patch: async (target, patch, signal) => (await spell.promise).patch(target, patch, signal),
    },
    begin: (acting) => spell.resolve(acting),
    end() {
      spell = Promise.withResolvers();
    },
  };
}
