/** Short forms of the input of a plan, and plans as lines to compare. Times are in ms since BEGIN. */
import { expect } from '@jest/globals';
import { type ConsumerScale, consumerScaleSchema } from '../../src/api/consumerscale/consumerScale.ts';
import type { ConsumerScaleInput } from '../../src/api/consumerscale/spec.ts';
import { type LoadTest, loadTestSchema } from '../../src/api/loadtest/loadTest.ts';
import type { LoadTestInput } from '../../src/api/loadtest/spec.ts';
import type { LoadTestStatus } from '../../src/api/loadtest/status.ts';
import { GROUP_VERSION } from '../../src/api/sharedStatus.ts';
import type { Action } from '../../src/contract/actions.ts';
import type { GroupView, KafkaView } from '../../src/contract/kafkaView.ts';
import type { Known, Observed, Plan } from '../../src/contract/kind.ts';
import type { Condition, KubernetesObject, ObjectMeta } from '../../src/contract/kubernetes.ts';
import type { Query } from '../../src/contract/queries.ts';
import type { Fact } from '../../src/domain/evidence/facts.ts';
import { emptyRun, type Run } from '../../src/domain/fold/run.ts';
import { figuresOf, type RunFigures } from '../../src/domain/fold/runFigures.ts';
import { consumerScaleKind } from '../../src/kinds/consumerscale/plan.ts';
import { loadTestKind } from '../../src/kinds/loadtest/plan.ts';
import { BEGIN, Scenario } from './evidence.ts';
import { shown } from './queries.ts';

export const at = (ms: number): string => new Date(BEGIN + ms).toISOString();

const meta = (name: string, more: Partial<ObjectMeta>) => ({
  name,
  namespace: 'demo',
  uid: `uid-${name}`,
  generation: 1,
  creationTimestamp: at(0),
  ...more,
});

// ---- resources ------------------------------------------------------------------------------

export const TOPIC: LoadTestInput['topic'] = { name: 't', partitions: 3, replicas: 2 };
export const PRODUCERS: NonNullable<LoadTestInput['producers']> = { replicas: 2 };
export const CONSUMERS: NonNullable<LoadTestInput['consumers']> = { replicas: 1, group: 'g' };

/** Changes of the default spec. null removes the part. */
export type SpecChange = { [K in keyof LoadTestInput]?: LoadTestInput[K] | null };

const specOf = (change: SpecChange) => {
  const all = { topic: TOPIC, producers: PRODUCERS, consumers: CONSUMERS, ...change };
  return loadTestSchema.spec.parse(Object.fromEntries(Object.entries(all).filter(([, part]) => part !== null)));
};

/** A LoadTest, by default with two producers, one consumer and a topic of three partitions. */
export const loadTest = (spec: SpecChange = {}, status?: LoadTestStatus, more: Partial<ObjectMeta> = {}): LoadTest => ({
  apiVersion: GROUP_VERSION,
  kind: 'LoadTest',
  metadata: meta('lag', more),
  spec: specOf(spec),
  ...(status === undefined ? {} : { status }),
});

/** A ConsumerScale, by default of LoadTest lag. */
export const consumerScale = (
  spec: Omit<ConsumerScaleInput, 'scaleTargetRef'> & Partial<ConsumerScaleInput>,
  status?: ConsumerScale['status'],
  more: Partial<ObjectMeta> = {},
): ConsumerScale => ({
  apiVersion: GROUP_VERSION,
  kind: 'ConsumerScale',
  metadata: meta('steps', more),
  spec: consumerScaleSchema.spec.parse({
    scaleTargetRef: { apiVersion: GROUP_VERSION, kind: 'LoadTest', name: 'lag' },
    ...spec,
  }),
  ...(status === undefined ? {} : { status }),
});

export const EVIDENCE = { topic: 'kafkalab-evidence', partition: 2, offset: 20 };

/** The status of a LoadTest that has run since 0 on a topic that it created. */
export const runningStatus = (more: Partial<LoadTestStatus> = {}): LoadTestStatus => ({
  phase: 'Running',
  observedGeneration: 1,
  conditions: [],
  startedAt: at(0),
  preparedAt: at(0),
  evidence: EVIDENCE,
  topic: { partitions: 3, replicas: 2, managedBy: 'Admin', created: true, id: 'id-t' },
  ...more,
});

/** The StatefulSet of a role with its desired and ready pods. */
export const pods = (role: 'producer' | 'consumer', replicas: number, ready = replicas): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: `lag-${role}`, namespace: 'demo' },
  spec: { replicas },
  status: { replicas, readyReplicas: ready },
});

// ---- Kafka ----------------------------------------------------------------------------------

export const group = (members: string[], committed: GroupView['committed'] = []): GroupView => ({
  state: members.length === 0 ? 'Empty' : 'Stable',
  protocol: 'classic',
  members: members.map((clientId) => ({ memberId: `${clientId}-1`, clientId, host: '10.0.0.1', partitions: [] })),
  committed,
});

