/** LoadTest: what should exist and be said, from what is seen. Pure. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import { GROUP_VERSION } from '../../api/sharedStatus.ts';
import type { Kind, Observed, Plan } from '../../contract/kind.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import type { Needs } from '../../contract/needs.ts';
import { type Summary, summaryConditions } from '../../contract/summary.ts';
import { iso } from '../../contract/time.ts';
import { appendedSince } from '../../domain/figures/appended.ts';
import type { RunView } from '../../domain/figures/figures.ts';
import { lookAtLag, lookAtLog } from '../../domain/fold/operatorFacts.ts';
import { type RunFigures, withLook } from '../../domain/fold/runFigures.ts';
import { isUnknown, serversOf } from '../../domain/settings/connection.ts';
import { lookAtStrimzi } from '../../domain/strimzi/lookup.ts';
import type { StrimziCluster } from '../../domain/strimzi/resources.ts';
import { workloadName } from '../../domain/workers/workloads.ts';
import { judgeIdle } from './conditions/idleConsumers.ts';
import { judgeLag } from './conditions/lagHigh.ts';
import { judgeStorm } from './conditions/rebalanceStorm.ts';
import { isClosed, podsLeft, producersDone, restOf, whyOver } from './ending.ts';
import { rebalanceNotices } from './notices.ts';
import { type Preparation, prepare, refusedSettings } from './preparation/preparation.ts';
import { sightOf, soughtOf } from './preparation/strimziTopic.ts';
import { reports } from './reports.ts';
import { consumerWorkload, podSelector, producerWorkload, type WorkerSettings } from './resources.ts';
import { type Clients, stand, standingNotices } from './standing.ts';
import {
  allRebalances,
  bounded,
  consumed,
  keysStatus,
  lagStatus,
  NOTHING_CONSUMED,
  NOTHING_SENT,
  sent,
} from './status.ts';
import { teardown } from './teardown.ts';

/** While running, figures are brought up to date this often. */
const FRESH_MS = 1_000;
/** While something outside is waited for; shortly after something that was asked of Kafka. */
const RETRY_MS = 2_000;
const SOON_MS = 250;
const SOON: ReadonlySet<string> = new Set(['CreatingTopic', 'PreparingEvidence', 'FindingKafka']);

type Seen = Observed<LoadTest, RunFigures>;

export function loadTestKind(worker: WorkerSettings): Kind<LoadTest, LoadTestStatus, RunFigures> {
  return {
    apiVersion: GROUP_VERSION,
    kind: 'LoadTest',
    plural: 'loadtests',
    owns: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', plural: 'statefulsets' }],
    needs: (resource, objects) => needs(resource, objects, worker.strimzi),
    plan: (seen) => plan(seen, worker),
  };
}

function needs(
  resource: LoadTest,
  objects: (KubernetesObject | null)[] | undefined,
  byDefault: StrimziCluster | undefined,
): Needs {
  const { spec, status, metadata } = resource;
  const deleting = metadata.deletionTimestamp !== undefined;
  if (isOver(status) && !deleting) return {};
  const servers = serversOf(spec.kafka, status?.kafka);
  const sought = soughtOf(resource, byDefault);
  const strimzi = sought === undefined ? {} : { objects: lookAtStrimzi(sought, objects).refs };
  if (isUnknown(spec.kafka, status?.kafka)) return strimzi;
  return {
    ...strimzi,
    kafka: {
      ...servers,
      topic: spec.topic.name,
      ...(spec.consumers === undefined ? {} : { group: spec.consumers.group }),
    },
    ...(status?.evidence === undefined || deleting
      ? {}
      : { evidence: { ...servers, run: metadata.uid, ...status.evidence } }),
  };
}

const isOver = (status: LoadTestStatus | undefined): boolean =>
  status?.phase === 'Completed' || status?.phase === 'Failed';

