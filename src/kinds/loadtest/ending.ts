/** When a run is over, and when nothing more is to come from it. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import type { Observed } from '../../contract/kind.ts';
import type { EpochMs } from '../../contract/time.ts';
import { epochMs, iso } from '../../contract/time.ts';
import type { RunView } from '../../domain/figures/figures.ts';
import type { RunFigures } from '../../domain/fold/runFigures.ts';
import { parseDuration } from '../../domain/status/duration.ts';
import { replicasOf } from './teardown.ts';

/** Pods are given this long to end before the run is closed without them. */
const CLOSE_WITHIN_MS = 60_000;
/** After the pods have ended, for their last reports to be read. */
const LAST_REPORTS_MS = 2_000;
/** What is shown of the log is of a look that may be so much older than the newest one: see operatorFacts.ts. */
const OLDEST_LOOK_MS = 1_000;

/** All producers are through with their share; by the recorded figures while the evidence has not been read. */
export function producersDone({ spec, status }: LoadTest, figures: RunView | undefined): boolean {
  const done = figures?.producers.done ?? status?.producers?.done ?? 0;
  return spec.producers?.messages !== undefined && done >= spec.producers.replicas;
}

export type Rest = Pick<LoadTestStatus, 'suspendedAt' | 'suspendedMs'>;

/** The time that does not count for spec.duration: from when a run that had begun is suspended until all are ready again. */
export function restOf({ spec, status }: LoadTest, ready: boolean, now: EpochMs): Rest {
  const { preparedAt, finishedAt, suspendedAt, suspendedMs } = status ?? {};
  const before: Rest = {
    ...(suspendedAt === undefined ? {} : { suspendedAt }),
    ...(suspendedMs === undefined ? {} : { suspendedMs }),
  };
  if (preparedAt === undefined || finishedAt !== undefined) return before;
  if (spec.suspend) return { ...before, suspendedAt: suspendedAt ?? iso(now) };
  return suspendedAt !== undefined && ready ? { suspendedMs: restedMs(before, now) } : before;
}

const restedMs = ({ suspendedAt, suspendedMs = 0 }: Rest, now: EpochMs): number =>
  suspendedMs + Math.max(0, now - (epochMs(suspendedAt) ?? now));

/** Why the run is over, or undefined while it is not. */
export function whyOver(
  loadTest: LoadTest,
  preparedAt: string,
  rest: Rest,
  figures: RunFigures | undefined,
  now: EpochMs,
): string | undefined {
  const { spec } = loadTest;
  if (spec.suspend) return undefined;
  const ranMs = now - (epochMs(preparedAt) ?? now) - restedMs(rest, now);
  if (spec.duration !== undefined && ranMs >= parseDuration(spec.duration)) {
    return `the duration of ${spec.duration} is over`;
  }
  if (figures === undefined) return undefined;
  if (spec.consumers?.messages !== undefined) {
    return figures.consumers.consumed >= spec.consumers.messages
      ? `${figures.consumers.consumed} records have been consumed`
      : undefined;
  }
  if (!producersDone(loadTest, figures)) return undefined;
  if (spec.consumers === undefined || spec.consumers.replicas === 0) return 'all messages have been sent';
  return allConsumed(loadTest, figures) ? 'all messages have been sent and consumed' : undefined;
}

function allConsumed({ status }: LoadTest, { producers, delivery, lag, lastAcknowledgedAt }: RunFigures): boolean {
  // Only in a topic that was made for this run are all records its own.
  const own = status?.topic?.created === true;
  if (own && delivery.consumed - delivery.duplicated >= producers.acknowledged) return true;
  if (lag?.total !== 0) return false;
  // The look at lag may be older than the last record: it counts only when it saw them all.
  const seenInLog = lag.partitions.reduce((sum, { endOffset }) => sum + endOffset, 0);
  return seenInLog >= producers.acknowledged && lag.at >= (lastAcknowledgedAt ?? 0);
}

/** Pods that have not ended yet, of all workloads. */
export const podsLeft = ({ owned }: Observed<LoadTest, RunFigures>): number =>
  owned.reduce((sum, object) => sum + replicasOf(object), 0);

/**
 * The pods have ended, their last reports have had time to arrive and have been read, and the log was looked at since, or
 * this takes too long.
 */
export function isClosed(
  { resource, evidence, kafka, now }: Observed<LoadTest, RunFigures>,
  finishedAt: string,
  stoppedAt: string | undefined,
): boolean {
  if (now - (epochMs(finishedAt) ?? now) > CLOSE_WITHIN_MS) return true;
  const stopped = epochMs(stoppedAt) ?? now;
  const wholeLogSeen =
    resource.spec.producers === undefined || ('known' in kafka && kafka.known.at - stopped >= OLDEST_LOOK_MS);
  return now - stopped >= LAST_REPORTS_MS && 'known' in evidence && wholeLogSeen;
}
