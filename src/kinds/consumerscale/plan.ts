/** The plan of a ConsumerScale: a schedule that changes consumers and partitions, one step after the other. Pure. */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { ConsumerScaleStatus } from '../../api/consumerscale/status.ts';
import { GROUP_VERSION } from '../../api/sharedStatus.ts';
import type { Action } from '../../contract/actions.ts';
import type { Kind, Observed, Plan } from '../../contract/kind.ts';
import { progressing, stalled } from '../../contract/summary.ts';
import { epochMs, iso } from '../../contract/time.ts';
import type { RunFigures } from '../../domain/fold/runFigures.ts';
import { judgeKafkaTopic } from '../../domain/strimzi/kafkaTopic.ts';
import { type StrimziView, withRights } from '../../domain/strimzi/lookup.ts';
import type { StrimziCluster } from '../../domain/strimzi/resources.ts';
import { changes } from './changes.ts';
import { conclude } from './conclusion.ts';
import { type Preparation, prepare } from './externalTarget.ts';
import { rebalancesWithin, stepFigures } from './figures.ts';
import { idleRefusal } from './idle.ts';
import { membersPerReplica } from './members.ts';
import { needs, strimziView } from './needs.ts';
import { consumersNow, withTargetVersion } from './otherWriter.ts';
import { notRestored, replicasOf, restoration } from './restore.ts';
import { planRivals } from './rivals.ts';
import { statusPlan } from './status.ts';
import { advance, restartStep, SAMPLES_WITHIN_MS, type ScheduleProgress } from './steps.ts';
import { isFinished, type ScaleSummary, stepNotices } from './summary.ts';
import { type Target, targetAmong, targetName, targetRef, targetTrouble } from './target.ts';

/** While it runs, the figures of a schedule are updated every 500 ms. */
const FIGURES_MS = 500;
/** The end of the last pauses is waited for up to 5 s after the last step. */
const LAST_PAUSES_MS = 5_000;

type Seen = Observed<ConsumerScale, RunFigures>;

/** The operator's default connection, for targets without a Kafka of their own. */
export interface DefaultKafka {
  bootstrapServers: string;
  /** The Kafka resource that it belongs to, if it is known. */
  strimzi?: StrimziCluster;
}

export function consumerScaleKind(byDefault: DefaultKafka): Kind<ConsumerScale, ConsumerScaleStatus, RunFigures> {
  return {
    apiVersion: GROUP_VERSION,
    kind: 'ConsumerScale',
    plural: 'consumerscales',
    owns: [],
    needs: (resource, answers) => needs(resource, answers, byDefault.strimzi),
    plan: (seen) => plan(seen, byDefault),
  };
}

function plan(seen: Seen, byDefault: DefaultKafka): Plan<ConsumerScaleStatus> {
  const { resource, answers, deleting } = seen;
  const { status: before, metadata } = resource;
  const target = targetAmong(resource, answers);
  if (deleting) return planDeletion(seen, target);
  if (before !== undefined && isFinished(before)) {
    return { apply: [], actions: [], events: [], status: { ...before, observedGeneration: metadata.generation } };
  }
  const trouble = targetTrouble(resource, target);
  const isScaling = trouble === undefined && target !== undefined && before?.finishedAt === undefined;
  const rivals = isScaling ? planRivals(seen, target, FIGURES_MS) : undefined;
  if (rivals !== undefined) return rivals;
  const strimzi = strimziView(resource, answers, byDefault.strimzi);
  const external = trouble === undefined && target !== undefined && target.loadTest === undefined;
  const preparation = external ? prepare(seen, target, byDefault.bootstrapServers, strimzi) : undefined;
  const missing = trouble ?? preparation?.missing;
  if (before?.finishedAt !== undefined && (missing !== undefined || 'unavailable' in seen.evidence)) {
    return concludeWithoutFigures(seen, target, before.finishedAt, missing);
  }
  if (trouble !== undefined) return planTrouble(seen, target, trouble);
  if (preparation?.missing !== undefined) return planMissing(seen, preparation, preparation.missing);
  return planSteps(seen, target, strimzi, preparation);
}