export const kafka = ({
  at = 0,
  partitions = 3,
  id = 'id-t',
  end = 0,
  evidence = [10, 10, 20, 10],
  brokers = 3,
  group = null,
  configs,
}: {
  at?: number;
  /** null: the topic does not exist. */
  partitions?: number | null;
  /** Kafka's id of the topic. */
  id?: string;
  /** The end offset of each partition. */
  end?: number;
  /** The end offsets of the evidence topic. Empty: it does not exist. */
  evidence?: number[];
  brokers?: number;
  group?: GroupView | null;
  configs?: NonNullable<KafkaView['configs']>;
} = {}): Known<KafkaView> => ({
  known: {
    at: BEGIN + at,
    spreadMs: 5,
    brokers: Array.from({ length: brokers }, (_, id) => ({ id, host: `kafka-${id}`, port: 9092 })),
    topic:
      partitions === null
        ? null
        : {
            name: 't',
            id,
            partitions: Array.from({ length: partitions }, (_, partition) => ({
              partition,
              leader: 0,
              replicas: [0, 1],
              isr: [0, 1],
              beginningOffset: 0,
              endOffset: end,
            })),
          },
    group,
    ...(configs === undefined ? {} : { configs }),
    evidence: { topic: 'kafkalab-evidence', endOffsets: evidence },
  },
});

export const AWAY = { unavailable: 'Kafka at kafka:9092 does not answer: ECONNREFUSED' };
export const UNREAD = { unavailable: 'the evidence is being read' };

// ---- evidence -------------------------------------------------------------------------------

export const produced = (at: number, n: number, acknowledged: number, more: Partial<Fact> = {}): Fact =>
  ({
    type: 'Produced',
    client: `p-${n}`,
    at: BEGIN + at,
    attempted: acknowledged,
    acknowledged,
    failed: 0,
    bytes: acknowledged * 100,
    firstSentAt: BEGIN,
    lastAcknowledgedAt: BEGIN + at,
    done: true,
    ...more,
  }) as Fact;

export const sampled = (at: number, end: number[], committed: (number | null)[]): Fact => ({
  type: 'LagSample',
  at: BEGIN + at,
  spreadMs: 5,
  groupState: 'Stable',
  groupMembers: 1,
  partitions: end.map((endOffset, partition) => ({
    partition,
    endOffset,
    committedOffset: committed[partition] ?? null,
    beginningOffset: 0,
  })),
});

export const scaled = (at: number, what: 'Producers' | 'Consumers' | 'Partitions', from: number, to: number): Fact => ({
  type: 'Scaled',
  at: BEGIN + at,
  what,
  from,
  to,
});

/** A consumer becomes the owner of these partitions. */
export const joined = (at: number, client: string, owned: number[] = [0, 1, 2]): Fact => ({
  type: 'Assigned',
  client,
  at: BEGIN + at,
  memberId: `${client}-1`,
  protocol: 'Eager',
  gained: owned,
  owned,
});

/** The facts after the start of the default clients: two producers that produce, and a consumer that owns all partitions. */
export const SCALED = [
  scaled(1, 'Producers', 0, 2),
  scaled(2, 'Consumers', 0, 1),
  joined(-5_000, 'lag-consumer-0'),
  ...[0, 1].map((n) => produced(3, n, 1, { done: false })),
];

/** A run with these facts, each reported by its own client. */
export const evidence = (...facts: Fact[]): Known<Run> => {
  const story = new Scenario();
  for (const fact of facts) story.tell(`${'client' in fact ? fact.client : 'operator'}/1`, fact.at - BEGIN, fact);
  return { known: story.run() };
};

// ---- rounds ---------------------------------------------------------------------------------

/** Freezes the input of a plan. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
}

const STATUS_LIMIT = 256 * 1024;

/** Makes one plan, and checks what holds for every plan: it does not change its input, and its status is valid. */
function decide<R extends LoadTest | ConsumerScale, S>(
  kind: { plan(seen: Observed<R, RunFigures>): Plan<S> },
  schema: { parse(value: unknown): unknown },
  { readTo, ...asked }: Observed<R, Run> & Pick<Rest<R>, 'readTo'>,
): Plan<S> {
  const { evidence, now } = asked;
  const known: Known<RunFigures> = 'known' in evidence ? { known: figuresOf(evidence.known, now, readTo) } : evidence;
  const seen = { ...asked, evidence: known };
  const { evidence: _, ...rest } = seen;
  freeze(rest);
  // Compared as text, because it is large with many rebalances.
  const shown = () => JSON.stringify(known);
  const before = shown();
  const plan = kind.plan(seen);
  expect(shown() === before).toBe(true);
  schema.parse(plan.status);
  expect(Buffer.byteLength(JSON.stringify(plan.status))).toBeLessThan(STATUS_LIMIT);
  expect(kind.plan(seen)).toEqual(plan);
  return plan;
}

export const WORKER = { image: 'worker:1', bootstrapServers: 'kafka:9092' };
export const LOAD_TESTS = loadTestKind(WORKER);
export const CONSUMER_SCALES = consumerScaleKind(WORKER);

