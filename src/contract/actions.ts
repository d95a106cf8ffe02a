/** What a plan asks the runtime to do besides applying objects, and what became of it. */
import type { KubernetesObject, ObjectRef } from './kubernetes.ts';

export type Action = ClusterAction | KafkaAction | WorkerAction;

/** Carried out by the API server. */
export type ClusterAction =
  /** Writes spec.replicas of the target's scale subresource. */
  | { type: 'Scale'; target: ObjectRef; replicas: number }
  /** JSON merge patch of an object's spec. */
  | { type: 'Patch'; target: ObjectRef; spec: Record<string, unknown> }
  /** Writes these annotations to the object only if it has that uid. Other annotations stay. */
  | { type: 'Annotate'; target: ObjectRef; uid: string; annotations: Record<string, string> }
  /**
   * Server-side apply of an object in another namespace, which no owner reference can reach. Refused where an object of
   * that name has another label OWNER_UID, or none.
   */
  | { type: 'ApplyObject'; object: KubernetesObject }
  /** Deletes the object only if it has that uid. */
  | { type: 'DeleteObject'; target: ObjectRef; uid: string };

/** The name under which the operator writes: in metadata.managedFields of every object that it has changed. */
export const FIELD_MANAGER = 'kafka-lab-operator';

/** Label: uid of the resource that an object of `ApplyObject` was made for. */
export const OWNER_UID = 'kafkalab.dev/owner-uid';

/** Carried out by a Kafka cluster; without `bootstrapServers` by the operator's default one. */
export type KafkaAction =
  | {
      type: 'CreateTopic';
      bootstrapServers?: string;
      topic: string;
      partitions: number;
      replicas: number;
      config: Record<string, string>;
    }
  | { type: 'AddPartitions'; bootstrapServers?: string; topic: string; partitions: number }
  /** Deletes the topic with this id, and no other one that has its name. */
  | { type: 'DeleteTopic'; bootstrapServers?: string; topic: string; topicId: string }
  | { type: 'DeleteGroup'; bootstrapServers?: string; group: string }
  /** Appends the operator's own facts (lag samples, scalings) to the run's evidence. */
  | { type: 'Report'; bootstrapServers?: string; run: string; topic: string; partition: number; facts: unknown[] };

/** What a worker does at SIGTERM. Graceful: it commits and leaves the group. Kill: it ends at once, as after SIGKILL. */
export type Stop = 'Graceful' | 'Kill';

/** Carried out by worker pods. */
export type WorkerAction =
  /**
   * Arms the workers in these pods for their next SIGTERM (see domain/workers/stopMode.ts); succeeds when each has agreed.
   * A pod that is gone or does not run is left out.
   */
  | { type: 'SetStop'; pods: ObjectRef[]; port: number; run: string; stop: Stop }
  /**
   * Ends the pod with this uid as a crash would: its worker is armed as with SetStop, then the pod is deleted. Succeeds
   * where the pod is gone, is being deleted, or has another uid.
   */
  | { type: 'Kill'; pod: ObjectRef; uid: string; port: number; run: string };

/** An action that succeeded in an earlier round, with what it answered. */
export interface Done {
  action: Action;
  result: ActionResult;
}

export interface ActionResult {
  /** Scale: metadata.resourceVersion of the target once it had these replicas. */
  resourceVersion?: string;
  /** CreateTopic: the id that Kafka gave to the topic that this action created (KIP-516). */
  topicId?: string;
  /** CreateTopic: a topic of that name was there already, so nothing was created. */
  existed?: true;
  /** DeleteTopic: no topic has that id, so nothing was deleted. */
  absent?: true;
}

/** An action, or the application of a desired object, that failed in an earlier round and has not succeeded since. */
export interface Failure {
  /** Apply: the object of `Plan.apply` that the API server (or the runtime, for an object of another owner) refused. */
  action: Action | { type: 'Apply'; target: ObjectRef };
  /** Refused: the same call can't succeed, the user has to change something. Unreachable, Unexpected: tried again with backoff. */
  reason: 'Refused' | 'Unreachable' | 'Unexpected';
  message: string;
}
