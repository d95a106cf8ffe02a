/** The Helm chart, made from the same objects as manifests/install.yaml. */
import { z } from 'zod';
import { WORKER_LABELS, WORKER_PORT } from '../../domain/workers/environment.ts';
import * as objects from './objects.ts';

/** values.yaml: what each value is and its default, for people and for values.schema.json. */
const values = z.strictObject({
  image: z
    .strictObject({
      repository: z.string().min(1).default('kafka-lab-operator').describe('Image of the operator and its workers.'),
      tag: z.string().default('').describe('Empty: the chart’s appVersion.'),
      pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent').describe('When it is pulled.'),
    })
    .prefault({}),
  workerImage: z.string().default('').describe('Image of producers and consumers. Empty: the same as the operator’s.'),
  replicas: z.int().min(1).max(3).default(1).describe('Operators; one acts, the others wait for its lease to run out.'),
  kafka: z
    .strictObject({
      bootstrapServers: z
        .string()
        .min(1)
        .default('my-cluster-kafka-bootstrap.kafka.svc:9092')
        .describe('Kafka cluster of LoadTests without spec.kafka: host:port, several separated by commas.'),
    })
    .prefault({}),
  strimzi: z
    .strictObject({
      cluster: z
        .string()
        .default('')
        .describe('Name of the Kafka resource of Strimzi behind kafka.bootstrapServers. Empty: none.'),
      namespace: z.string().default('').describe('Its namespace, where the KafkaTopics of labs are made.'),
    })
    .prefault({}),
  watchNamespaces: z
    .array(z.string().min(1))
    .default([])
    .describe('Namespaces to work in, with Roles in these only. Empty: all, with a ClusterRole.'),
  crds: z
    .strictObject({
      install: z.boolean().default(true).describe('Install the CRDs; they stay when the chart is uninstalled.'),
    })
    .prefault({}),
  userRoles: z
    .boolean()
    .default(true)
    .describe('Let those who may view or edit a namespace view or edit its labs (aggregated ClusterRoles).'),
  logLevel: z.enum(['error', 'warn', 'info', 'debug']).default('info').describe('How much the operator logs.'),
  resources: z.looseObject({}).default(objects.OPERATOR_RESOURCES).describe('Resources of the operator’s container.'),
  networkPolicy: z
    .strictObject({
      enabled: z.boolean().default(false).describe('Restrict the operator’s connections to those it needs.'),
      kafkaPorts: z
        .array(z.int().min(1).max(65_535))
        .default([9092])
        .describe('Ports of all brokers, for the way out.'),
      apiServerPorts: z
        .array(z.int().min(1).max(65_535))
        .default([443, 6443])
        .describe('Ports of the API server, for the way out.'),
    })
    .prefault({}),
});

export const valuesSchema = (): unknown => z.toJSONSchema(values, { target: 'draft-7', io: 'input' });

/** The defaults, each with what it is, as YAML. */
export function valuesYaml(scalar: (value: unknown) => string): string {
  const lines: string[] = ['# Made by src/main/generate.ts; values.schema.json has the bounds.'];
  const write = (schema: z.ZodType, given: unknown, indent: string): void => {
    const shape = (unwrapped(schema) as z.ZodObject).shape as Record<string, z.ZodType>;
    for (const [name, child] of Object.entries(shape)) {
      const value = (given as Record<string, unknown>)[name];
      const inner = unwrapped(child);
      if (child.description) lines.push(`${indent}# ${child.description}`);
      if (inner instanceof z.ZodObject && Object.keys(inner.shape).length > 0) {
        lines.push(`${indent}${name}:`);
        write(child, value, `${indent}  `);
      } else lines.push(`${indent}${name}: ${scalar(value)}`);
    }
  };
  write(values, values.parse({}), '');
  return `${lines.join('\n')}\n`;
}

function unwrapped(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
    ? unwrapped(schema.unwrap() as z.ZodType)
    : schema;
}

const LABELS = {
  'app.kubernetes.io/name': objects.OPERATOR,
  'app.kubernetes.io/instance': '{{ .Release.Name }}',
};
const IMAGE = '{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}';

/** A list of ports from the values; written with the line it stands in. */
function ports(path: string): string {
  return `{{- range ${path} }}\n        - { protocol: TCP, port: {{ . }} }\n        {{- end }}`;
}

/** Replaced by a block of YAML, since an expression in quotes is always text. */
const BLOCKS = {
  REPLICAS: '{{ .Values.replicas }}',
  RESOURCES: '{{- toYaml .Values.resources | nindent 12 }}',
  KAFKA_PORTS: ports('.Values.networkPolicy.kafkaPorts'),
  API_SERVER_PORTS: ports('.Values.networkPolicy.apiServerPorts'),
} as const;

