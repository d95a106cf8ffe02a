/** The plan of a LoadTest: from what is observed to the objects, actions, status and Events of one round. Pure. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import { GROUP_VERSION } from '../../api/sharedStatus.ts';
import type { Kind, Notice, Observed, Plan } from '../../contract/kind.ts';
import type { Condition, KubernetesObject } from '../../contract/kubernetes.ts';
import { type Summary, summaryConditions } from '../../contract/summary.ts';
import type { LagSample } from '../../domain/evidence/facts.ts';
import { appendedSince } from '../../domain/figures/appended.ts';
import type { RunView } from '../../domain/figures/figures.ts';
import { nextLagSample, nextLogSample, offsetResetOf } from '../../domain/fold/operatorFacts.ts';
import { type RunFigures, withLagSample } from '../../domain/fold/runFigures.ts';
import { evaluateEvidenceIncomplete } from '../../domain/status/evidenceIncomplete.ts';
import { type Clients, clientsWanted, NO_CLIENTS, readyClients, workloads } from './clients.ts';
import { evaluateIdleConsumers } from './conditions/idleConsumers.ts';
import { aboveThresholdSince, evaluateLagHigh } from './conditions/lagHigh.ts';
import { evaluateRebalanceStorm } from './conditions/rebalanceStorm.ts';
import { isFinished } from './ending.ts';
import { needs } from './needs.ts';
import { rebalanceNotices } from './notices.ts';
import type { Preparation } from './preparation/preparation.ts';
import { prepare } from './preparation/prepare.ts';
import { strimziView } from './preparation/strimziQuery.ts';
import { reports } from './reports.ts';
import type { WorkerSettings } from './resources.ts';
import { type TranslatedSettings, translateSettings } from './settings.ts';
import { figuresStatus } from './status.ts';
import { boundedStatus } from './statusSize.ts';
import { summarise, summaryNotices } from './summary.ts';
import { teardown } from './teardown.ts';
import { type RunTimes, runTimes } from './times.ts';

/** The figures of a running LoadTest are updated every second. */
const FIGURES_MS = 1_000;
/** Between two rounds that wait for something outside of the operator. */
const RETRY_MS = 2_000;
/** After a request to Kafka whose result is expected at once, and while a rebalance has not settled. */
const SOON_MS = 250;
const SOON: ReadonlySet<string> = new Set(['CreatingTopic', 'PreparingEvidence', 'FindingKafka']);

type Seen = Observed<LoadTest, RunFigures>;

export function loadTestKind(worker: WorkerSettings): Kind<LoadTest, LoadTestStatus, RunFigures> {
  return {
    apiVersion: GROUP_VERSION,
    kind: 'LoadTest',
    plural: 'loadtests',
    owns: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', plural: 'statefulsets' }],
    needs: (resource, answers) => needs(resource, answers, worker.strimzi),
    plan: (seen) => plan(seen, worker),
  };
}

function plan(seen: Seen, worker: WorkerSettings): Plan<LoadTestStatus> {
  const { resource, deleting } = seen;
  const { generation: observedGeneration } = resource.metadata;
  const before = resource.status;
  if (before !== undefined && isFinished(before) && !deleting) {
    return { apply: [], actions: [], status: { ...before, observedGeneration }, events: [] };
  }
  const strimzi = strimziView(seen, worker.strimzi);
  const settings = translateSettings(resource);
  if (deleting) {
    const status = before ?? { phase: 'Pending' as const, observedGeneration, conditions: [] };
    return teardown(seen, status, workloads(seen, NO_CLIENTS, settings, status.evidence, worker), strimzi);
  }
  return planRun(seen, prepare(seen, settings, worker.bootstrapServers, strimzi), settings, worker);
}

function planRun(
  seen: Seen,
  preparation: Preparation,
  settings: TranslatedSettings,
  worker: WorkerSettings,
): Plan<LoadTestStatus> {
  const { resource } = seen;
  const before = resource.status;
  const measured = measure(seen, preparation);
  const { figures } = measured;
  const clients = planClients(seen, preparation, settings, figures, worker);
  const times = runTimes(seen, clients.allReady, figures);
  const summary = summarise(seen, preparation, { ...clients, ...times, ...measured });
  const since = aboveThresholdSince(resource, before?.lag?.aboveThresholdSince, figures?.lag ?? undefined);
  const { conditions, events } = evaluateConditions(seen, summary, preparation, figures, since);
  return {
    apply: clients.apply,
    actions: [
      ...(clients.mayRun ? reports(seen, { ...clients.wanted, ...raised(preparation) }, measured.sample) : []),
      ...preparation.actions,
    ],
    status: boundedStatus({
      phase: summary.phase,
      observedGeneration: resource.metadata.generation,
      conditions,
      ...recordedTimes(times),
      ...recordedPreparation(preparation),
      ...figuresStatus(resource, preparation, clients.ready, { figures, appended: measured.appended, since }),
    }),
    events: [
      ...summaryNotices(before, summary),
      ...(figures === undefined ? [] : rebalanceNotices(before?.rebalances?.count ?? 0, figures.rebalances.list)),
      ...events,
    ],
    ...(times.closed ? {} : { lookAgainInMs: lookAgainInMs(summary, preparation, times.finishedAt, figures) }),
  };
}

