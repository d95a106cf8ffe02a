/** The plan of a round that changes nothing but the status. */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { ConsumerScaleStatus } from '../../api/consumerscale/status.ts';
import type { Notice, Observed, Plan } from '../../contract/kind.ts';
import { summaryConditions } from '../../contract/summary.ts';
import type { RunFigures } from '../../domain/fold/runFigures.ts';
import { evaluateEvidenceIncomplete } from '../../domain/status/evidenceIncomplete.ts';
import { rebalancesLeftOut, withinSize } from '../../domain/status/rebalances.ts';
import { idleLeftOut } from './figures.ts';
import { type ScaleSummary, summaryNotices } from './summary.ts';

/** `parts`: fields of the status that change; the others stay. */
export function statusPlan(
  { resource, now, evidence }: Observed<ConsumerScale, RunFigures>,
  parts: Partial<ConsumerScaleStatus>,
  summary: ScaleSummary,
  events: Notice[] = [],
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
  const main = summaryConditions(before?.conditions ?? [], summary, metadata.generation, now);
  // A LoadTest says itself what its evidence lacks.
  const missing = resource.spec.consumers !== undefined && 'known' in evidence ? evidence.known.missing : undefined;
  const topic = before?.evidence?.topic ?? '';
  const lacks = evaluateEvidenceIncomplete(main, missing, topic, metadata.generation, now);
  const status = withinSize<ConsumerScaleStatus>({
    ...kept,
    ...parts,
    phase: summary.phase,
    observedGeneration: metadata.generation,
    conditions: lacks.conditions,
  });
  const leftOut = [...rebalancesLeftOut(status), ...idleLeftOut(status.steps ?? [])];
  return {
    apply: [],
    actions: [],
    status: leftOut.length === 0 ? status : { ...status, truncated: leftOut },
    events: [...events, ...summaryNotices(before, summary), ...lacks.events],
    ...(lookAgainInMs === undefined ? {} : { lookAgainInMs }),
  };
}
