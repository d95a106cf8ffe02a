/** Short forms of the input of a Lab's plan. Times are in ms since BEGIN. */
import { expect } from '@jest/globals';
import { consumerScaleSchema } from '../../src/api/consumerscale/consumerScale.ts';
import { type Lab, labSchema } from '../../src/api/lab/lab.ts';
import type { LabInput } from '../../src/api/lab/spec.ts';
import type { LabStatus } from '../../src/api/lab/status.ts';
import { type LoadTest, loadTestSchema } from '../../src/api/loadtest/loadTest.ts';
import type { LoadTestInput } from '../../src/api/loadtest/spec.ts';
import type { LoadTestStatus } from '../../src/api/loadtest/status.ts';
import { GROUP_VERSION } from '../../src/api/sharedStatus.ts';
import type { Failure } from '../../src/contract/actions.ts';
import type { Plan } from '../../src/contract/kind.ts';
import type { KubernetesObject, ObjectMeta } from '../../src/contract/kubernetes.ts';
import type { Answer } from '../../src/contract/queries.ts';
import { labKind } from '../../src/kinds/lab/plan.ts';
import { BEGIN } from './evidence.ts';
import { actionLine, at, stands } from './seen.ts';

type Steps = LabInput['steps'];
type Resources = NonNullable<LabInput['resources']>;

export const ROUND = {
  topic: { name: 't', partitions: 3, replicas: 2 },
  producers: { replicas: 1 },
  consumers: { replicas: 1, group: 'g' },
};

export const resource = (
  kind: 'LoadTest' | 'ConsumerScale',
  name: string,
  spec: Record<string, unknown>,
): Resources[number] => ({ apiVersion: GROUP_VERSION, kind, metadata: { name }, spec });

export const ONE = [resource('LoadTest', 'round', ROUND)];
export const APPLY: Steps[number] = { name: 'begin', apply: { kind: 'LoadTest', name: 'round' } };

const meta = (name: string, more: Partial<ObjectMeta> = {}) => ({
  name,
  namespace: 'demo',
  uid: `uid-${name}`,
  generation: 1,
  creationTimestamp: at(0),
  ...more,
});

export const lab = (
  spec: Omit<LabInput, 'resources'> & { resources?: Resources },
  status?: LabStatus,
  more: Partial<ObjectMeta> = {},
): Lab => ({
  apiVersion: GROUP_VERSION,
  kind: 'Lab',
  metadata: meta('grade', more),
  spec: labSchema.spec.parse({ resources: ONE, ...spec }),
  ...(status === undefined ? {} : { status }),
});

const READY = (status: 'True' | 'False', reason: string, message: string) => [
  { type: 'Ready', status, reason, message, lastTransitionTime: at(0) },
];

/** A running LoadTest of the lab. The consumers of its spec share the partitions in its status. */
export function running(
  spec: LoadTestInput = ROUND as LoadTestInput,
  {
    name = 'round',
    uid = `uid-${name}`,
    generation = 1,
    ...status
  }: Partial<LoadTestStatus> & {
    name?: string;
    uid?: string;
    generation?: number;
  } = {},
): LoadTest {
  const parsed = loadTestSchema.spec.parse(spec);
  const consumers = parsed.consumers?.replicas ?? 0;
  const { partitions } = parsed.topic;
  const members = Array.from({ length: consumers }, (_, n) => ({
    name: `${name}-consumer-${n}`,
    memberId: `${name}-consumer-${n}-id`,
    host: 'node-1',
    partitions: Array.from({ length: partitions }, (_, p) => p).filter((p) => p % consumers === n),
    source: 'Clients' as const,
  }));
  return {
    apiVersion: GROUP_VERSION,
    kind: 'LoadTest',
    metadata: meta(name, { uid, generation }),
    spec: parsed,
    status: {
      phase: 'Running',
      observedGeneration: generation,
      conditions: READY('True', 'Running', 'all ready'),
      topic: { partitions, replicas: 2, managedBy: 'Admin', created: true },
      ...(parsed.producers === undefined
        ? {}
        : {
            producers: {
              desired: parsed.producers.replicas,
              ready: parsed.producers.replicas,
              attempted: 0,
              acknowledged: 0,
              failed: 0,
              bytes: 0,
              messagesPerSecond: 0,
              bytesPerSecond: 0,
              elapsedMs: 0,
            },
          }),
      ...(parsed.consumers === undefined
        ? {}
        : {
            consumers: {
              desired: consumers,
              ready: consumers,
              selector: 'x=y',
              memberCount: members.length,
              externalMemberCount: 0,
              members,
              idle: members.filter((member) => member.partitions.length === 0).map(({ name }) => name),
              consumed: 0,
              messagesPerSecond: 0,
              elapsedMs: 0,
            },
            lag: lagAt(0, 0),
            rebalances: rebalanced(0),
          }),
      ...status,
    },
  };
}