interface Measured {
  /** The lag sample of this round; undefined: the evidence has one that is new enough. */
  sample: LagSample | undefined;
  /** Including `sample`, so that they are as new as it is. undefined: the evidence is unread. */
  figures: RunFigures | undefined;
  /** status.producers.appended */
  appended: number | undefined;
}

function measure({ resource, kafka, evidence }: Seen, { endOffsetsAtStart }: Preparation): Measured {
  if (!('known' in evidence)) {
    return { sample: undefined, figures: undefined, appended: resource.status?.producers?.appended };
  }
  const { consumers } = resource.spec;
  const sample =
    consumers === undefined
      ? nextLogSample(kafka, evidence.known)
      : nextLagSample(kafka, evidence.known, offsetResetOf(consumers.config));
  const figures = withLagSample(evidence.known, sample);
  return { sample, figures, appended: appendedSince(endOffsetsAtStart, figures.lag) };
}

interface PlannedClients {
  wanted: Clients;
  ready: Clients;
  /** Clients may start: nothing is missing, and all that are wanted are ready. */
  allReady: boolean;
  /** Clients may start, or run already: those continue while something is missing. */
  mayRun: boolean;
  apply: KubernetesObject[];
}

function planClients(
  seen: Seen,
  { missing, evidence }: Preparation,
  settings: TranslatedSettings,
  figures: RunFigures | undefined,
  worker: WorkerSettings,
): PlannedClients {
  const { resource, owned } = seen;
  const wanted = 'refused' in settings ? NO_CLIENTS : clientsWanted(resource, figures);
  const ready = readyClients(seen, figures);
  const mayRun = missing === undefined || owned.length > 0;
  return {
    wanted,
    ready,
    allReady: missing === undefined && ready.producers >= wanted.producers && ready.consumers >= wanted.consumers,
    mayRun,
    apply: mayRun ? workloads(seen, wanted, settings, evidence, worker) : [],
  };
}

/** Ready, Reconciling and Stalled from the summary, then the conditions about lag and group. */
function evaluateConditions(
  { resource, now }: Seen,
  summary: Summary,
  { topic, evidence }: Preparation,
  figures: RunFigures | undefined,
  since: string | undefined,
): { conditions: Condition[]; events: Notice[] } {
  const before = resource.status?.conditions ?? [];
  const main = summaryConditions(before, summary, resource.metadata.generation, now);
  const lagHigh = evaluateLagHigh(resource, main, figures?.lag ?? undefined, since, now);
  const storm = evaluateRebalanceStorm(resource, lagHigh.conditions, figures, now);
  const idle = evaluateIdleConsumers(resource, storm.conditions, figures, topic?.partitions, now);
  const { generation } = resource.metadata;
  const lacks = evaluateEvidenceIncomplete(idle.conditions, figures?.missing, evidence?.topic ?? '', generation, now);
  return {
    conditions: lacks.conditions,
    events: [...lagHigh.events, ...storm.events, ...idle.events, ...lacks.events],
  };
}

const raised = ({ raising }: Preparation): { partitions?: number } =>
  raising === undefined ? {} : { partitions: raising };

const recordedTimes = ({ startedAt, preparedAt, suspension, finishedAt, stoppedAt }: RunTimes) => ({
  startedAt,
  ...(preparedAt === undefined ? {} : { preparedAt }),
  ...suspension,
  ...(finishedAt === undefined ? {} : { finishedAt }),
  ...(stoppedAt === undefined ? {} : { stoppedAt }),
});

const recordedPreparation = ({ evidence, kafka, topic }: Preparation) => ({
  ...(evidence === undefined ? {} : { evidence }),
  ...(kafka === undefined ? {} : { kafka }),
  ...(topic === undefined ? {} : { topic }),
});

function lookAgainInMs(
  { phase }: Summary,
  { missing }: Preparation,
  finishedAt: string | undefined,
  figures: RunView | undefined,
): number {
  if (missing !== undefined && SOON.has(missing.reason)) return SOON_MS;
  // So that a rebalance is reported as soon as it has settled.
  if (phase === 'Running' && figures?.rebalances.settled === false) return SOON_MS;
  return phase === 'Running' || phase === 'Preparing' || finishedAt !== undefined ? FIGURES_MS : RETRY_MS;
}
