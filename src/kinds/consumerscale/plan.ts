/** ConsumerScale: a schedule over consumers, one step after the other. Pure. */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { ConsumerScaleStatus } from '../../api/consumerscale/status.ts';
import { GROUP_VERSION } from '../../api/sharedStatus.ts';
import type { Action, Failure } from '../../contract/actions.ts';
import type { Kind, Notice, Observed, Plan } from '../../contract/kind.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import type { Needs } from '../../contract/needs.ts';
import { summaryConditions } from '../../contract/summary.ts';
import { epochMs, iso } from '../../contract/time.ts';
import type { RunFigures } from '../../domain/fold/runFigures.ts';
import { rebalancesLeftOut, withinSize } from '../../domain/status/rebalances.ts';
import { judgeKafkaTopic } from '../../domain/strimzi/kafkaTopic.ts';
import { lookAtStrimzi, type StrimziSight, withRights } from '../../domain/strimzi/lookup.ts';
import type { StrimziCluster } from '../../domain/strimzi/resources.ts';
import { changes } from './changes.ts';
import { prepare, reports } from './externalTarget.ts';
import { idleLeftOut, rebalancesWithin, stepFigures } from './figures.ts';
import { idleRefusal } from './idle.ts';
import { toRestore } from './restore.ts';
import { outcome, type Saying, standingNotices, stepNotices } from './standing.ts';
import { advance, beginAnew, LOOKS_WITHIN_MS, type Progress } from './steps.ts';
import {
  lookedAt,
  sightOf,
  soughtOf,
  type Target,
  targetAmong,
  targetName,
  targetRef,
  targetTrouble,
} from './target.ts';

const FRESH_MS = 500;
/** After the last step, for pauses whose end had not been seen. */
const LAST_PAUSES_MS = 5_000;

type Seen = Observed<ConsumerScale, RunFigures>;

/** `strimzi`: the Kafka resource behind the operator's default connection, where there is one. */
export function consumerScaleKind(strimzi?: StrimziCluster): Kind<ConsumerScale, ConsumerScaleStatus, RunFigures> {
  return {
    apiVersion: GROUP_VERSION,
    kind: 'ConsumerScale',
    plural: 'consumerscales',
    owns: [],
    needs: (resource, objects) => needs(resource, objects, strimzi),
    plan: (seen) => plan(seen, strimzi),
  };
}

const isOver = (status: ConsumerScaleStatus | undefined): boolean =>
  status?.phase === 'Completed' || status?.phase === 'Failed';

function needs(
  resource: ConsumerScale,
  objects: (KubernetesObject | null)[] | undefined,
  byDefault: StrimziCluster | undefined,
): Needs {
  const deleting = resource.metadata.deletionTimestamp !== undefined;
  if (isOver(resource.status) && !deleting) return {};
  const target = targetAmong(resource, objects);
  const sought = deleting ? undefined : soughtOf(resource, byDefault);
  const strimzi = sought === undefined ? [] : lookAtStrimzi(sought, objects?.slice(1)).refs;
  const found: Needs = { objects: [targetRef(resource), ...strimzi] };
  return target === undefined || deleting ? found : { ...found, ...lookedAt(resource, target) };
}

