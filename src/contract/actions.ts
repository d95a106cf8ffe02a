/** What a plan asks the runtime to do besides applying objects, and what became of it. */
import type { KubernetesObject, ObjectRef } from './kubernetes.ts';

/** An action, or the application of a desired object, of an earlier round that did not succeed and has not succeeded since. */
export interface Failure {
  /** Apply: the object of `Plan.apply` that the API server (or the runtime, for an object of somebody else) refused. */
  action: Action | { type: 'Apply'; target: ObjectRef };
  /** Refused: the same call can't succeed, the user has to change something. Unreachable, Unexpected: tried again with backoff. */
  reason: 'Refused' | 'Unreachable' | 'Unexpected';
  message: string;
}

/** Label: uid of the resource that an object of `ApplyObject` was made for. */
export const OWNER_UID = 'kafkalab.dev/owner-uid';

/** What a worker makes of SIGTERM. Graceful: it commits, leaves the group and says so. Kill: it ends at once, as after SIGKILL. */
export type Stop = 'Graceful' | 'Kill';

export type Action =
  | {
      type: 'CreateTopic';
      bootstrapServers?: string;
      topic: string;
      partitions: number;
      replicas: number;
      config: Record<string, string>;
    }
  | { type: 'AddPartitions'; bootstrapServers?: string; topic: string; partitions: number }
  | { type: 'DeleteTopic'; bootstrapServers?: string; topic: string }
  | { type: 'DeleteGroup'; bootstrapServers?: string; group: string }
  /** Writes spec.replicas of the target's scale subresource. */
  | { type: 'Scale'; target: ObjectRef; replicas: number }
  /**
   * Tells the workers in these pods what their next SIGTERM is to be (see domain/stopMode.ts), and has their word for
   * it when it succeeds. A pod that is gone or does not run has nobody to tell.
   */
  | { type: 'SetStop'; pods: ObjectRef[]; port: number; run: string; stop: Stop }
  /**
   * Server-side apply of an object that no owner reference reaches, because it is in another namespace. Refused where one
   * is there that has not the same label OWNER_UID.
   */
  | { type: 'ApplyObject'; object: KubernetesObject }
  /** Only the object with that uid. */
  | { type: 'DeleteObject'; target: ObjectRef; uid: string }
  /**
   * Ends the one pod with this uid as a crash would: its worker agrees to it as with SetStop, then the pod is deleted.
   * Gone, on its way out or another one by now: done.
   */
  | { type: 'Kill'; pod: ObjectRef; uid: string; port: number; run: string }
  /** JSON merge patch of an object's spec. */
  | { type: 'Patch'; target: ObjectRef; spec: Record<string, unknown> }
  /** Appends facts of the operator itself (lag samples, scalings) to the run's evidence. */
  | { type: 'Report'; bootstrapServers?: string; run: string; topic: string; partition: number; facts: unknown[] };