const installation: objects.Installation = {
  name: '{{ .Release.Name }}',
  namespace: '{{ .Release.Namespace }}',
  labels: { ...LABELS, 'app.kubernetes.io/managed-by': '{{ .Release.Service }}' },
  selector: LABELS,
  image: IMAGE,
  workerImage: `{{ .Values.workerImage | default (printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion)) }}`,
  imagePullPolicy: '{{ .Values.image.pullPolicy }}',
  replicas: 'REPLICAS',
  bootstrapServers: '{{ .Values.kafka.bootstrapServers }}',
  strimziCluster: '{{ .Values.strimzi.cluster }}',
  strimziNamespace: '{{ .Values.strimzi.namespace }}',
  watchNamespaces: '{{ join "," .Values.watchNamespaces }}',
  logLevel: '{{ .Values.logLevel }}',
  resources: 'RESOURCES',
};

const networkPolicy = (it: objects.Installation): objects.Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: it.name, namespace: it.namespace, labels: it.labels },
  spec: {
    podSelector: { matchLabels: it.selector },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ ports: [{ protocol: 'TCP', port: objects.OPERATOR_PORT }] }],
    egress: [
      {
        ports: [
          { protocol: 'UDP', port: 53 },
          { protocol: 'TCP', port: 53 },
        ],
      },
      { ports: 'API_SERVER_PORTS' },
      { ports: 'KAFKA_PORTS' },
      // Workers, in whatever namespace their LoadTest is.
      {
        to: [{ namespaceSelector: {}, podSelector: { matchLabels: WORKER_LABELS } }],
        ports: [{ protocol: 'TCP', port: WORKER_PORT }],
      },
    ],
  },
});

/** Path within the chart → content. `yaml` writes one object. */
export function chartFiles(version: string, yaml: (object: unknown) => string): Map<string, string> {
  const filled = (text: string) =>
    Object.entries(BLOCKS).reduce((filling, [name, block]) => filling.replace(`: ${name}\n`, `: ${block}\n`), text);
  const documents = (...parts: objects.Manifest[]) => parts.map((part) => filled(yaml(part))).join('---\n');
  const when = (condition: string, text: string) => `{{- if ${condition} }}\n${text}{{- end }}\n`;

  const it = installation;
  const own = `${it.name}`;
  const watched = `${it.name}-watched`;
  const strimzi = `${it.name}-strimzi`;
  const strimziNamespace = '{{ .Values.strimzi.namespace }}';
  const ofStrimzi = documents(
    objects.role(it, strimzi, strimziNamespace, objects.STRIMZI_RULES),
    objects.roleBinding(it, strimzi, strimziNamespace),
  );
  const perNamespace = documents(
    objects.role(it, watched, '{{ $namespace }}', objects.WATCHED_RULES),
    objects.roleBinding(it, watched, '{{ $namespace }}'),
    // Within a range, `.` is the namespace.
  ).replaceAll('{{ .Release', '{{ $.Release');

  return new Map([
    [
      'Chart.yaml',
      yaml({
        apiVersion: 'v2',
        name: objects.OPERATOR,
        description: 'A Kubernetes operator for Kafka load and rebalancing labs',
        type: 'application',
        version,
        appVersion: version,
        kubeVersion: '>=1.30.0-0',
      }),
    ],
    ['values.yaml', valuesYaml((value) => JSON.stringify(value))],
    ['values.schema.json', `${JSON.stringify(valuesSchema(), null, 2)}\n`],
    [
      'templates/crds.yaml',
      when(
        '.Values.crds.install',
        `{{- range $path, $_ := .Files.Glob "crds-kept/*.yaml" }}\n---\n{{ $.Files.Get $path }}\n{{- end }}\n`,
      ),
    ],
    ['templates/deployment.yaml', documents(objects.serviceAccount(it), objects.deployment(it))],
    [
      'templates/rbac.yaml',
      `${documents(objects.role(it, own, it.namespace, objects.OWN_RULES), objects.roleBinding(it, own, it.namespace))}` +
        `{{- if .Values.watchNamespaces }}\n{{- range $namespace := .Values.watchNamespaces }}\n---\n${perNamespace}{{- end }}\n` +
        when('.Values.strimzi.namespace', `---\n${ofStrimzi}`) +
        `{{- else }}\n---\n${documents(objects.clusterRole(it), objects.clusterRoleBinding(it))}{{- end }}\n`,
    ],
    ['templates/user-roles.yaml', when('.Values.userRoles', documents(...objects.userRoles(it)))],
    ['templates/network-policy.yaml', when('.Values.networkPolicy.enabled', documents(networkPolicy(it)))],
  ]);
}
