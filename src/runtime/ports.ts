/** The ports of the runtime: what it needs from the outside. Adapters implement them, and so do tests. */
import type { ActionResult, KafkaAction, WorkerAction } from '../contract/actions.ts';
import type { KafkaView } from '../contract/kafkaView.ts';
import type { Known } from '../contract/kind.ts';
import type { KubernetesObject, ObjectRef, TypeRef } from '../contract/kubernetes.ts';
import type { EvidenceNeed, KafkaNeed } from '../contract/needs.ts';
import type { EpochMs } from '../contract/time.ts';

// ---- Kubernetes -----------------------------------------------------------------------------

/** A namespaced type of object. With `plural` (as in the URL) no discovery is needed. */
export type ResourceType = TypeRef & { plural?: string };

/** A selection of the objects of a type by namespace, labels and fields. By default it selects the whole cluster. */
export interface Selection {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface ObjectList {
  items: KubernetesObject[];
  resourceVersion: string;
}

/** One event of a watch. The object of a bookmark has only a resourceVersion. */
export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: KubernetesObject;
}

/** The Kubernetes API. Every method throws `ApiError` when the server refuses or does not answer in time. */
export interface Cluster {
  /** One consistent list, read page by page. */
  list(type: ResourceType, selection: Selection, signal?: AbortSignal): Promise<ObjectList>;
  /**
   * Changes after `resourceVersion`, including bookmarks. The server ends the watch every few minutes. Throws `ApiError`
   * for an error event (410: the version is too old), for a broken connection, and with reason Timeout when the server
   * stays silent beyond the requested end of the watch.
   */
  watch(
    type: ResourceType,
    selection: Selection,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent>;
  /** null: the object does not exist. */
  get(target: ObjectRef, signal?: AbortSignal): Promise<KubernetesObject | null>;
  create(object: KubernetesObject, signal?: AbortSignal): Promise<KubernetesObject>;
  /** PUT with metadata.resourceVersion as the precondition. */
  update(object: KubernetesObject, signal?: AbortSignal): Promise<KubernetesObject>;
  /** Server-side apply with force, always by the same field manager. With metadata.uid it never creates an object. */
  apply(object: KubernetesObject, signal?: AbortSignal): Promise<KubernetesObject>;
  /** Server-side apply of the status subresource. `object` has apiVersion, kind, metadata { namespace, name, uid } and status. */
  applyStatus(object: KubernetesObject, signal?: AbortSignal): Promise<KubernetesObject>;
  /** JSON merge patch. metadata.resourceVersion within the patch is the precondition. */
  patch(target: ObjectRef, patch: Record<string, unknown>, signal?: AbortSignal): Promise<KubernetesObject>;
  /** Writes spec.replicas of the scale subresource. Resolves to metadata.resourceVersion of the target after that. */
  scale(target: ObjectRef, replicas: number, signal?: AbortSignal): Promise<string>;
  /** Deletes the object with this uid, with background propagation. Succeeds if the object is gone. */
  delete(target: ObjectRef, uid: string, signal?: AbortSignal): Promise<void>;
  /** The kinds that the server has in this API version, by discovery. Empty for an unknown version. */
  served(apiVersion: string, signal?: AbortSignal): Promise<string[]>;
}

/** A request to the API server that failed, with or without an answer. */
export class ApiError extends Error {
  /** The HTTP status. 0: no answer (unreachable, connection broken, timed out). */
  readonly status: number;
  /** The reason of metav1.Status (AlreadyExists, Conflict, Expired, …), or Unreachable or Timeout. */
  readonly reason: string;
  /** The wait that the server asked for (429, 503). */
  readonly retryAfterMs?: number;

  constructor(status: number, reason: string, message: string, retryAfterMs?: number) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
  }
}

// ---- workers --------------------------------------------------------------------------------

export interface Workers {
  /**
   * Sets what the workers in these pods do at SIGTERM. Succeeds when every worker has agreed; pods that are gone or not
   * running are skipped. It has a time limit. Throws `ActionError`, and `ApiError` if reading the pods fails.
   */
  setStop(order: Omit<Extract<WorkerAction, { type: 'SetStop' }>, 'type'>, signal?: AbortSignal): Promise<void>;
}

// ---- Kafka ----------------------------------------------------------------------------------

export interface Kafka {
  /**
   * A snapshot of Kafka. For a Kafka that does not answer, or not about this topic or group, it resolves to `unavailable` with a
   * sentence that gives the cause.
   * It has a time limit of a few seconds. Concurrent calls, and calls within `maxAgeMs`, share one snapshot.
   */
  view(need: KafkaNeed): Promise<Known<KafkaView>>;
  /**
   * Carries out one action, with a time limit. An action that changes nothing succeeds. Throws `ActionError`.
   * undefined: the action has no result.
   */
  act(action: KafkaAction): Promise<ActionResult | undefined>;
}

export class ActionError extends Error {
  /** Refused: the same call cannot succeed. Unreachable: no answer. Unexpected: anything else. */
  readonly reason: 'Refused' | 'Unreachable' | 'Unexpected';

  /** `message`: a sentence for the user. For Refused it includes what to write instead. */
  constructor(reason: 'Refused' | 'Unreachable' | 'Unexpected', message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ActionError';
    this.reason = reason;
  }
}

/** Reads the evidence of runs and folds it. Several resources may share one run: the runtime counts them. */
export interface EvidenceReader {
  /**
   * The figures of the run as of `now`, or why they are unknown. It returns at once with data that nothing changes later.
   * The first call for a run starts reading it. Its figures are known after reading the evidence that existed at that time.
   */
  open(need: EvidenceNeed, now: EpochMs): Known<unknown>;
  /** Calls `changed` after the answer of `open` has changed, until `close`. Several changes may share one call. */
  onChange(run: string, changed: () => void): void;
  /** Stops reading the run and drops its figures. Succeeds for an unknown run. */
  close(run: string): void;
}

// ---- the process ----------------------------------------------------------------------------

export interface Clock {
  now(): EpochMs;
  /** Calls `call` once after `ms`. The returned function cancels it. */
  after(ms: number, call: () => void): () => void;
}

/** A random number in [0, 1), like Math.random. */
export type Random = () => number;

export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

export interface Metrics {
  /** Counts a round. Waited: it ended early because the next status write is not due yet. Gone: the resource is gone. */
  reconciled(kind: string, result: 'Done' | 'Waited' | 'Failed' | 'Gone', seconds: number): void;
}
