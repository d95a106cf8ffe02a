import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { type ApiServer, startApiServer } from '../../support/apiServer.ts';
import { type Objects, objectsOf } from '../../support/objects.ts';
import { until } from '../../support/until.ts';

const OPERATOR = 'system:serviceaccount:kafka-lab-operator:kafka-lab-operator';
const NAMESPACE = 'kafka-lab-operator';
const manifests = loadAll(await readFile(join(import.meta.dirname, '../../../manifests/install.yaml'), 'utf8')) as {
  kind: string;
  apiVersion: string;
  metadata: { name: string; namespace?: string };
  spec?: never;
}[];

const COLLECTIONS: Record<string, string> = {
  CustomResourceDefinition: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  ValidatingAdmissionPolicy: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
  ValidatingAdmissionPolicyBinding: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings',
  Namespace: '/api/v1/namespaces',
  ServiceAccount: `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`,
  ClusterRole: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  ClusterRoleBinding: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  Role: `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/roles`,
  RoleBinding: `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/rolebindings`,
  Deployment: `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`,
};

let server: ApiServer;
let objects: Objects;
const created: { name: string; status: number; message: string }[] = [];

beforeAll(async () => {
  server = await startApiServer();
  objects = objectsOf(server);
  for (const manifest of manifests) {
    const answer = await objects.create(manifest, COLLECTIONS[manifest.kind] ?? manifest.kind);
    created.push({ name: manifest.metadata.name, status: answer.status, message: answer.body.message ?? '' });
  }
  await until('the operator’s rights are known', () => may('list', 'kafkalab.dev', 'loadtests', 'default'));
});

afterAll(async () => {
  await objects?.close();
  await server?.stop();
});

async function may(verb: string, group: string, resource: string, namespace: string): Promise<boolean> {
  const [name, subresource] = resource.split('/');
  const answer = await objects.create(
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: {
        user: OPERATOR,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${NAMESPACE}`, 'system:authenticated'],
        resourceAttributes: { verb, group, resource: name, ...(subresource ? { subresource } : {}), namespace },
      },
    },
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
  );
  const { allowed } = (answer.body as { status?: { allowed?: boolean } }).status ?? {};
  if (allowed === undefined) throw new Error(`no review: ${JSON.stringify(answer.body)}`);
  return allowed;
}

test('the API server accepts every object in the order of the file', () => {
  expect(created.filter(({ status }) => status !== 201)).toEqual([]);
  expect(created.length).toBe(manifests.length);
});

test.each([
  ['watch', 'kafkalab.dev', 'loadtests', 'any'],
  ['patch', 'kafkalab.dev', 'loadtests', 'any'],
  ['patch', 'kafkalab.dev', 'loadtests/status', 'any'],
  ['patch', 'kafkalab.dev', 'consumerscales/status', 'any'],
  ['update', 'kafkalab.dev', 'loadtests/finalizers', 'any'],
  ['patch', 'kafkalab.dev', 'loadtests/scale', 'any'],
  ['create', 'apps', 'statefulsets', 'any'],
  ['patch', 'apps', 'statefulsets', 'any'],
  ['delete', 'apps', 'statefulsets', 'any'],
  ['watch', 'apps', 'deployments', 'any'],
  ['patch', 'apps', 'deployments/scale', 'any'],
  ['patch', 'apps', 'statefulsets/scale', 'any'],
  ['get', '', 'pods', 'any'],
  ['watch', 'kafka.strimzi.io', 'kafkas', 'kafka'],
  ['create', 'kafka.strimzi.io', 'kafkatopics', 'kafka'],
  ['delete', 'kafka.strimzi.io', 'kafkatopics', 'kafka'],
  ['watch', '', 'pods', 'any'],
  ['delete', '', 'pods', 'any'],
  ['create', 'kafkalab.dev', 'loadtests', 'any'],
  ['delete', 'kafkalab.dev', 'consumerscales', 'any'],
  ['patch', 'kafkalab.dev', 'labs/status', 'any'],
  ['update', 'kafkalab.dev', 'labs/finalizers', 'any'],
  ['create', 'events.k8s.io', 'events', 'any'],
  ['update', 'coordination.k8s.io', 'leases', NAMESPACE],
])('the operator may %s %s %s in %s', async (...right) => {
  expect(await may(...right)).toBe(true);
});

test.each([
  ['get', '', 'secrets', 'any'],
  ['list', '', 'secrets', NAMESPACE],
  ['get', '', 'configmaps', 'any'],
  ['create', '', 'pods', 'any'],
  ['patch', '', 'pods', 'any'],
  ['create', '', 'pods/exec', 'any'],
  ['delete', 'kafkalab.dev', 'labs', 'any'],
  ['create', 'kafkalab.dev', 'labs', 'any'],
  ['patch', 'apps', 'deployments', NAMESPACE],
  ['patch', 'kafka.strimzi.io', 'kafkas', 'kafka'],
  ['patch', 'kafka.strimzi.io', 'kafkatopics/status', 'kafka'],
  ['update', 'coordination.k8s.io', 'leases', 'kube-system'],
  ['create', 'rbac.authorization.k8s.io', 'clusterrolebindings', ''],
])('the operator may not %s %s %s in %s', async (...right) => {
  expect(await may(...right)).toBe(false);
});

test('the pod of the operator satisfies the restricted Pod Security standard', async () => {
  const deployment = manifests.find(({ kind }) => kind === 'Deployment') as unknown as {
    spec: { template: { spec: Record<string, unknown> } };
  };
  const pod = (spec: Record<string, unknown>) =>
    objects.tryToCreate(
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'operator' }, spec },
      `/api/v1/namespaces/${NAMESPACE}/pods`,
    );
  const { spec } = deployment.spec.template;
  expect(await pod(spec)).toMatchObject({ status: 201 });
  // The standard is enforced: the same pod without its security context is refused.
  const { securityContext: _, ...open } = spec;
  expect((await pod(open)).body.message).toContain('violates PodSecurity "restricted');
});