function plan(seen: Seen, byDefault: StrimziCluster | undefined): Plan<ConsumerScaleStatus> {
  const { resource, now } = seen;
  const { spec, status: before } = resource;
  const target = targetAmong(resource, seen.objects);
  if (seen.deleting) return leave(seen, target);
  if (before !== undefined && isOver(before)) {
    return {
      apply: [],
      actions: [],
      events: [],
      status: { ...before, observedGeneration: resource.metadata.generation },
    };
  }

  const name = targetName(resource);
  const trouble = targetTrouble(resource, target);
  const sight = sightOf(resource, seen.objects, byDefault);
  const preparation =
    trouble === undefined && target !== undefined && target.loadTest === undefined
      ? prepare(seen, target, sight)
      : undefined;
  const missing = trouble ?? preparation?.missing;
  // The steps have ended: what becomes of the target changes nothing about them.
  if (before?.finishedAt !== undefined && (missing !== undefined || 'unavailable' in seen.evidence)) {
    const lingers = missing === undefined && now - (epochMs(before.finishedAt) ?? now) < LOOKS_WITHIN_MS;
    return conclude(seen, target, { parts: {}, events: [], lingers });
  }
  const waits = (saying: Saying, parts: Partial<ConsumerScaleStatus> = {}, lookAgainInMs?: number) =>
    answer(seen, { target: name, ...preparation?.parts, ...parts }, saying, [], lookAgainInMs);
  const phase = before?.startedAt === undefined ? 'Pending' : 'Running';
  if (trouble !== undefined) {
    const suspended = target?.loadTest?.status?.phase === 'Suspended' && before?.steps !== undefined;
    return waits(trouble, suspended ? { steps: beginAnew(before.steps ?? []) } : {});
  }
  if (preparation?.missing !== undefined) {
    const again = preparation.missing.state === 'Finished' ? undefined : FRESH_MS;
    return { ...waits(preparation.missing, {}, again), actions: preparation.actions };
  }
  if (target?.consumers === undefined) throw new Error('without consumers there was trouble');
  if ('unavailable' in seen.evidence) {
    const message = seen.evidence.unavailable;
    return waits({ phase, state: 'Progressing', reason: 'WaitingForEvidence', message }, {}, FRESH_MS);
  }
  const figures = seen.evidence.known;
  const partitions =
    'known' in seen.kafka && seen.kafka.known.topic != null
      ? seen.kafka.known.topic.partitions.length
      : (target.loadTest?.status?.topic?.partitions ?? 0);
  const others = spec.consumers?.others ?? 0;
  const refusal = spec.allowIdleConsumers
    ? undefined
    : idleRefusal(spec.steps, before?.steps ?? [], partitions, others);
  if (refusal !== undefined) {
    return waits({ phase, state: 'Stalled', reason: 'IdleConsumersRefused', message: refusal }, {}, FRESH_MS);
  }
  const { replicas, clientsPerPod } = target.consumers;
  const begun = {
    target: name,
    targetUid: target.uid,
    replicasAtStart: before?.replicasAtStart ?? replicas,
    partitionsAtStart: before?.partitionsAtStart ?? partitions,
    startedAt: before?.startedAt ?? iso(now),
  };
  const partitionsAsked = target.loadTest?.spec.topic.partitions ?? partitions;
  const situation = {
    now,
    partitions,
    replicas,
    partitionsAsked,
    clientsPerPod,
    figures,
    theirs: spec.consumers?.group,
    others,
  };
  return carry(seen, begun, advance(spec.steps, before?.steps ?? [], situation), figures, target, sight);
}

