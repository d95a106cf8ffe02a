/** ConsumerScale: a schedule over a LoadTest, one step after the other. Pure. */
import type { ConsumerScale, ConsumerScaleStatus } from '../../api/consumerScale.ts';
import type { Action, Kind, KubernetesObject, Needs, Notice, ObjectRef, Observed, Plan } from '../../api/kind.ts';
import type { LoadTest } from '../../api/loadTest.ts';
import { GROUP_VERSION } from '../../api/runStatus.ts';
import { standingConditions } from '../../api/standing.ts';
import { epochMs, iso } from '../../api/time.ts';
import { rebalancesLeftOut, withinSize } from '../../domain/rebalanceStatus.ts';
import { type Run, view } from '../../domain/run.ts';
import type { RunView } from '../../domain/runView.ts';
import { rebalancesWithin, stepFigures } from './figures.ts';
import { idleRefusal } from './idle.ts';
import { toRestore } from './restore.ts';
import { failed, outcome, type Saying, standingNotices, stepNotices } from './standing.ts';
import { advance, beginAnew, type Progress } from './steps.ts';

const FRESH_MS = 500;
/** After the last step, for pauses whose end had not been seen. */
const LAST_FIGURES_MS = 5_000;

type Seen = Observed<ConsumerScale, Run>;

export const consumerScaleKind: Kind<ConsumerScale, ConsumerScaleStatus, Run> = {
  apiVersion: GROUP_VERSION,
  kind: 'ConsumerScale',
  plural: 'consumerscales',
  owns: [],
  needs,
  plan,
};

const targetOf = ({ spec, metadata }: ConsumerScale): ObjectRef => ({
  ...spec.scaleTargetRef,
  namespace: metadata.namespace,
});

const isOver = (status: ConsumerScaleStatus | undefined): boolean =>
  status?.phase === 'Completed' || status?.phase === 'Failed';

function needs(resource: ConsumerScale, objects?: (KubernetesObject | null)[]): Needs {
  const deleting = resource.metadata.deletionTimestamp !== undefined;
  if (isOver(resource.status) && !deleting) return {};
  const target = targetAmong(objects);
  const found: Needs = { objects: [targetOf(resource)] };
  if (target === undefined || deleting) return found;
  const servers = target.spec.kafka === undefined ? {} : { bootstrapServers: target.spec.kafka.bootstrapServers };
  return {
    ...found,
    kafka: {
      ...servers,
      topic: target.spec.topic.name,
      ...(target.spec.consumers === undefined ? {} : { group: target.spec.consumers.group }),
    },
    ...(target.status?.evidence === undefined
      ? {}
      : { evidence: { ...servers, run: target.metadata.uid, ...target.status.evidence } }),
  };
}

const targetAmong = (objects: (KubernetesObject | null)[] | undefined): LoadTest | undefined =>
  (objects?.[0] ?? undefined) as LoadTest | undefined;

function plan(seen: Seen): Plan<ConsumerScaleStatus> {
  const { resource, now } = seen;
  const { spec, status: before } = resource;
  const target = targetAmong(seen.objects);
  if (seen.deleting) return leave(seen, target);
  if (before !== undefined && isOver(before)) {
    return {
      apply: [],
      actions: [],
      events: [],
      status: { ...before, observedGeneration: resource.metadata.generation },
    };
  }

  const name = `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`;
  const trouble = targetTrouble(resource, target, name);
  // The steps have ended: what becomes of the target changes nothing about them.
  if (before?.finishedAt !== undefined && (trouble !== undefined || 'unavailable' in seen.evidence)) {
    const lingers = trouble === undefined && now - (epochMs(before.finishedAt) ?? now) < LAST_FIGURES_MS;
    return conclude(seen, target, { parts: {}, events: [], lingers });
  }
  const waits = (saying: Saying, parts: Partial<ConsumerScaleStatus> = {}, lookAgainInMs?: number) =>
    answer(seen, { target: name, ...parts }, saying, [], lookAgainInMs);
  const phase = before?.startedAt === undefined ? 'Pending' : 'Running';
  if (trouble !== undefined) {
    const suspended = target?.status?.phase === 'Suspended' && before?.steps !== undefined;
    return waits(trouble, suspended ? { steps: beginAnew(before.steps ?? []) } : {});
  }
  if (target?.spec.consumers === undefined) throw new Error('without consumers there was trouble');
  if ('unavailable' in seen.evidence) {
    const message = seen.evidence.unavailable;
    return waits({ phase, mood: 'Moving', reason: 'WaitingForEvidence', message }, {}, FRESH_MS);
  }
  const run = seen.evidence.known;
  const figures = view(run, now);
  const partitions =
    'known' in seen.kafka && seen.kafka.known.topic != null
      ? seen.kafka.known.topic.partitions.length
      : (target.status?.topic?.partitions ?? 0);

  const refusal = spec.allowIdleConsumers ? undefined : idleRefusal(spec.steps, before?.steps ?? [], partitions);
  if (refusal !== undefined) {
    return waits({ phase, mood: 'Stalled', reason: 'IdleConsumersRefused', message: refusal }, {}, FRESH_MS);
  }

  const { replicas, clientsPerPod } = target.spec.consumers;
  const begun = {
    target: name,
    targetUid: target.metadata.uid,
    replicasAtStart: before?.replicasAtStart ?? replicas,
    partitionsAtStart: before?.partitionsAtStart ?? partitions,
    startedAt: before?.startedAt ?? iso(now),
  };
  const partitionsAsked = target.spec.topic.partitions;
  const sight = { now, partitions, replicas, partitionsAsked, clientsPerPod, figures };
  return carry(seen, begun, advance(spec.steps, before?.steps ?? [], sight), run, figures, target);
}

