/** The operator's objects in a cluster, as plain data: with values for manifests/install.yaml, with template expressions for the chart. */
import { CRDS } from '../../api/schema/crds.ts';

export type Manifest = Record<string, unknown>;

export const OPERATOR = 'kafka-lab-operator';
/** Port of /healthz, /readyz and /metrics. */
export const OPERATOR_PORT = 8081;

/**
 * On a busy node a pod gets CPU in proportion to its request. Beside dozens of consumers the operator needs enough to keep
 * its watches, its lease and the figures up to date.
 */
export const OPERATOR_RESOURCES = { requests: { cpu: '250m', memory: '128Mi' }, limits: { memory: '512Mi' } };

/** The values of an installation, each as itself or as a template expression. */
export interface Installation {
  name: string;
  namespace: string;
  labels: Record<string, string>;
  selector: Record<string, string>;
  image: string;
  workerImage: string;
  imagePullPolicy: string;
  replicas: unknown;
  bootstrapServers: string;
  /** Strimzi's Kafka resource behind bootstrapServers; empty: none. */
  strimziCluster: string;
  strimziNamespace: string;
  /** Comma-separated; empty: all. */
  watchNamespaces: string;
  logLevel: string;
  resources: unknown;
}

interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

const plurals = CRDS.map((crd) => crd.plural);
const groups = [...new Set(CRDS.map((crd) => crd.group))];
const subresources = (subresource: string) => plurals.map((plural) => `${plural}/${subresource}`);

/** Rights in the namespace of a Strimzi Kafka resource: topics are created as KafkaTopics, addresses come from the resource. */
export const STRIMZI_RULES: PolicyRule[] = [
  {
    apiGroups: ['kafka.strimzi.io'],
    resources: ['kafkatopics'],
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
  },
  { apiGroups: ['kafka.strimzi.io'], resources: ['kafkas'], verbs: ['get', 'list', 'watch'] },
];

/**
 * Rights in every watched namespace, without Secrets. Of objects that it did not create, the operator changes only the scale
 * that a ConsumerScale names and the partitions of a KafkaTopic for which a lab wants more. RBAC can't restrict deleting
 * to objects that the operator created; it deletes no others.
 */
export const WATCHED_RULES: PolicyRule[] = [
  { apiGroups: groups, resources: plurals, verbs: ['get', 'list', 'watch', 'patch'] },
  // Resources that a Lab creates, and deletes when it is deleted.
  { apiGroups: groups, resources: ['loadtests', 'consumerscales'], verbs: ['create', 'delete'] },
  { apiGroups: groups, resources: subresources('status'), verbs: ['patch'] },
  // For owner references with blockOwnerDeletion.
  { apiGroups: groups, resources: subresources('finalizers'), verbs: ['update'] },
  {
    apiGroups: groups,
    resources: CRDS.filter((crd) => crd.scale).map((crd) => `${crd.plural}/scale`),
    verbs: ['get', 'patch'],
  },
  {
    apiGroups: ['apps'],
    resources: ['statefulsets'],
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
  },
  // External consumers that a ConsumerScale names.
  { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['apps'], resources: ['deployments/scale', 'statefulsets/scale'], verbs: ['get', 'patch', 'update'] },
  // Autoscalers that would undo the steps of a ConsumerScale.
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['get', 'list', 'watch'] },
  // Reading: the address of a worker that is armed for a crash. Deleting: a Lab's kill step.
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch', 'delete'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['get', 'create', 'patch'] },
  ...STRIMZI_RULES,
];

/** Rights in the operator's own namespace, for leader election. */
export const OWN_RULES: PolicyRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
];

export const namespace = ({ namespace: name, labels }: Installation): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { ...labels, 'pod-security.kubernetes.io/enforce': 'restricted' } },
});

export const serviceAccount = ({ name, namespace, labels }: Installation): Manifest => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace, labels },
});

const rbac = 'rbac.authorization.k8s.io';
const boundTo = ({ name, namespace }: Installation) => [{ kind: 'ServiceAccount', name, namespace }];

export const clusterRole = ({ name, labels }: Installation): Manifest => ({
  apiVersion: `${rbac}/v1`,
  kind: 'ClusterRole',
  metadata: { name, labels },
  rules: WATCHED_RULES,
});