function carry(
  seen: Seen,
  begun: Partial<ConsumerScaleStatus>,
  progress: Progress,
  figures: RunFigures,
  target: Target,
  sight: StrimziSight | undefined,
): Plan<ConsumerScaleStatus> {
  const { resource, now } = seen;
  const { spec, status: before } = resource;
  const steps = progress.steps.map((step, index) => stepFigures(step, spec.steps, index, figures, now));
  const ended = progress.current === undefined;
  const finishedAt = before?.finishedAt ?? (ended ? iso(now) : undefined);
  const from = epochMs(begun.startedAt) ?? now;
  const to = epochMs(finishedAt) ?? now;
  const parts: Partial<ConsumerScaleStatus> = {
    ...begun,
    steps,
    step: `${steps.filter(({ startedAt }) => startedAt !== undefined).length}/${spec.steps.length}`,
    ...(progress.current === undefined ? {} : { currentStep: progress.current + 1 }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...rebalancesWithin(figures, from, to),
  };
  const events = stepNotices(before?.steps ?? [], steps);
  if (!ended) {
    const actions = changes(seen, progress, target, sight);
    return { ...answer(seen, parts, goingOn(seen, actions, progress, sight), events, FRESH_MS), actions };
  }
  const pending = figures.rebalances.list.some((r) => r.at >= from && r.at <= to && r.pending.length > 0);
  // Looks are read back in their order: with one from the end or later, all that the figures need are there.
  const unread = (figures.lag?.at ?? 0) < to;
  const lingers =
    (now - to < LAST_PAUSES_MS && (pending || !figures.rebalances.settled)) || (now - to < LOOKS_WITHIN_MS && unread);
  return conclude(seen, target, { parts, events, lingers });
}

/** What is said while a step runs: that it can't be carried out, where that is so. */
function goingOn(
  { failures }: Seen,
  actions: readonly Action[],
  { message = '', partitions }: Progress,
  sight: StrimziSight | undefined,
): Saying {
  // One of an action that is no longer asked for is over.
  const failing = failures.filter(({ action }) =>
    actions.some((one) => one.type === action.type && (one.type !== 'Scale' || one.replicas === replicasOf(action))),
  );
  const refused = failing.find(({ reason }) => reason === 'Refused');
  if (refused !== undefined) {
    const { action, message: why } = refused;
    const ofStrimzi = action.type === 'Patch' && action.target.kind === 'KafkaTopic';
    const said = ofStrimzi ? withRights(why, action.target.namespace) : why;
    return { phase: 'Running', state: 'Stalled', reason: 'Refused', message: said };
  }
  if (partitions !== undefined && sight?.forbidden !== undefined) {
    return { phase: 'Running', state: 'Stalled', reason: 'StrimziForbidden', message: sight.forbidden };
  }
  // Partitions that come by a KafkaTopic wait for the Topic Operator.
  const topic = partitions === undefined ? null : (sight?.topic ?? null);
  const verdict = topic === null || sight === undefined ? undefined : judgeKafkaTopic(topic, sight.at);
  if (verdict?.is === 'Refused') {
    return { phase: 'Running', state: 'Stalled', reason: verdict.reason, message: verdict.why };
  }
  const waits = verdict?.is === 'Waiting' ? `; ${verdict.why}` : '';
  const again = waits + failing.map(({ message }) => `; ${message}; it is tried again`).join('');
  return { phase: 'Running', state: 'Progressing', reason: 'Running', message: message + again };
}

/** The steps have ended: gives back what was asked to be given back, and then says how it went. */
function conclude(
  seen: Seen,
  target: Target | undefined,
  { parts, events, lingers }: { parts: Partial<ConsumerScaleStatus>; events: Notice[]; lingers: boolean },
): Plan<ConsumerScaleStatus> {
  const { resource } = seen;
  const { spec, status: before } = resource;
  const replicas = toRestore(resource, target);
  const refused = replicas === undefined ? undefined : scaleFailure(seen, replicas);
  if (lingers || (replicas !== undefined && refused === undefined)) {
    const message = replicas === undefined ? 'the last figures are being read' : `going back to ${replicas} consumers`;
    const saying: Saying = { phase: 'Running', state: 'Progressing', reason: 'Running', message };
    const scale: Action[] = replicas === undefined ? [] : [{ type: 'Scale', target: targetRef(resource), replicas }];
    const looks = target !== undefined && target.loadTest === undefined ? reports(seen, target, {}) : [];
    return { ...answer(seen, parts, saying, events, FRESH_MS), actions: [...scale, ...looks] };
  }
  const back = spec.afterwards === 'Restore' && target?.uid === before?.targetUid && replicas === undefined;
  const told = refused === undefined ? events : [...events, notRestored(refused)];
  return answer(
    seen,
    { ...parts, ...(back ? { restored: true } : {}) },
    outcome(parts.steps ?? before?.steps ?? []),
    told,
  );
}

/** Why the target could not be given so many consumers. */
const scaleFailure = ({ failures }: Seen, replicas: number): string | undefined =>
  failures.find(({ action, reason }) => replicasOf(action) === replicas && reason === 'Refused')?.message;

const replicasOf = (action: Failure['action']): number | undefined =>
  action.type === 'Scale' ? action.replicas : undefined;

const notRestored = (why: string): Notice => ({
  type: 'Warning',
  reason: 'NotRestored',
  message: `the consumers found at the start could not be given back: ${why}`,
});

function answer(
  { resource, now }: Seen,
  parts: Partial<ConsumerScaleStatus>,
  saying: Saying,
  events: Notice[],
  lookAgainInMs?: number,
): Plan<ConsumerScaleStatus> {
  const { status: before, metadata } = resource;
  const {
    phase: _phase,
    conditions: _conditions,
    currentStep: _currentStep,
    truncated: _truncated,
    waitingSince: _waitingSince,
    ...kept
  } = before ?? {};
  const status = withinSize<ConsumerScaleStatus>({
    ...kept,
    ...parts,
    phase: saying.phase,
    observedGeneration: metadata.generation,
    conditions: summaryConditions(before?.conditions ?? [], saying, metadata.generation, now),
  });
  const leftOut = [...rebalancesLeftOut(status), ...idleLeftOut(status.steps ?? [])];
  return {
    apply: [],
    actions: [],
    status: leftOut.length === 0 ? status : { ...status, truncated: leftOut },
    events: [...events, ...standingNotices(before, saying)],
    ...(lookAgainInMs === undefined ? {} : { lookAgainInMs }),
  };
}

function leave(seen: Seen, target: Target | undefined): Plan<ConsumerScaleStatus> {
  const { resource } = seen;
  const status = resource.status ?? {
    phase: 'Pending' as const,
    observedGeneration: resource.metadata.generation,
    conditions: [],
  };
  const replicas = toRestore(resource, target);
  const refused = replicas === undefined ? undefined : scaleFailure(seen, replicas);
  if (replicas === undefined || refused !== undefined) {
    const events = refused === undefined ? [] : [notRestored(refused)];
    return { apply: [], actions: [], events, status, finished: true };
  }
  return {
    apply: [],
    actions: [{ type: 'Scale', target: targetRef(resource), replicas }],
    events: [],
    status,
    lookAgainInMs: FRESH_MS,
  };
}
