/** A kind for tests of the runtime: it creates `copies` ConfigMaps and reports their number. */
import type { Kind, Notice } from '../../src/contract/kind.ts';
import type { KubernetesObject, ObjectRef, Resource } from '../../src/contract/kubernetes.ts';
import { objectIn } from '../../src/contract/queries.ts';
import type { Cluster } from '../../src/runtime/ports.ts';
import { until } from './until.ts';

export interface ToySpec {
  copies: number;
  text?: string;
  /** The status counts rounds with this period. */
  tickMs?: number;
  /** The status has a text of this many bytes. */
  ballastBytes?: number;
  watches?: { apiVersion: string; kind: string; name: string };
  scale?: { name: string; replicas: number };
  /** `plan` throws this text. */
  broken?: string;
  /** A deleted toy stays until this ConfigMap is gone. */
  waitsFor?: string;
}

export interface ToyStatus {
  copies?: number;
  ticks?: number;
  failures?: { action: string; reason: string; message: string }[];
  watched?: string;
  ballast?: string;
}

export type Toy = Resource<ToySpec, ToyStatus>;

const API = 'example.dev/v1';

export const toyKind: Kind<Toy, ToyStatus> = {
  apiVersion: API,
  kind: 'Toy',
  plural: 'toys',
  owns: [
    { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps' },
    // The API server does not have this type.
    { apiVersion: 'absent.example.dev/v1', kind: 'Absent', plural: 'absents' },
  ],
  needs: (toy) => ({ queries: watchedBy(toy).map((get) => ({ get })) }),
  plan({ resource, deleting, owned, answers, failures }) {
    const { copies, text, tickMs, ballastBytes, scale, broken, waitsFor } = resource.spec;
    if (broken) throw new Error(broken);
    const watched = objectIn(answers[0]);
    const events: Notice[] = [];
    if (!deleting && (resource.status?.copies ?? 0) !== owned.length) {
      events.push({ type: 'Normal', reason: 'Copied', message: `There are ${owned.length} copies.` });
    }
    const status: ToyStatus = {
      copies: owned.length,
      ...(tickMs ? { ticks: (resource.status?.ticks ?? 0) + 1 } : {}),
      ...(ballastBytes ? { ballast: 'x'.repeat(ballastBytes) } : {}),
      ...(watched ? { watched: String((watched.data as { text?: string } | undefined)?.text) } : {}),
      failures: failures.map(({ action, reason, message }) => ({ action: action.type, reason, message })),
    };
    const blocked = deleting && waitsFor !== undefined && answers.some((answer) => objectIn(answer) !== null);
    return {
      apply: deleting ? [] : Array.from({ length: copies }, (_, index) => copy(resource, index, text)),
      actions:
        scale && !deleting
          ? [{ type: 'Scale', target: deployment(resource, scale.name), replicas: scale.replicas }]
          : [],
      status,
      events,
      ...(tickMs ? { lookAgainInMs: tickMs } : {}),
      ...(deleting ? { finished: owned.length === 0 && !blocked } : {}),
    };
  },
};

const deployment = (toy: Toy, name: string): ObjectRef => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  namespace: toy.metadata.namespace,
  name,
});

function watchedBy({ spec, metadata: { namespace } }: Toy): ObjectRef[] {
  if (spec.watches) return [{ ...spec.watches, namespace }];
  return spec.waitsFor ? [{ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: spec.waitsFor }] : [];
}

const copy = (toy: Toy, index: number, text = ''): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: `${toy.metadata.name}-${index}` },
  data: { text },
});

const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

const toyCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'toys.example.dev' },
  spec: {
    group: 'example.dev',
    scope: 'Namespaced',
    names: { kind: 'Toy', plural: 'toys', singular: 'toy', listKind: 'ToyList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: anything, status: anything } } },
      },
    ],
  },
} satisfies KubernetesObject;

export const toy = (name: string, spec: ToySpec, namespace = 'default'): KubernetesObject => ({
  apiVersion: API,
  kind: 'Toy',
  metadata: { name, namespace },
  spec,
});

export const toyRef = (name: string): ObjectRef => ({ apiVersion: API, kind: 'Toy', namespace: 'default', name });

export const configMapRef = (name: string): ObjectRef => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace: 'default',
  name,
});

export async function installToys(cluster: Cluster): Promise<void> {
  await cluster.create(toyCrd);
  await until('toys are served', () => cluster.list({ apiVersion: API, kind: 'Toy', plural: 'toys' }, {}));
}
