/** Lab: a script over LoadTests and ConsumerScales, graded. Pure. */
import { CONSUMER_SCALE_NAMES } from '../../api/consumerscale/consumerScale.ts';
import type { Lab } from '../../api/lab/lab.ts';
import type { LabStatus, LabStepStatus } from '../../api/lab/status.ts';
import { LOAD_TEST_NAMES } from '../../api/loadtest/loadTest.ts';
import { GROUP_VERSION } from '../../api/sharedStatus.ts';
import type { Action } from '../../contract/actions.ts';
import type { Kind, Observed, Plan } from '../../contract/kind.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import type { Needs } from '../../contract/needs.ts';
import { progressing, summaryConditions } from '../../contract/summary.ts';
import { epochMs, iso } from '../../contract/time.ts';
import { formatDuration } from '../../domain/status/duration.ts';
import { childNamed, made, type Sight } from './children.ts';
import { killedByScaling, killOne, podOf, scaleByKilling } from './killing.ts';
import { refusals } from './refusals.ts';
import { desired, withoutNulls } from './script.ts';
import { counts, going, outcome, refused, type Saying, standingNotices, stepNotices } from './standing.ts';
import { advance, isEnded, type Progress } from './steps.ts';
import { childrenOf } from './variables.ts';

/** Waits and deadlines end by the clock; everything else comes as a change. */
const LOOK_AGAIN_MS = 500;

type Seen = Observed<Lab>;

export const labKind: Kind<Lab, LabStatus> = {
  apiVersion: GROUP_VERSION,
  kind: 'Lab',
  plural: 'labs',
  owns: [LOAD_TEST_NAMES, CONSUMER_SCALE_NAMES].map(({ kind, plural }) => ({
    apiVersion: GROUP_VERSION,
    kind,
    plural,
  })),
  needs,
  plan,
};

const isOver = (status: LabStatus | undefined): boolean => status?.phase === 'Passed' || status?.phase === 'Failed';

const runningStep = (steps: readonly LabStepStatus[]): number => steps.findIndex(({ phase }) => phase === 'Running');

function needs({ spec, status, metadata }: Lab): Needs {
  if (metadata.deletionTimestamp !== undefined || isOver(status)) return {};
  const kill = spec.steps[runningStep(status?.steps ?? [])]?.kill;
  return kill === undefined ? {} : { objects: [podOf(kill, metadata.namespace)] };
}

function plan(seen: Seen): Plan<LabStatus> {
  const { resource, owned, now } = seen;
  const { status: before, metadata } = resource;
  const spec = withoutNulls(resource.spec);
  if (seen.deleting) return leave(seen);
  const begins = before?.startedAt === undefined || isOvertaken(resource);
  const recorded = begins ? [] : (before.steps ?? []);
  // Once it has begun, it was right.
  const wrong = begins ? refusals(metadata.name, spec) : [];
  if (wrong.length > 0) return answer(seen, {}, refused(wrong), { apply: [], actions: [] });

  const children = childrenOf(metadata.name, spec, owned);
  const pod = seen.objects[0];
  const sight: Sight = { now, name: metadata.name, lab: spec, recorded, children, failures: seen.failures, pod };
  if (before !== undefined && isOver(before)) {
    // Nothing is made any more: what another one's object stood in the way of, least of all.
    const apply = wanted(sight, recorded, spec.afterwards === 'Suspend').filter(
      (object) => childNamed({ kind: object.kind, name: object.metadata.name }, sight) !== undefined,
    );
    const status = { ...before, observedGeneration: metadata.generation };
    return { apply, actions: [], events: [], status };
  }
  const progress = advance(sight);
  // What is on record is carried out; what begins now is carried out when it is.
  const index = runningStep(recorded);
  const ends = index === -1 || isEnded(progress.steps[index] as LabStepStatus);
  const killed = ends ? undefined : killedByScaling(spec, index, children.loadTests);
  const begun = killed === undefined ? recorded : recorded.slice(0, index);
  return {
    ...graded(seen, progress),
    apply: wanted(sight, begun, false),
    actions: ends ? [] : killing(sight, index, progress.steps[index] as LabStepStatus, killed),
  };
}

/**
 * The spec was changed just before the begin of its first step was recorded, so it is not known to be the script that was
 * looked at; nothing has been made of that yet, and from now on the API server refuses changes.
 */