type Rest<R> = Partial<Omit<Observed<R, Run>, 'resource' | 'evidence' | 'now' | 'deleting'>> & {
  now?: number;
  evidence?: Known<Run>;
  /** Offset up to which the evidence has been read. Absent: to its end. */
  readTo?: number;
};

/** Plans a LoadTest. By default nothing runs, Kafka has neither topic nor group, and there is no evidence. */
export const planLoadTest = (resource: LoadTest, { now = 0, ...seen }: Rest<LoadTest> = {}): Plan<LoadTestStatus> =>
  decide(LOAD_TESTS, loadTestSchema.status, {
    resource,
    deleting: resource.metadata.deletionTimestamp !== undefined,
    owned: [],
    answers: [],
    kafka: kafka({ partitions: null }),
    evidence: UNREAD,
    done: [],
    failures: [],
    ...seen,
    now: BEGIN + now,
  });

export const planConsumerScale = (
  resource: ConsumerScale,
  { now = 0, ...seen }: Rest<ConsumerScale> = {},
): Plan<NonNullable<ConsumerScale['status']>> =>
  decide(CONSUMER_SCALES, consumerScaleSchema.status, {
    resource,
    deleting: resource.metadata.deletionTimestamp !== undefined,
    owned: [],
    answers: [shown(null)],
    kafka: kafka(),
    evidence: { known: emptyRun() },
    done: [],
    failures: [],
    ...seen,
    now: BEGIN + now,
  });

/** What a schedule that scales asks for besides its target: who else scales it. */
export const RIVALS: Query[] = [
  { list: { apiVersion: GROUP_VERSION, kind: 'ConsumerScale' }, namespace: 'demo' },
  {
    list: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' },
    namespace: 'demo',
    orForbidden: true,
  },
];

// ---- answers --------------------------------------------------------------------------------

/** An action in one line: `CreateTopic t/3x2`, `Report Consumers 1->3, LagSample`. */
export function actionLine(action: Action): string {
  switch (action.type) {
    case 'CreateTopic':
      return `CreateTopic ${action.topic}/${action.partitions}x${action.replicas}`;
    case 'AddPartitions':
      return `AddPartitions ${action.topic}/${action.partitions}`;
    case 'DeleteTopic':
      return `DeleteTopic ${action.topic}`;
    case 'DeleteGroup':
      return `DeleteGroup ${action.group}`;
    case 'Scale':
      return `Scale ${action.target.kind}/${action.target.name} ${action.replicas}`;
    case 'SetStop':
      return `SetStop ${action.stop} ${action.pods.map(({ name }) => name).join(', ')}`;
    case 'ApplyObject': {
      const { kind, metadata, spec } = action.object;
      return `ApplyObject ${kind} ${metadata.namespace}/${metadata.name}/${(spec as { partitions: number }).partitions}`;
    }
    case 'Annotate':
      return `Annotate ${action.target.kind}/${action.target.name} ${JSON.stringify(action.annotations)}`;
    case 'DeleteObject':
      return `DeleteObject ${action.target.kind} ${action.target.namespace}/${action.target.name}`;
    case 'Kill':
      return `Kill ${action.pod.name} ${action.uid}`;
    case 'Patch':
      return `Patch ${action.target.kind}/${action.target.name} ${JSON.stringify(action.spec)}`;
    case 'Report':
      return `Report ${(action.facts as Fact[])
        .map((fact) => (fact.type === 'Scaled' ? `${fact.what} ${fact.from}->${fact.to}` : fact.type))
        .join(', ')}`;
  }
}

interface Answered {
  phase: string;
  conditions: Condition[];
}

/** The one condition of Ready, Reconciling and Stalled that is True, with its reason. */
export function stands({ conditions }: Answered): string {
  if (conditions.length === 0) return '';
  const main = conditions.filter(({ type }) => ['Ready', 'Reconciling', 'Stalled'].includes(type));
  const holds = main.filter(({ status }) => status === 'True');
  expect(holds).toHaveLength(1);
  return `${holds[0]?.type} ${holds[0]?.reason}`;
}

/** A plan in one line: `Pending, Reconciling CreatingTopic; does …; applies …; tells …; again in 250`. */
export function told<S extends Answered>({ status, apply, actions, events, lookAgainInMs, finished }: Plan<S>): string {
  const some = (name: string, parts: string[]) => (parts.length === 0 ? [] : [`${name} ${parts.join(' + ')}`]);
  const applied = apply.map(({ metadata, spec }) => `${metadata.name}=${(spec as { replicas: number }).replicas}`);
  return [
    [status.phase, stands(status)].filter((part) => part !== '').join(', '),
    ...some('does', actions.map(actionLine)),
    ...some('applies', applied),
    ...some(
      'tells',
      events.map(({ type, reason }) => `${type} ${reason}`),
    ),
    ...(lookAgainInMs === undefined ? [] : [`again in ${lookAgainInMs}`]),
    ...(finished === true ? ['finished'] : []),
  ].join('; ');
}

export const message = ({ status }: Plan<Answered>, type = 'Ready'): string =>
  status.conditions.find((condition) => condition.type === type)?.message ?? '';