/** The steps have ended, so the state of the target no longer changes their figures. */
function concludeWithoutFigures(
  seen: Seen,
  target: Target | undefined,
  finishedAt: string,
  missing: ScaleSummary | undefined,
): Plan<ConsumerScaleStatus> {
  const lingers = missing === undefined && seen.now - (epochMs(finishedAt) ?? seen.now) < SAMPLES_WITHIN_MS;
  const allRead = (epochMs(seen.resource.status?.lag?.at) ?? 0) >= (epochMs(finishedAt) ?? seen.now);
  return conclude(seen, target, { parts: {}, events: [], lingers, allRead }, FIGURES_MS);
}

/** The target cannot be scaled. A suspension of it interrupts the step that runs. */
function planTrouble(seen: Seen, target: Target | undefined, trouble: ScaleSummary): Plan<ConsumerScaleStatus> {
  const { resource } = seen;
  const { steps } = resource.status ?? {};
  const interrupted = target?.loadTest?.status?.phase === 'Suspended' && steps !== undefined;
  const parts = { target: targetName(resource), ...(interrupted ? { steps: restartStep(steps) } : {}) };
  return statusPlan(seen, parts, trouble);
}

function planMissing(seen: Seen, { parts, actions }: Preparation, missing: ScaleSummary): Plan<ConsumerScaleStatus> {
  const again = missing.state === 'Finished' ? undefined : FIGURES_MS;
  return { ...statusPlan(seen, { target: targetName(seen.resource), ...parts }, missing, [], again), actions };
}

function planSteps(
  seen: Seen,
  target: Target | undefined,
  strimzi: StrimziView | undefined,
  preparation: Preparation | undefined,
): Plan<ConsumerScaleStatus> {
  const { resource, evidence, now, done } = seen;
  const { spec, status: before } = resource;
  if (target?.consumers === undefined) throw new Error('a target without consumers is refused before');
  const phase = before?.startedAt === undefined ? 'Pending' : 'Running';
  const waits = (summary: ScaleSummary) =>
    statusPlan(seen, { target: targetName(resource), ...preparation?.parts }, summary, [], FIGURES_MS);
  if ('unavailable' in evidence) return waits(progressing(phase, 'WaitingForEvidence', evidence.unavailable));
  const partitions = livePartitions(seen, target);
  const others = spec.consumers?.others ?? 0;
  const learnt = membersPerReplica(resource, target, evidence.known);
  const refusal = spec.allowIdleConsumers
    ? undefined
    : idleRefusal(spec.steps, before?.steps ?? [], partitions, { others, perReplica: learnt ?? 1 });
  if (refusal !== undefined) return waits(stalled(phase, 'IdleConsumersRefused', refusal));
  const steps = withTargetVersion(before?.steps ?? [], target, done);
  const replicas = consumersNow(steps, target);
  const progress = advance(spec.steps, steps, {
    now,
    partitions,
    replicas,
    partitionsAsked: target.loadTest?.spec.topic.partitions ?? partitions,
    clientsPerPod: target.consumers.clientsPerPod,
    figures: evidence.known,
    externalGroup: spec.consumers?.group,
    others,
    membersPerReplica: learnt ?? 1,
  });
  const started = {
    target: targetName(resource),
    targetUid: target.uid,
    ...(learnt === undefined ? {} : { membersPerReplica: learnt }),
    replicasAtStart: before?.replicasAtStart ?? replicas,
    partitionsAtStart: before?.partitionsAtStart ?? partitions,
    startedAt: before?.startedAt ?? iso(now),
  };
  return carryOut(seen, started, progress, evidence.known, target, strimzi);
}

const livePartitions = ({ kafka }: Seen, { loadTest }: Target): number =>
  'known' in kafka && kafka.known.topic != null
    ? kafka.known.topic.partitions.length
    : (loadTest?.status?.topic?.partitions ?? 0);

