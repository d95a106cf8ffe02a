/** The summary of a LoadTest: phase, reason and message. The first case that holds decides. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import type { Notice, Observed } from '../../contract/kind.ts';
import { alreadyReported, progressing, type Summary, stalled, summaryNotice } from '../../contract/summary.ts';
import type { RunView } from '../../domain/figures/figures.ts';
import type { RunFigures } from '../../domain/fold/runFigures.ts';
import { counted } from '../../domain/status/counted.ts';
import { meaningIn, refusalOf } from './clientErrors/refusal.ts';
import type { Clients } from './clients.ts';

export type LoadTestSummary = Summary<LoadTestStatus['phase']>;

/** What a summary says besides the state of the clients, which continue regardless. */
export type Remark = Pick<LoadTestSummary, 'reason' | 'message'>;

type Seen = Observed<LoadTest, RunFigures>;

/** The state of a run in this round. */
export interface RunState {
  ready: Clients;
  wanted: Clients;
  preparedAt: string | undefined;
  finishedAt: string | undefined;
  endReason: string | undefined;
  closed: boolean;
  incomplete: boolean;
  figures: RunView | undefined;
  /** status.producers.appended */
  appended: number | undefined;
}

/** `missing`: why clients may not start. */
export function summarise(
  seen: Seen,
  { missing, remark }: { missing?: LoadTestSummary; remark?: Remark },
  run: RunState,
): LoadTestSummary {
  const { resource, failures } = seen;
  if (run.finishedAt !== undefined) return run.closed ? outcome(seen, run) : stopping(resource, run);
  if (missing !== undefined) return missing;
  const phase = run.preparedAt === undefined ? 'Preparing' : 'Running';
  const refused = failures.find(({ reason }) => reason === 'Refused');
  if (refused !== undefined) return stalled(phase, 'Refused', refused.message);
  if (resource.spec.suspend) return suspended(run);
  return refusedClients(seen, run, phase) ?? remarked(starting(seen, run, phase) ?? running(seen, run), remark);
}

/** The sentence of the round in which the run ended stays until the run is closed. */
function stopping({ status }: LoadTest, { endReason = 'the run is over' }: RunState): LoadTestSummary {
  const before = status?.conditions.find(({ type, reason }) => type === 'Ready' && reason === STOPPING)?.message;
  return progressing('Running', STOPPING, before ?? `${endReason}; the clients are being stopped`);
}

const STOPPING = 'Stopping';

function suspended({ ready }: RunState): LoadTestSummary {
  const clients = ready.producers + ready.consumers;
  if (clients > 0) {
    const are = clients === 1 ? 'is' : 'are';
    return progressing('Suspended', 'Suspending', `${counted(clients, 'client')} ${are} being stopped`);
  }
  const message = 'set spec.suspend to false to continue';
  return { phase: 'Suspended', state: 'Current', reason: 'Suspended', message };
}

/** What the brokers or the client libraries have against the clients, if that keeps them from their work. */
function refusedClients({ resource, kafka, now }: Seen, run: RunState, phase: 'Preparing' | 'Running') {
  const refusal = refusalOf(resource, kafka, run, now);
  if (refusal === undefined) return undefined;
  const { reason, forGood, sentence } = refusal;
  const message = `${readiness(resource, run)}; ${sentence}`;
  return forGood ? stalled(phase, reason, message) : progressing(phase, reason, message);
}

function starting({ resource, kafka }: Seen, run: RunState, phase: 'Preparing' | 'Running') {
  const { ready, wanted, preparedAt } = run;
  const allReady = ready.producers >= wanted.producers && ready.consumers >= wanted.consumers;
  if (preparedAt !== undefined && allReady) return undefined;
  const away = 'unavailable' in kafka ? `; ${kafka.unavailable}` : '';
  return progressing(phase, 'StartingClients', `${readiness(resource, run)}${away}`);
}

function running({ resource, kafka, evidence }: Seen, run: RunState): LoadTestSummary {
  const message = readiness(resource, run);
  const unread =
    'unavailable' in kafka ? kafka.unavailable : 'unavailable' in evidence ? evidence.unavailable : undefined;
  return unread === undefined
    ? { phase: 'Running', state: 'Current', reason: 'Running', message }
    : { phase: 'Running', state: 'Current', reason: 'FiguresLate', message: `${message}; figures are late: ${unread}` };
}

/** A summary that already has something to say beyond the state of the clients keeps its reason. */
function remarked(summary: LoadTestSummary, remark: Remark | undefined): LoadTestSummary {
  if (remark === undefined) return summary;
  const reason = summary.reason === 'Running' ? remark.reason : summary.reason;
  return { ...summary, reason, message: `${summary.message}; ${remark.message}` };
}

const readiness = ({ spec }: LoadTest, { ready, wanted }: RunState): string =>
  [
    ...(spec.producers === undefined ? [] : [`${ready.producers}/${wanted.producers} producers ready`]),
    ...(spec.consumers === undefined ? [] : [`${ready.consumers}/${wanted.consumers} consumers ready`]),
  ].join(', ');

/** From the recorded figures if the evidence was not read in time. */
function outcome({ resource, kafka }: Seen, { figures, appended, incomplete }: RunState): LoadTestSummary {
  const { spec, status } = resource;
  const unread = incomplete ? UNREAD : '';
  const producers = figures?.producers ?? status?.producers;
  const delivery = figures?.delivery ?? status?.delivery;
  const failed = producers?.failed ?? 0;
  if (failed > 0 && spec.producers?.messages !== undefined) {
    const errors = producers?.errors ?? [];
    const why = errors.map(({ code, count }) => `${code} (${count ?? 1}x)`).join(', ');
    const advice = meaningIn(resource, kafka, 'Producer', errors)?.sentence;
    return {
      phase: 'Failed',
      state: 'Finished',
      reason: 'MessagesFailed',
      message: `${failed} of ${spec.producers.messages} messages were not acknowledged: ${why || 'no reason given'}${advice === undefined ? '' : `; ${advice}`}${unread}`,
    };
  }
  const message =
    delivery === undefined
      ? 'the run is over'
      : `${counted(delivery.produced, 'record')} produced, ${appended === undefined ? '' : `${appended} appended to the log, `}${delivery.consumed} consumed (${delivery.duplicated} duplicated, ${delivery.skipped} skipped), ${counted((figures ?? status)?.rebalances?.count ?? 0, 'rebalance')}`;
  return { phase: 'Completed', state: 'Finished', reason: 'Completed', message: message + unread };
}

const UNREAD = '; these figures may be too low: not all evidence of the run had been read 60 s after its end';

/** Reasons of a lab that waits or continues, of which its user should know. */
const WARNINGS: ReadonlySet<string> = new Set(['FiguresLate', 'KafkaUnavailable', 'KafkaTopicError']);

/** An Event each time phase or reason change. */
export function summaryNotices(before: LoadTestStatus | undefined, summary: LoadTestSummary): Notice[] {
  if (alreadyReported(before, summary) !== undefined) return [];
  return [summaryNotice(summary, WARNINGS.has(summary.reason))];
}
