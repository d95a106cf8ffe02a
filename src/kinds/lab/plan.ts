/** The plan of a Lab: a script over LoadTests and ConsumerScales, with graded expectations. Pure. */
import { CONSUMER_SCALE_NAMES } from '../../api/consumerscale/consumerScale.ts';
import type { Lab } from '../../api/lab/lab.ts';
import type { LabStatus, LabStepStatus } from '../../api/lab/status.ts';
import { LOAD_TEST_NAMES } from '../../api/loadtest/loadTest.ts';
import { GROUP_VERSION } from '../../api/sharedStatus.ts';
import type { Action } from '../../contract/actions.ts';
import type { Kind, Observed, Plan } from '../../contract/kind.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import type { Needs } from '../../contract/needs.ts';
import { objectIn } from '../../contract/queries.ts';
import { progressing, summaryConditions } from '../../contract/summary.ts';
import { epochMs, iso } from '../../contract/time.ts';
import { formatDuration } from '../../domain/status/duration.ts';
import { childrenOf } from './children.ts';
import { killedByScaling, killPod, podOf, scaleByKilling } from './killing.ts';
import { refusals } from './refusals.ts';
import { desired, withoutNulls } from './script.ts';
import { type ChildRef, childNamed, createdBy, type LabState } from './state.ts';
import { advance, isEnded, type ScriptProgress } from './steps.ts';
import {
  countExpectations,
  isFinished,
  type LabSummary,
  outcome,
  refusedScript,
  stepNotices,
  stepSummary,
  summaryNotices,
} from './summary.ts';
import { type ExpressionsOf, expressionsCache } from './variables.ts';

/** Waits and deadlines end by the clock. Everything else comes as a change of an object. */
const LOOK_AGAIN_MS = 500;

type Seen = Observed<Lab>;

export function labKind(): Kind<Lab, LabStatus> {
  const expressionsOf = expressionsCache();
  return {
    apiVersion: GROUP_VERSION,
    kind: 'Lab',
    plural: 'labs',
    owns: [LOAD_TEST_NAMES, CONSUMER_SCALE_NAMES].map(({ kind, plural }) => ({
      apiVersion: GROUP_VERSION,
      kind,
      plural,
    })),
    needs,
    plan: (seen) => plan(seen, expressionsOf),
  };
}

const runningStep = (steps: readonly LabStepStatus[]): number => steps.findIndex(({ phase }) => phase === 'Running');

/** The pod of a running kill step. */
function needs({ spec, status, metadata }: Lab): Needs {
  if (metadata.deletionTimestamp !== undefined || isFinished(status)) return {};
  const kill = spec.steps[runningStep(status?.steps ?? [])]?.kill;
  return kill === undefined ? {} : { queries: [{ get: podOf(kill, metadata.namespace) }] };
}

function plan(seen: Seen, expressionsOf: ExpressionsOf): Plan<LabStatus> {
  const { resource, owned, now, failures, answers } = seen;
  const { status: before, metadata } = resource;
  if (seen.deleting) return planDeletion(seen);
  const lab = withoutNulls(resource.spec);
  const starts = before?.startedAt === undefined || changedAtStart(resource);
  // The script of a Lab that has started was accepted and cannot change.
  const wrong = starts ? refusals(metadata.name, lab, expressionsOf) : [];
  if (wrong.length > 0) return statusPlan(seen, {}, refusedScript(wrong));
  const state: LabState = {
    now,
    name: metadata.name,
    lab,
    expressionsOf,
    recorded: starts ? [] : (before.steps ?? []),
    children: childrenOf(metadata.name, lab, owned),
    failures,
    pod: objectIn(answers[0]),
  };
  return before !== undefined && isFinished(before) ? planFinished(seen, state, before) : planScript(seen, state);
}

/** A finished Lab creates nothing. Objects that it never created may belong to somebody else by now. */
function planFinished({ resource }: Seen, state: LabState, before: LabStatus): Plan<LabStatus> {
  const objects = desiredObjects(state, state.recorded, state.lab.afterwards === 'Suspend');
  return {
    apply: objects.filter(({ kind, metadata }) => childNamed({ kind, name: metadata.name }, state) !== undefined),
    actions: [],
    events: [],
    status: { ...before, observedGeneration: resource.metadata.generation },
  };
}

/** The recorded steps are carried out. A step that starts now is carried out once it is recorded. */
function planScript(seen: Seen, state: LabState): Plan<LabStatus> {
  const { lab, recorded, children } = state;
  const progress = advance(state);
  const index = runningStep(recorded);
  const ends = index === -1 || isEnded(progress.steps[index] as LabStepStatus);
  const killed = ends ? undefined : killedByScaling(lab, index, children.loadTests);
  return {
    ...progressPlan(seen, state, progress),
    apply: desiredObjects(state, killed === undefined ? recorded : recorded.slice(0, index), false),
    actions: ends ? [] : killActions(state, index, progress.steps[index] as LabStepStatus, killed),
  };
}

