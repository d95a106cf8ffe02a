/** Kubernetes objects as plain JSON, and the types they share. */

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** An entry of metadata.managedFields: the fields that a client wrote last. */
export interface ManagedFields {
  /** Name of the client, e.g. kubectl-edit. */
  manager?: string;
  operation?: 'Apply' | 'Update';
  /** Time of the client's last change of the object, in whole seconds. Absent for the scale of a custom resource. */
  time?: string;
  /** The fields, as a tree with keys such as `f:spec`. */
  fieldsV1?: Record<string, unknown>;
  /** e.g. scale */
  subresource?: string;
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
  managedFields?: ManagedFields[];
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