function carryOut(
  seen: Seen,
  started: Partial<ConsumerScaleStatus> & { startedAt: string },
  progress: ScheduleProgress,
  figures: RunFigures,
  target: Target,
  strimzi: StrimziView | undefined,
): Plan<ConsumerScaleStatus> {
  const { resource, now } = seen;
  const { spec, status: before } = resource;
  const { current } = progress;
  const steps = progress.steps.map((step, index) => stepFigures(step, spec.steps, index, figures, now));
  const finishedAt = before?.finishedAt ?? (current === undefined ? iso(now) : undefined);
  const from = epochMs(started.startedAt) ?? now;
  const to = epochMs(finishedAt) ?? now;
  const parts: Partial<ConsumerScaleStatus> = {
    ...started,
    steps,
    step: `${steps.filter(({ startedAt }) => startedAt !== undefined).length}/${spec.steps.length}`,
    ...(current === undefined ? {} : { currentStep: current + 1 }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...rebalancesWithin(figures, from, to),
  };
  const events = stepNotices(before?.steps ?? [], steps);
  if (current === undefined) {
    const lingers = isIncomplete(figures, from, to, now);
    return conclude(seen, target, { parts, events, lingers, allRead: isAllRead(figures, to) }, FIGURES_MS);
  }
  const actions = changes(seen, progress, target, strimzi);
  return { ...statusPlan(seen, parts, stepSummary(seen, actions, progress, strimzi), events, FIGURES_MS), actions };
}

/** The figures of the ended schedule may still change: a pause has not ended, or a lag sample is unread. */
function isIncomplete(figures: RunFigures, from: number, to: number, now: number): boolean {
  const { rebalances } = figures;
  const pausing = rebalances.list.some(({ at, pending }) => at >= from && at <= to && pending.length > 0);
  return (
    (now - to < LAST_PAUSES_MS && (pausing || !rebalances.settled)) ||
    (now - to < SAMPLES_WITHIN_MS && !isAllRead(figures, to))
  );
}

/** Samples are read back in order. One from the end or later shows that all others have been read. */
const isAllRead = ({ lag }: RunFigures, to: number): boolean => (lag?.at ?? 0) >= to;

/** The summary while a step runs: Stalled if it cannot be carried out. */
function stepSummary(
  { failures }: Seen,
  actions: readonly Action[],
  { message = '', partitions }: ScheduleProgress,
  strimzi: StrimziView | undefined,
): ScaleSummary {
  // A failure of an action that the plan no longer contains does not count.
  const failing = failures.filter(({ action }) =>
    actions.some((one) => one.type === action.type && (one.type !== 'Scale' || one.replicas === replicasOf(action))),
  );
  const refused = failing.find(({ reason }) => reason === 'Refused');
  if (refused !== undefined) {
    const { action, message: why } = refused;
    const ofKafkaTopic = action.type === 'Patch' && action.target.kind === 'KafkaTopic';
    return stalled('Running', 'Refused', ofKafkaTopic ? withRights(why, action.target.namespace) : why);
  }
  const pending = partitions === undefined ? undefined : partitionsPending(strimzi);
  if (pending !== undefined && 'stalled' in pending) return pending.stalled;
  const waits = pending === undefined ? '' : `; ${pending.waits}`;
  const retries = failing.map(({ message }) => `; ${message}; the operator retries`).join('');
  return progressing('Running', 'Running', message + waits + retries);
}

/** What new partitions wait for, if they come through a KafkaTopic. */
function partitionsPending(
  strimzi: StrimziView | undefined,
): { stalled: ScaleSummary } | { waits: string } | undefined {
  if (strimzi?.forbidden !== undefined) return { stalled: stalled('Running', 'StrimziForbidden', strimzi.forbidden) };
  const topic = strimzi?.topic ?? null;
  if (topic === null || strimzi === undefined) return undefined;
  const verdict = judgeKafkaTopic(topic, strimzi.at);
  if (verdict.is === 'Refused') return { stalled: stalled('Running', verdict.reason, verdict.why) };
  return verdict.is === 'Waiting' ? { waits: verdict.why } : undefined;
}

function planDeletion(seen: Seen, target: Target | undefined): Plan<ConsumerScaleStatus> {
  const { resource } = seen;
  const status = resource.status ?? {
    phase: 'Pending' as const,
    observedGeneration: resource.metadata.generation,
    conditions: [],
  };
  const restores = restoration(seen, target);
  if (restores === undefined || 'kept' in restores) {
    const events = restores === undefined ? [] : [notRestored(restores.kept)];
    return { apply: [], actions: [], events, status, finished: true };
  }
  return {
    apply: [],
    actions: [{ type: 'Scale', target: targetRef(resource), replicas: restores.replicas }],
    events: [],
    status,
    lookAgainInMs: FIGURES_MS,
  };
}
