/** What the runtime needs from the outside, as types: adapters implement them, tests may too. */
import type { ActionResult, KafkaAction, WorkerAction } from '../contract/actions.ts';
import type { KafkaView } from '../contract/kafkaView.ts';
import type { Known } from '../contract/kind.ts';
import type { KubernetesObject, ObjectRef, TypeRef } from '../contract/kubernetes.ts';
import type { EvidenceNeed, KafkaNeed } from '../contract/needs.ts';
import type { EpochMs } from '../contract/time.ts';

// ---- Kubernetes -----------------------------------------------------------------------------

/** A type of object; with `plural` (as in the URL) nothing has to be discovered. Namespaced types only. */
export type ResourceType = TypeRef & { plural?: string };

/** Which objects of a type: all of the cluster, or only those of a namespace and with the labels or fields. */
export interface Selection {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface ObjectList {
  items: KubernetesObject[];
  resourceVersion: string;
}

/** A bookmark's object has nothing but a resourceVersion. */
export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: KubernetesObject;
}

/** Every method throws `ApiError` when the server refuses or does not answer in time. */
export interface Cluster {
  /** All pages, read as one consistent list. */
  list(type: ResourceType, of: Selection, signal?: AbortSignal): Promise<ObjectList>;
  /**
   * Changes after `resourceVersion`, bookmarks among them. Ends when the server ends it (every few minutes);
   * throws `ApiError` for an error event (410 when the version is too old), for a broken connection,
   * and for silence (reason Timeout) beyond the time when the server was to end it.
   */
  watch(type: ResourceType, of: Selection, resourceVersion: string, signal: AbortSignal): AsyncIterable<WatchEvent>;
  /** null: there is no such object. */
  get(target: ObjectRef, signal?: AbortSignal): Promise<KubernetesObject | null>;
  create(object: KubernetesObject, signal?: AbortSignal): Promise<KubernetesObject>;
  /** PUT; metadata.resourceVersion is the precondition. */
  update(object: KubernetesObject, signal?: AbortSignal): Promise<KubernetesObject>;
  /** Server-side apply with force as the one field manager. With metadata.uid it never creates. */
  apply(object: KubernetesObject, signal?: AbortSignal): Promise<KubernetesObject>;
  /** The same for the status subresource; `object` holds apiVersion, kind, metadata { namespace, name, uid } and status. */
  applyStatus(object: KubernetesObject, signal?: AbortSignal): Promise<KubernetesObject>;
  /** JSON merge patch; metadata.resourceVersion within it is the precondition. */
  patch(target: ObjectRef, patch: Record<string, unknown>, signal?: AbortSignal): Promise<KubernetesObject>;
  /** Writes spec.replicas of the scale subresource. */
  scale(target: ObjectRef, replicas: number, signal?: AbortSignal): Promise<void>;
  /** In the background, only the object with that uid. An object that is gone is no error. */
  delete(target: ObjectRef, uid: string, signal?: AbortSignal): Promise<void>;
  /** Kinds that the server has in that version (API discovery); none where it does not know it. */
  served(apiVersion: string, signal?: AbortSignal): Promise<string[]>;
}

/** An answer of the API server that is not a success, or none at all. */
export class ApiError extends Error {
  /** HTTP status; 0: no answer (unreachable, connection broken, timed out). */
  readonly status: number;
  /** metav1.Status reason (AlreadyExists, Conflict, Expired, …), or Unreachable, Timeout. */
  readonly reason: string;
  /** When the server asked to wait (429, 503). */
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
   * Has the word of every worker in these pods (those that are gone or don't run have none to give) when it succeeds.
   * Bounded in time. Throws `ActionError`, and `ApiError` where the pods can't be looked up.
   */
  setStop(order: Omit<Extract<WorkerAction, { type: 'SetStop' }>, 'type'>, signal?: AbortSignal): Promise<void>;
}

// ---- Kafka ----------------------------------------------------------------------------------

export interface Kafka {
  /**
   * Never rejects for a Kafka that is away: `unavailable` says why, in a sentence. Bounded in time
   * (a few seconds); concurrent and repeated calls within `maxAgeMs` share one read.
   */
  view(need: KafkaNeed): Promise<Known<KafkaView>>;
  /** Bounded in time. Throws `ActionError`; doing again what is already so succeeds. undefined: Kafka answers nothing of use. */
  act(action: KafkaAction): Promise<ActionResult | undefined>;
}

export class ActionError extends Error {
  /** Refused: the same call can't succeed. Unreachable: nobody answered. Unexpected: anything else. */
  readonly reason: 'Refused' | 'Unreachable' | 'Unexpected';

  /** `message`: a sentence for the user; for Refused it says what to write instead. */
  constructor(reason: 'Refused' | 'Unreachable' | 'Unexpected', message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ActionError';
    this.reason = reason;
  }
}

/** Reads the evidence of runs and folds it. One run may serve several resources; the runtime counts. */
export interface EvidenceReader {
  /**
   * The figures of the run as of `now`, or why they are not known yet. Answers at once; the first call for a run begins to
   * read it, and its figures are known when it has been read up to where it ended then. The answer is data of its own.
   */
  open(need: EvidenceNeed, now: EpochMs): Known<unknown>;
  /** `changed` is called after the answer of `open` became another one (may be coalesced). Ends with `close`. */
  onChange(run: string, changed: () => void): void;
  /** Stops reading the run and forgets it. Unknown runs are no error. */
  close(run: string): void;
}

// ---- the process ----------------------------------------------------------------------------

export interface Clock {
  now(): EpochMs;
  /** Calls once after `ms`; the answer cancels it. */
  after(ms: number, call: () => void): () => void;
}

/** As Math.random: in [0, 1). */
export type Random = () => number;

export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

export interface Metrics {
  /** result: Done | Waited (the status may not be written yet) | Failed | Gone. */
  reconciled(kind: string, result: 'Done' | 'Waited' | 'Failed' | 'Gone', seconds: number): void;
}