export const clusterRoleBinding = (it: Installation): Manifest => ({
  apiVersion: `${rbac}/v1`,
  kind: 'ClusterRoleBinding',
  metadata: { name: it.name, labels: it.labels },
  roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: it.name },
  subjects: boundTo(it),
});

export const role = (it: Installation, name: string, namespace: string, rules: PolicyRule[]): Manifest => ({
  apiVersion: `${rbac}/v1`,
  kind: 'Role',
  metadata: { name, namespace, labels: it.labels },
  rules,
});

export const roleBinding = (it: Installation, name: string, namespace: string): Manifest => ({
  apiVersion: `${rbac}/v1`,
  kind: 'RoleBinding',
  metadata: { name, namespace, labels: it.labels },
  roleRef: { apiGroup: rbac, kind: 'Role', name },
  subjects: boundTo(it),
});

/** ClusterRoles that are aggregated to view and edit: users who have these may view or edit labs too. */
export const userRoles = ({ name, labels }: Installation): Manifest[] => [
  aggregated(`${name}-view`, labels, 'view', ['get', 'list', 'watch'], []),
  aggregated(
    `${name}-edit`,
    labels,
    'edit',
    ['create', 'update', 'patch', 'delete', 'deletecollection'],
    [{ apiGroups: groups, resources: ['loadtests/scale'], verbs: ['get', 'update', 'patch'] }],
  ),
];

const aggregated = (
  name: string,
  labels: Record<string, string>,
  to: 'view' | 'edit',
  verbs: string[],
  more: PolicyRule[],
): Manifest => ({
  apiVersion: `${rbac}/v1`,
  kind: 'ClusterRole',
  metadata: {
    name,
    labels: {
      ...labels,
      [`rbac.authorization.k8s.io/aggregate-to-${to}`]: 'true',
    },
  },
  rules: [{ apiGroups: groups, resources: plurals, verbs }, ...more],
});

export const deployment = (it: Installation): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: it.name, namespace: it.namespace, labels: it.labels },
  spec: {
    // With more than one, one acts and another takes over when its lease expires.
    replicas: it.replicas,
    selector: { matchLabels: it.selector },
    template: {
      metadata: {
        labels: it.labels,
        annotations: {
          'prometheus.io/scrape': 'true',
          'prometheus.io/port': String(OPERATOR_PORT),
          'prometheus.io/path': '/metrics',
        },
      },
      spec: {
        serviceAccountName: it.name,
        enableServiceLinks: false,
        terminationGracePeriodSeconds: 30,
        securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'operator',
            image: it.image,
            imagePullPolicy: it.imagePullPolicy,
            command: ['node', '/app/operator.mjs'],
            env: [
              { name: 'BOOTSTRAP_SERVERS', value: it.bootstrapServers },
              { name: 'STRIMZI_CLUSTER', value: it.strimziCluster },
              { name: 'STRIMZI_NAMESPACE', value: it.strimziNamespace },
              { name: 'WORKER_IMAGE', value: it.workerImage },
              { name: 'WATCH_NAMESPACES', value: it.watchNamespaces },
              { name: 'LOG_LEVEL', value: it.logLevel },
              { name: 'PORT', value: String(OPERATOR_PORT) },
              { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
            ],
            ports: [{ name: 'http', containerPort: OPERATOR_PORT }],
            readinessProbe: {
              httpGet: { path: '/readyz', port: 'http' },
              periodSeconds: 5,
              timeoutSeconds: 10,
              failureThreshold: 6,
            },
            // Three minutes without an answer: a machine that is only busy answers within that time.
            livenessProbe: {
              httpGet: { path: '/healthz', port: 'http' },
              initialDelaySeconds: 15,
              periodSeconds: 30,
              timeoutSeconds: 30,
              failureThreshold: 6,
            },
            resources: it.resources,
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
          },
        ],
      },
    },
  },
});

/** All objects of a cluster-wide installation without its CRDs, in the order of applying. */
export function installation(it: Installation): Manifest[] {
  return [
    namespace(it),
    serviceAccount(it),
    clusterRole(it),
    clusterRoleBinding(it),
    role(it, it.name, it.namespace, OWN_RULES),
    roleBinding(it, it.name, it.namespace),
    ...userRoles(it),
    deployment(it),
  ];
}