/** A suspended LoadTest without any clients left. */
export function resting(spec: LoadTestInput, known: NonNullable<Parameters<typeof running>[1]> = {}): LoadTest {
  const test = running({ ...spec, suspend: true }, { ...summarised('Suspended', 'at rest', 'Ready'), ...known });
  const { producers, consumers } = test.status ?? {};
  return {
    ...test,
    status: {
      ...(test.status as LoadTestStatus),
      ...(producers === undefined ? {} : { producers: { ...producers, ready: 0 } }),
      ...(consumers === undefined
        ? {}
        : { consumers: { ...consumers, ready: 0, memberCount: 0, externalMemberCount: 0, members: [], idle: [] } }),
    },
  };
}

export const lagAt = (ms: number, total: number): NonNullable<LoadTestStatus['lag']> => ({
  total,
  peak: total,
  at: at(ms),
  errorBound: 0,
  partitions: [],
  history: [],
});

export const rebalanced = (count: number, settled = true): NonNullable<LoadTestStatus['rebalances']> => ({
  count,
  settled,
  longestPauseMs: 0,
  longestStopTheWorldMs: 0,
  recent: Array.from({ length: Math.min(50, count) }, (_, n) => ({
    number: Math.max(0, count - 50) + n + 1,
    at: at(n),
    settledAt: at(n),
    trigger: 'ScaleUp' as const,
    reason: 'asked for',
    protocol: 'Eager' as const,
    source: 'Clients' as const,
    membersBefore: 1,
    membersAfter: 2,
    partitionsMoved: 1,
    stopTheWorldMs: 1,
    longestPauseMs: 100 + n,
    pauses: [],
    members: [],
  })),
});

export const summarised = (
  phase: LoadTestStatus['phase'],
  message: string,
  type: 'Ready' | 'Stalled' | 'Reconciling',
  since = 0,
): Pick<LoadTestStatus, 'phase' | 'conditions'> => ({
  phase,
  conditions: ['Ready', 'Reconciling', 'Stalled'].map((one) => ({
    type: one,
    status: one === type ? ('True' as const) : ('False' as const),
    reason: 'Because',
    message,
    lastTransitionTime: at(since),
  })),
});

export interface Shown {
  now?: number;
  owned?: KubernetesObject[];
  answers?: Answer[];
  failures?: Failure[];
}

/** Freezes the input of a plan, because a plan must not change it. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
}

const LABS = labKind();

export function planLab(resource: Lab, { now = 0, ...shown }: Shown = {}): Plan<LabStatus> {
  const seen = {
    resource,
    deleting: resource.metadata.deletionTimestamp !== undefined,
    owned: [],
    answers: [],
    kafka: { unavailable: 'not asked for' },
    evidence: { unavailable: 'not asked for' },
    done: [],
    failures: [],
    ...shown,
    now: BEGIN + now,
  };
  freeze(seen);
  const plan = LABS.plan(seen);
  labSchema.status.parse(plan.status);
  expect(LABS.plan(seen)).toEqual(plan);
  for (const { kind, spec } of plan.apply) {
    (kind === 'LoadTest' ? loadTestSchema : consumerScaleSchema).spec.parse(spec);
  }
  return plan;
}

/** `LoadTest round (2 consumers, 3 partitions)`: the sizes in the spec of an applied object. */
function appliedLine({ kind, metadata, spec }: KubernetesObject): string {
  const { topic, consumers, producers, suspend } = spec as {
    topic?: { partitions?: number };
    consumers?: { replicas?: number };
    producers?: { replicas?: number; messages?: number };
    suspend?: boolean;
  };
  const sizes = [
    ...(consumers === undefined ? [] : [`${consumers.replicas ?? '-'} consumers`]),
    ...(topic?.partitions === undefined ? [] : [`${topic.partitions} partitions`]),
    ...(producers?.replicas === undefined ? [] : [`${producers.replicas} producers`]),
    ...(producers?.messages === undefined ? [] : [`${producers.messages} messages`]),
    ...(suspend === true ? ['suspended'] : []),
  ];
  return `${kind} ${metadata.name}${sizes.length === 0 ? '' : ` (${sizes.join(', ')})`}`;
}

/** The plan of a Lab as short lines: its state, applied objects, actions and events. */
export function toldOfLab({ status, apply, actions, events }: Plan<LabStatus>) {
  return {
    stands: `${status.phase}, ${stands(status)}`,
    steps: (status.steps ?? []).map(({ phase, doneAt }) => (phase === 'Running' && doneAt ? 'Judging' : phase)),
    applies: apply.map(appliedLine),
    does: actions.map(actionLine),
    tells: events.map(({ reason }) => reason),
  };
}