function plan(seen: Seen, worker: WorkerSettings): Plan<LoadTestStatus> {
  const { resource, now } = seen;
  const { generation: observedGeneration } = resource.metadata;
  const before = resource.status;
  const sight = sightOf(seen, worker.strimzi);
  if (seen.deleting) {
    const status = before ?? { phase: 'Pending' as const, observedGeneration, conditions: [] };
    return teardown(seen, status, workloads(resource, status.evidence, worker, NOBODY), sight);
  }
  if (before !== undefined && isOver(before)) {
    return { apply: [], actions: [], status: { ...before, observedGeneration }, events: [] };
  }

  const preparation = prepare(seen, sight);
  const read = 'known' in seen.evidence ? seen.evidence.known : undefined;
  // Shown in the same round in which it is reported: figures are as new as the look.
  const lookAt = resource.spec.consumers === undefined ? lookAtLog : lookAtLag;
  const look = read === undefined ? undefined : lookAt(seen.kafka, read);
  const figures = read === undefined ? undefined : withLook(read, look);
  const appended =
    figures === undefined ? before?.producers?.appended : appendedSince(preparation.endOffsetsAtStart, figures.lag);
  const impossible = preparation.missing?.reason === 'InvalidSettings';
  const wanted = impossible ? NOBODY : clientsWanted(resource, figures);
  const place = preparation.evidence;
  // Only with a topic, and with a place for the evidence, that are recorded: see preparation.ts.
  const mayStart = preparation.missing === undefined;
  // What runs already goes on while something is missing; nothing new starts.
  const goesOn = mayStart || seen.owned.length > 0;
  const apply = goesOn ? workloads(resource, place, worker, wanted) : [];
  const ready = readyClients(seen, figures);

  const startedAt = before?.startedAt ?? iso(now);
  const allReady = mayStart && ready.producers >= wanted.producers && ready.consumers >= wanted.consumers;
  const preparedAt = before?.preparedAt ?? (allReady && !resource.spec.suspend ? iso(now) : undefined);
  const rest = restOf(resource, allReady, now);
  const ending =
    before?.finishedAt === undefined && preparedAt !== undefined
      ? whyOver(resource, preparedAt, rest, figures, now)
      : undefined;
  const finishedAt = before?.finishedAt ?? (ending === undefined ? undefined : iso(now));
  const stoppedAt =
    before?.stoppedAt ?? (before?.finishedAt !== undefined && podsLeft(seen) === 0 ? iso(now) : undefined);
  const closed = finishedAt !== undefined && isClosed(seen, finishedAt, stoppedAt);

  const standing = stand(seen, preparation.missing, {
    ready,
    wanted,
    preparedAt,
    finishedAt,
    closed,
    figures,
    appended,
  });
  const conditions = summaryConditions(before?.conditions ?? [], standing, observedGeneration, now);
  const lagHigh = judgeLag(resource, conditions, figures?.lag ?? undefined, now);
  const storm = judgeStorm(resource, lagHigh.conditions, figures, now);
  const idle = judgeIdle(resource, storm.conditions, figures, preparation.topic?.partitions, now);
  const status: LoadTestStatus = {
    phase: standing.phase,
    observedGeneration,
    conditions: idle.conditions,
    startedAt,
    ...(preparedAt === undefined ? {} : { preparedAt }),
    ...rest,
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(stoppedAt === undefined ? {} : { stoppedAt }),
    ...(place === undefined ? {} : { evidence: place }),
    ...(preparation.kafka === undefined ? {} : { kafka: preparation.kafka }),
    ...(preparation.topic === undefined ? {} : { topic: preparation.topic }),
    ...figuresStatus(resource, preparation, ready, figures, appended),
  };
  const told = before?.rebalances?.count ?? 0;
  const partitions = preparation.raising;
  return {
    apply,
    actions: [
      ...(goesOn ? reports(seen, { ...wanted, ...(partitions === undefined ? {} : { partitions }) }, look) : []),
      ...preparation.actions,
    ],
    status: bounded(status),
    events: [
      ...standingNotices(before, standing),
      ...(figures === undefined ? [] : rebalanceNotices(told, figures.rebalances.list)),
      ...lagHigh.events,
      ...storm.events,
      ...idle.events,
    ],
    ...(closed ? {} : { lookAgainInMs: lookAgain(standing, preparation, finishedAt, figures) }),
  };
}

