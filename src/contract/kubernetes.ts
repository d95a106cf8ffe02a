/** Kubernetes objects as plain JSON, and the types they share. */

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

/** An object of one of our own kinds as the API server returns it: with defaults, and always with uid and generation. */
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

/** metav1.Condition. Types in use: Ready, Reconciling, Stalled (kstatus), LagHigh, RebalanceStorm, IdleConsumers, Deleting. */
export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  observedGeneration?: number;
  /** RFC 3339 with seconds. */
  lastTransitionTime: string;
}