function isOvertaken({ metadata, status }: Lab): boolean {
  const [first, second] = status?.steps ?? [];
  const untouched = first?.uid === undefined && first?.doneAt === undefined && first?.finishedAt === undefined;
  return status?.observedGeneration !== metadata.generation && untouched && second?.startedAt === undefined;
}

/** What the steps that have begun make exist. What somebody deleted is not made again: it would be another run. */
function wanted(sight: Sight, recorded: readonly LabStepStatus[], suspended: boolean): KubernetesObject[] {
  const { name, lab, children } = sight;
  const begun = recorded.filter(({ startedAt }) => startedAt !== undefined).length;
  const lost = new Set(
    lab.steps.slice(0, begun).flatMap((step, index) => {
      const ref = made(step, name);
      const uid = recorded[index]?.uid;
      return ref !== undefined && uid !== undefined && childNamed(ref, sight)?.metadata.uid !== uid
        ? [textOf(ref)]
        : [];
    }),
  );
  const objects = desired({ name, lab, live: children.loadTests, suspended }, lab.steps.slice(0, begun));
  return objects.filter(({ kind, metadata }) => !lost.has(textOf({ kind, name: metadata.name })));
}

const textOf = ({ kind, name }: { kind: string; name: string }): string => `${kind}/${name}`;

function killing(
  { lab, recorded, children }: Sight,
  index: number,
  step: LabStepStatus,
  killed: ReturnType<typeof killedByScaling>,
): Action[] {
  if (killed !== undefined) return scaleByKilling(killed);
  const kill = lab.steps[index]?.kill;
  if (kill === undefined || recorded[index]?.uid === undefined) return [];
  return killOne(kill, step, children.loadTests.get(kill.loadTest));
}

// ---- what is said ---------------------------------------------------------------------------

function graded(seen: Seen, { steps, current }: Progress): Plan<LabStatus> {
  const { resource, now, failures } = seen;
  const { spec, status: before } = resource;
  const sum = counts(spec, steps);
  const begun = steps.filter(({ startedAt }) => startedAt !== undefined).length;
  const running = current === undefined ? undefined : steps[current];
  const over = current === undefined || running === undefined;
  const saying = over ? outcome(steps, sum) : going(current, running, failures);
  const tookMs = Math.max(0, now - (epochMs(before?.startedAt) ?? now));
  const parts: Partial<LabStatus> = {
    ...sum,
    score: `${sum.passed}/${sum.total}`,
    step: `${begun}/${spec.steps.length}`,
    ...(current === undefined ? {} : { currentStep: current + 1 }),
    startedAt: before?.startedAt ?? iso(now),
    ...(over ? { finishedAt: iso(now), duration: formatDuration(Math.round(tookMs / 1_000) * 1_000) } : {}),
    steps,
  };
  const plan = answer(seen, parts, saying, { apply: [], actions: [] });
  return {
    ...plan,
    events: [...stepNotices(spec, before?.steps ?? [], steps), ...plan.events],
    lookAgainInMs: LOOK_AGAIN_MS,
  };
}

function answer(
  { resource, now }: Seen,
  parts: Partial<LabStatus>,
  saying: Saying,
  does: Pick<Plan<LabStatus>, 'apply' | 'actions'>,
): Plan<LabStatus> {
  const { status: before, metadata } = resource;
  return {
    ...does,
    status: {
      ...parts,
      phase: saying.phase,
      observedGeneration: metadata.generation,
      conditions: summaryConditions(before?.conditions ?? [], saying, metadata.generation, now),
    },
    events: standingNotices(before, saying),
  };
}

/** What it made goes first: LoadTests take their topics and groups with them. */
function leave({ resource, owned, now }: Seen): Plan<LabStatus> {
  const { metadata } = resource;
  const status = resource.status ?? {
    phase: 'Pending' as const,
    observedGeneration: metadata.generation,
    conditions: [],
  };
  if (owned.length === 0) return { apply: [], actions: [], events: [], status, finished: true };
  const left = owned.map(({ kind, metadata: { name } }) => `${kind} ${name}`).join(', ');
  const saying = progressing(status.phase, 'RemovingResources', `waiting for ${left} to go`);
  const conditions = summaryConditions(status.conditions, saying, metadata.generation, now);
  return { apply: [], actions: [], events: [], status: { ...status, conditions } };
}
