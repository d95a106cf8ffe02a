/** Fences: they keep a process that has lost its lease from acting. */
import type { Cluster, Kafka, Workers } from './ports.ts';

/** The cluster while `lost` is not aborted. After that, running calls are cancelled and new ones are refused. */
export function fenced(cluster: Cluster, lost: AbortSignal): Cluster {
  const both = (signal?: AbortSignal) => (signal ? AbortSignal.any([signal, lost]) : lost);
  return {
    list: (type, selection, signal) => cluster.list(type, selection, both(signal)),
    watch: (type, selection, version, signal) => cluster.watch(type, selection, version, both(signal)),
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

/** Kafka while `lost` is not aborted. An action that is already running cannot be cancelled. */
export function fencedKafka(kafka: Kafka, lost: AbortSignal): Kafka {
  return {
    view: (need) => kafka.view(need),
    async act(action) {
      lost.throwIfAborted();
      return kafka.act(action);
    },
  };
}

/** The workers while `lost` is not aborted. */
export const fencedWorkers = (workers: Workers, lost: AbortSignal): Workers => ({
  setStop: (order, signal) => workers.setStop(order, signal ? AbortSignal.any([signal, lost]) : lost),
});

/** A cluster for callers that outlive a term of leadership. */
export interface Terms {
  cluster: Pick<Cluster, 'create' | 'get' | 'patch'>;
  begin(acting: Cluster): void;
  end(): void;
}

/** Passes calls to the cluster of the current term. A call between two terms waits for the next term. */
export function acrossTerms(): Terms {
  let term = Promise.withResolvers<Cluster>();
  return {
    cluster: {
      create: async (object, signal) => (await term.promise).create(object, signal),
      get: async (target, signal) => (await term.promise).get(target, signal),
      patch: async (target, patch, signal) => (await term.promise).patch(target, patch, signal),
    },
    begin: (acting) => term.resolve(acting),
    end() {
      term = Promise.withResolvers();
    },
  };
}