/** Why the target can't be scaled: for now (Moving) or for good (Over). */
function targetTrouble(
  { status, metadata }: ConsumerScale,
  target: LoadTest | undefined,
  name: string,
): Saying | undefined {
  const waiting = (message: string): Saying => ({
    phase: status?.startedAt === undefined ? 'Pending' : 'Running',
    mood: 'Moving',
    reason: 'WaitingForTarget',
    message,
  });
  if (target === undefined) {
    return status?.startedAt === undefined
      ? waiting(`waiting for ${name} in namespace ${metadata.namespace}; create it, or check the name`)
      : failed('TargetGone', `${name} was deleted before the schedule ended`);
  }
  if (status?.targetUid !== undefined && status.targetUid !== target.metadata.uid) {
    return failed(
      'TargetReplaced',
      `${name} is another one than the schedule began with; delete this ConsumerScale and create it again`,
    );
  }
  if (target.spec.consumers === undefined) {
    return failed('NoConsumers', `${name} has no consumers to scale: name a LoadTest with consumers`);
  }
  const { phase, conditions } = target.status ?? {};
  if (phase === 'Completed' || phase === 'Failed' || target.metadata.deletionTimestamp !== undefined) {
    return failed('TargetEnded', `${name} ended before the schedule did: give it a longer duration, or shorter steps`);
  }
  if (phase === 'Running') return undefined;
  const why = conditions?.find(({ type }) => type === 'Ready')?.message;
  return waiting(`waiting for ${name} to run (${phase ?? 'Pending'}${why ? `: ${why}` : ''})`);
}

function carry(
  seen: Seen,
  begun: Partial<ConsumerScaleStatus>,
  progress: Progress,
  run: Run,
  figures: RunView,
  target: LoadTest,
): Plan<ConsumerScaleStatus> {
  const { resource, now } = seen;
  const { spec, status: before } = resource;
  const steps = progress.steps.map((step, index) => stepFigures(step, spec.steps[index], run, figures, now));
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
    ...rebalancesWithin(run, figures, from, to, now),
  };
  const events = stepNotices(before?.steps ?? [], steps);
  if (!ended) {
    const refused = seen.failures.find(({ reason }) => reason === 'Refused');
    const saying: Saying = {
      phase: 'Running',
      mood: refused === undefined ? 'Moving' : 'Stalled',
      reason: refused === undefined ? 'Running' : 'Refused',
      message: refused?.message ?? progress.message ?? '',
    };
    return { ...answer(seen, parts, saying, events, FRESH_MS), actions: changes(resource, progress) };
  }
  const pending = figures.rebalances.list.some((r) => r.at >= from && r.at <= to && r.pending.length > 0);
  const lingers = now - to < LAST_FIGURES_MS && (pending || !figures.rebalances.settled);
  return conclude(seen, target, { parts, events, lingers });
}

function changes(resource: ConsumerScale, { partitions, consumers }: Progress): Action[] {
  const target = targetOf(resource);
  return [
    ...(partitions === undefined ? [] : [{ type: 'Patch' as const, target, spec: { topic: { partitions } } }]),
    ...(consumers === undefined ? [] : [{ type: 'Scale' as const, target, replicas: consumers }]),
  ];
}

/** The steps have ended: gives back what was asked to be given back, and then says how it went. */
function conclude(
  seen: Seen,
  target: LoadTest | undefined,
  { parts, events, lingers }: { parts: Partial<ConsumerScaleStatus>; events: Notice[]; lingers: boolean },
): Plan<ConsumerScaleStatus> {
  const { resource } = seen;
  const { spec, status: before } = resource;
  const replicas = toRestore(resource, target);
  const refused = replicas === undefined ? undefined : scaleFailure(seen, replicas);
  if (lingers || (replicas !== undefined && refused === undefined)) {
    const message = replicas === undefined ? 'the last figures are being read' : `going back to ${replicas} consumers`;
    const saying: Saying = { phase: 'Running', mood: 'Moving', reason: 'Running', message };
    const scale: Action[] = replicas === undefined ? [] : [{ type: 'Scale', target: targetOf(resource), replicas }];
    return { ...answer(seen, parts, saying, events, FRESH_MS), actions: scale };
  }
  const back = spec.afterwards === 'Restore' && target?.metadata.uid === before?.targetUid && replicas === undefined;
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
  failures.find(({ action, reason }) => action.type === 'Scale' && action.replicas === replicas && reason === 'Refused')
    ?.message;

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
    ...kept
  } = before ?? {};
  const status = withinSize<ConsumerScaleStatus>({
    ...kept,
    ...parts,
    phase: saying.phase,
    observedGeneration: metadata.generation,
    conditions: standingConditions(before?.conditions ?? [], saying, metadata.generation, now),
  });
  const leftOut = rebalancesLeftOut(status);
  return {
    apply: [],
    actions: [],
    status: leftOut.length === 0 ? status : { ...status, truncated: leftOut },
    events: [...events, ...standingNotices(before, saying)],
    ...(lookAgainInMs === undefined ? {} : { lookAgainInMs }),
  };
}

function leave(seen: Seen, target: LoadTest | undefined): Plan<ConsumerScaleStatus> {
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
    actions: [{ type: 'Scale', target: targetOf(resource), replicas }],
    events: [],
    status,
    lookAgainInMs: FRESH_MS,
  };
}
