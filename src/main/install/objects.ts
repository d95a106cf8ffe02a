/** What the operator needs in a cluster, as plain data: for manifests/install.yaml with values, for the chart with template expressions. */
import { CRDS } from '../../api/schema/crds.ts';

export type Manifest = Record<string, unknown>;

export const OPERATOR = 'kafka-lab-operator';
/** Of /healthz, /readyz and /metrics. */
export const OPERATOR_PORT = 8081;

/**
 * A pod's share of a full node is by its request: beside dozens of consumers the operator has to keep its watches, its
 * lease and the figures up to date.
 */
export const OPERATOR_RESOURCES = { requests: { cpu: '250m', memory: '128Mi' }, limits: { memory: '512Mi' } };

/** Plain text, or a template expression that becomes it. */
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
  /** The Kafka resource behind them; empty: none. */
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
const of = (subresource: string) => plurals.map((plural) => `${plural}/${subresource}`);

/** Where a Kafka resource of Strimzi is: topics by KafkaTopics, addresses from the Kafka resource. */
export const STRIMZI_RULES: PolicyRule[] = [
  {
    apiGroups: ['kafka.strimzi.io'],
    resources: ['kafkatopics'],
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
  },
  { apiGroups: ['kafka.strimzi.io'], resources: ['kafkas'], verbs: ['get', 'list', 'watch'] },
];

/**
 * In every namespace that is watched. Nothing here reads Secrets; of anybody else's objects it changes no more than the
 * scale that a ConsumerScale names, and the partitions of a KafkaTopic that a lab asks more of. Rights to delete can't be
 * narrowed to what it made; it deletes nothing else.
 */
export const WATCHED_RULES: PolicyRule[] = [
  { apiGroups: groups, resources: plurals, verbs: ['get', 'list', 'watch', 'patch'] },
  // What a Lab makes, and takes away with it.
  { apiGroups: groups, resources: ['loadtests', 'consumerscales'], verbs: ['create', 'delete'] },
  { apiGroups: groups, resources: of('status'), verbs: ['patch'] },
  // To name a resource as owner that its deletion has to wait for.
  { apiGroups: groups, resources: of('finalizers'), verbs: ['update'] },
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
  // Anyone's consumers, where a ConsumerScale names them.
  { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['apps'], resources: ['deployments/scale', 'statefulsets/scale'], verbs: ['get', 'patch', 'update'] },
  // The address of a consumer that is to be told how it is going to end; the one that a Lab's kill step takes away.
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch', 'delete'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['get', 'create', 'patch'] },
  ...STRIMZI_RULES,
];

/** In the operator's own namespace: which of its replicas acts. */
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

/** Who may view or edit a namespace may do so with labs. */
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
      // admin has edit already, and edit has view.
    },
  },
  rules: [{ apiGroups: groups, resources: plurals, verbs }, ...more],
});

export const deployment = (it: Installation): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: it.name, namespace: it.namespace, labels: it.labels },
  spec: {
    // Two are possible: one acts, the other takes over when its lease runs out.
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
            // Three minutes without any answer: a machine that is only busy gives one in that time.
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

/** Everything for one cluster-wide installation, in the order in which it can be applied; without the CRDs. */
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