/**
 * The spec was changed while the start of its first step was being recorded, so the recorded step may belong to another
 * script. Nothing has been created from it yet, and from now on the API server refuses changes.
 */
function changedAtStart({ metadata, status }: Lab): boolean {
  const [first, second] = status?.steps ?? [];
  const untouched = first?.uid === undefined && first?.doneAt === undefined && first?.finishedAt === undefined;
  return status?.observedGeneration !== metadata.generation && untouched && second?.startedAt === undefined;
}

/** The objects of the steps that have started. A deleted one is not created again, because it would be another run. */
function desiredObjects(state: LabState, recorded: readonly LabStepStatus[], suspended: boolean): KubernetesObject[] {
  const { name, lab, children } = state;
  const started = recorded.filter(({ startedAt }) => startedAt !== undefined).length;
  const lost = new Set(
    lab.steps.slice(0, started).flatMap((step, index) => {
      const ref = createdBy(step, name);
      const uid = recorded[index]?.uid;
      return ref !== undefined && uid !== undefined && childNamed(ref, state)?.metadata.uid !== uid
        ? [textOf(ref)]
        : [];
    }),
  );
  const objects = desired({ name, lab, live: children.loadTests, suspended }, lab.steps.slice(0, started));
  return objects.filter(({ kind, metadata }) => !lost.has(textOf({ kind, name: metadata.name })));
}

const textOf = ({ kind, name }: ChildRef): string => `${kind}/${name}`;

function killActions(
  { lab, recorded, children }: LabState,
  index: number,
  step: LabStepStatus,
  killed: ReturnType<typeof killedByScaling>,
): Action[] {
  if (killed !== undefined) return scaleByKilling(killed);
  const kill = lab.steps[index]?.kill;
  if (kill === undefined || recorded[index]?.uid === undefined) return [];
  return killPod(kill, step, children.loadTests.get(kill.loadTest));
}

// ---- status and Events ----------------------------------------------------------------------

function progressPlan(seen: Seen, { lab, now, failures }: LabState, progress: ScriptProgress): Plan<LabStatus> {
  const { steps, current } = progress;
  const { status: before } = seen.resource;
  const counts = countExpectations(lab, steps);
  const started = steps.filter(({ startedAt }) => startedAt !== undefined).length;
  const running = current === undefined ? undefined : steps[current];
  const ended = current === undefined || running === undefined;
  const summary = ended ? outcome(steps, counts) : stepSummary(current, running, failures);
  const tookMs = Math.max(0, now - (epochMs(before?.startedAt) ?? now));
  const plan = statusPlan(
    seen,
    {
      ...counts,
      score: `${counts.passed}/${counts.total}`,
      step: `${started}/${lab.steps.length}`,
      ...(current === undefined ? {} : { currentStep: current + 1 }),
      startedAt: before?.startedAt ?? iso(now),
      ...(ended ? { finishedAt: iso(now), duration: formatDuration(Math.round(tookMs / 1_000) * 1_000) } : {}),
      steps,
    },
    summary,
  );
  return {
    ...plan,
    events: [...stepNotices(lab, before?.steps ?? [], steps), ...plan.events],
    lookAgainInMs: LOOK_AGAIN_MS,
  };
}

function statusPlan({ resource, now }: Seen, parts: Partial<LabStatus>, summary: LabSummary): Plan<LabStatus> {
  const { status: before, metadata } = resource;
  return {
    apply: [],
    actions: [],
    status: {
      ...parts,
      phase: summary.phase,
      observedGeneration: metadata.generation,
      conditions: summaryConditions(before?.conditions ?? [], summary, metadata.generation, now),
    },
    events: summaryNotices(before, summary),
  };
}

/** Waits until the created resources are gone. LoadTests delete their topics and groups. */
function planDeletion({ resource, owned, now }: Seen): Plan<LabStatus> {
  const { metadata } = resource;
  const status = resource.status ?? {
    phase: 'Pending' as const,
    observedGeneration: metadata.generation,
    conditions: [],
  };
  if (owned.length === 0) return { apply: [], actions: [], events: [], status, finished: true };
  const left = owned.map(({ kind, metadata: { name } }) => `${kind} ${name}`).join(', ');
  const summary = progressing(status.phase, 'RemovingResources', `waiting for the deletion of ${left}`);
  const conditions = summaryConditions(status.conditions, summary, metadata.generation, now);
  return { apply: [], actions: [], events: [], status: { ...status, conditions } };
}