function lookAgain(
  { phase }: Summary,
  { missing }: Preparation,
  finishedAt: string | undefined,
  figures: RunView | undefined,
): number {
  if (missing !== undefined && SOON.has(missing.reason)) return SOON_MS;
  // A rebalance is told as soon as it has settled.
  if (phase === 'Running' && figures?.rebalances.settled === false) return SOON_MS;
  return phase === 'Running' || phase === 'Preparing' || finishedAt !== undefined ? FRESH_MS : RETRY_MS;
}

// ---- clients --------------------------------------------------------------------------------

const NOBODY: Clients = { producers: 0, consumers: 0 };

function clientsWanted(loadTest: LoadTest, figures: RunView | undefined): Clients {
  const { spec, status } = loadTest;
  if (spec.suspend || status?.finishedAt !== undefined) return NOBODY;
  const waits = spec.consumers?.start === 'AfterProducers' && !producersDone(loadTest, figures);
  return {
    producers: spec.producers?.replicas ?? 0,
    consumers: waits ? 0 : (spec.consumers?.replicas ?? 0),
  };
}

/** None where it is not known where they should report to, or with settings that the client can't take. */
function workloads(
  loadTest: LoadTest,
  evidence: { topic: string; partition: number } | undefined,
  worker: WorkerSettings,
  clients: Clients,
): KubernetesObject[] {
  if (evidence === undefined || refusedSettings(loadTest).length > 0) return [];
  const place = { evidence: { topic: evidence.topic, partition: evidence.partition }, worker };
  return [
    ...(loadTest.spec.producers === undefined ? [] : [producerWorkload(loadTest, clients.producers, place)]),
    ...(loadTest.spec.consumers === undefined ? [] : [consumerWorkload(loadTest, clients.consumers, place)]),
  ];
}

/** Producers are ready when their evidence says that they produce; by the recorded figures while it can't be read. */
function readyClients({ resource: { metadata, spec, status }, owned }: Seen, figures: RunView | undefined): Clients {
  const ready = (role: 'producer' | 'consumer', part: { replicas: number; clientsPerPod: number } | undefined) => {
    const workload = owned.find((object) => object.metadata.name === workloadName(metadata.name, role));
    const pods = (workload?.status as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0;
    return pods * (part?.clientsPerPod ?? 1);
  };
  const producing = figures?.producers.producing ?? status?.producers?.ready ?? 0;
  return {
    producers: Math.min(ready('producer', spec.producers), producing),
    consumers: ready('consumer', spec.consumers),
  };
}

// ---- figures --------------------------------------------------------------------------------

function figuresStatus(
  { spec, metadata, status: before }: LoadTest,
  { groupCreated, endOffsetsAtStart }: Preparation,
  ready: Clients,
  figures: RunView | undefined,
  appended: number | undefined,
): Partial<LoadTestStatus> {
  const { producers, consumers } = spec;
  const parts: Partial<LoadTestStatus> = {};
  if (producers !== undefined) {
    parts.producers = {
      ...(figures === undefined ? (before?.producers ?? NOTHING_SENT) : sent(figures, appended)),
      desired: producers.replicas,
      ready: ready.producers,
      ...(endOffsetsAtStart === undefined ? {} : { endOffsetsAtStart }),
    };
    const keys = figures === undefined ? before?.keys : keysStatus(figures);
    if (keys !== undefined) parts.keys = keys;
  }
  if (consumers !== undefined) {
    parts.consumers = {
      ...(figures === undefined ? (before?.consumers ?? NOTHING_CONSUMED) : consumed(figures)),
      desired: consumers.replicas,
      ready: ready.consumers,
      selector: podSelector(metadata.name, 'consumer'),
      ...(groupCreated === undefined ? {} : { groupCreated }),
    };
    const lag = figures === undefined || figures.lag === null ? before?.lag : lagStatus(figures.lag);
    if (lag !== undefined) parts.lag = lag;
    const rebalances = figures === undefined ? before?.rebalances : allRebalances(figures);
    if (rebalances !== undefined) parts.rebalances = rebalances;
  }
  const delivery = figures?.delivery ?? before?.delivery;
  if (delivery !== undefined) parts.delivery = delivery;
  return parts;
}
