/**
 * The contract between the runtime, which looks and acts, and the kinds, which decide.
 * Everything here is plain data: a kind's `plan` has no await, client, clock or randomness.
 */

/** Milliseconds since 1970 (UTC). */
export type EpochMs = number;

/** A value that was read, or the sentence that says why it could not be. */
export type Known<T> = { readonly known: T } | { readonly unavailable: string };

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
}

/** Any Kubernetes object, as plain JSON. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: unknown;
  status?: unknown;
  [field: string]: unknown;
}

/** An object of one of our own kinds as the API server returns it: defaults filled in, always with uid and generation. */
export interface Resource<Spec, Status> extends KubernetesObject {
  metadata: ObjectMeta & { namespace: string; uid: string; generation: number; creationTimestamp: string };
  spec: Spec;
  status?: Status;
}

export interface TypeRef {
  apiVersion: string;
  kind: string;
}

export interface ObjectRef extends TypeRef {
  namespace: string;
  name: string;
}

/** metav1.Condition. Types used: Ready, Reconciling, Stalled (kstatus), LagHigh, RebalanceStorm, IdleConsumers, Deleting. */
export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  observedGeneration?: number;
  /** RFC 3339, seconds. */
  lastTransitionTime: string;
}

// ---- what a kind asks for -------------------------------------------------------------------

export interface KafkaNeed {
  /** host:port[,host:port…]; absent: the operator's default connection. */
  bootstrapServers?: string;
  topic?: string;
  group?: string;
  /** A snapshot no older than this is good enough (default 900 ms). */
  maxAgeMs?: number;
}

/** Where the evidence of one run starts: everything before `offset` is older than the run. */
export interface EvidenceNeed {
  bootstrapServers?: string;
  /** uid of the LoadTest, or of the ConsumerScale over somebody else's consumers. */
  run: string;
  topic: string;
  partition: number;
  offset: number;
}

/** `orForbidden`: where it may not be read, a Status (v1) with reason Forbidden and a message is shown; else the round fails. */
export type Wanted = ObjectRef & { orForbidden?: true };

export interface Needs {
  /**
   * Other objects, watched: a change of one of them looks again at this resource. An APIResourceList (v1, without a
   * namespace, named like an apiVersion: `kafka.strimzi.io/v1`) tells which kinds the API server has in that version. Any
   * other list (`KafkaTopicList`), named by a label selector (`strimzi.io/cluster=my-cluster`), has all such objects of
   * the namespace as its `items`.
   */
  objects?: Wanted[];
  kafka?: KafkaNeed;
  evidence?: EvidenceNeed;
}

// ---- what a kind is shown -------------------------------------------------------------------

export interface PartitionView {
  partition: number;
  /** Broker id, -1 while there is none. */
  leader: number;
  replicas: number[];
  isr: number[];
  beginningOffset: number;
  endOffset: number;
}

export interface TopicView {
  name: string;
  partitions: PartitionView[];
}

export interface GroupMemberView {
  id: string;
  clientId: string;
  host: string;
  groupInstanceId?: string;
  /** Of the topic asked for. A classic group tells them only while it is Stable. */
  partitions: number[];
  /** `consumer` only: what it is to have; differs from `partitions` while the group reconciles. */
  target?: number[];
  /** `consumer` only: the group's epoch that this member has reached. */
  epoch?: number;
}

export interface GroupView {
  /** As the broker says: Empty, Stable, Dead; classic: PreparingRebalance, CompletingRebalance; consumer: Assigning, Reconciling. */
  state: string;
  /** Kafka's `group.protocol`: the clients assign, or the broker (KIP-848). */
  protocol: 'classic' | 'consumer';
  /** Name of the assignor: range, cooperative-sticky, uniform, …; absent while there is none. */
  assignor?: string;
  /** `consumer` only: grows by one with each change. */
  epoch?: number;
  members: GroupMemberView[];
  /** Committed offset per partition of the topic; null where nothing was committed. */
  committed: { partition: number; offset: number | null }[];
}

/** One look at Kafka: topic and group read together. */
export interface KafkaView {
  /** When the read of the committed offsets began. */
  at: EpochMs;
  /** From reading the committed offsets to having the end offsets: the error bound of lag is this times the rate. */
  spreadMs: number;
  brokers: { id: number; host: string; port: number }[];
  /** null: Kafka says that there is no such topic. Absent: not asked for. */
  topic?: TopicView | null;
  /** null: Kafka says that there is no such group (or that it is dead). Absent: not asked for. */
  group?: GroupView | null;
  /** The evidence topic of this Kafka cluster (made when missing), with the end offset of each partition. */
  evidence: { topic: string; endOffsets: number[] };
}

/** An action, or the application of a desired object, of an earlier round that did not succeed and has not succeeded since. */
export interface Failure {
  /** Apply: the object of `Plan.apply` that the API server (or the runtime, for an object of somebody else) refused. */
  action: Action | { type: 'Apply'; target: ObjectRef };
  /** Refused: the same call can't succeed, the user has to change something. Unreachable, Unexpected: tried again with backoff. */
  reason: 'Refused' | 'Unreachable' | 'Unexpected';
  message: string;
}

export interface Observed<R, Evidence = unknown> {
  resource: R;
  deleting: boolean;
  /** Objects of the kind's `owns` types whose controller is this resource. */
  owned: KubernetesObject[];
  /** The objects asked for by `needs`, in that order; null where there is none. */
  objects: (KubernetesObject | null)[];
  kafka: Known<KafkaView>;
  /** The folded evidence of the run, once it has been read up to where it ended when reading began. */
  evidence: Known<Evidence>;
  failures: Failure[];
  now: EpochMs;
}

// ---- what a kind answers --------------------------------------------------------------------

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

/** An Event about the resource. */
export interface Notice {
  type: 'Normal' | 'Warning';
  /** CamelCase, for machines. */
  reason: string;
  /** A sentence, for people. At most 1,024 characters are kept. */
  message: string;
}

export interface Plan<Status> {
  /** Desired objects, complete; the runtime adds namespace, owner reference and labels, applies them server-side, and prunes owned objects that are not among them. */
  apply: KubernetesObject[];
  /** Idempotent by themselves: a repeat after a crash changes nothing more. Carried out in order, after `apply`. */
  actions: Action[];
  /** The whole status: a field left out is removed. */
  status: Status;
  events: Notice[];
  /** Look again after this many milliseconds even when nothing changes; absent: only on change. */
  lookAgainInMs?: number;
  /** Only while deleting: nothing is left to do, take the finalizer away. */
  finished?: boolean;
}

export interface Kind<R extends KubernetesObject, Status, Evidence = unknown> {
  apiVersion: string;
  kind: string;
  /** Lower-case plural, as in the URL. */
  plural: string;
  /** Types of the objects it makes (watched by owner reference, pruned when no longer desired). */
  owns: (TypeRef & { plural: string })[];
  /**
   * Asked first without `objects`, to learn which ones to look at, and again with them (null where there is none), until
   * it asks for no others: what one of them holds may tell which one comes next. It only ever adds some at the end.
   */
  needs(resource: R, objects?: (KubernetesObject | null)[]): Needs;
  plan(seen: Observed<R, Evidence>): Plan<Status>;
}
