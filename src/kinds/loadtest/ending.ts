/** The end of a run: when it is over, and when its figures are complete. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import type { Observed } from '../../contract/kind.ts';
import type { EpochMs } from '../../contract/time.ts';
import { epochMs } from '../../contract/time.ts';
import { hasRead } from '../../domain/delivery/lag.ts';
import type { RunView } from '../../domain/figures/figures.ts';
import type { RunFigures } from '../../domain/fold/runFigures.ts';
import { parseDuration } from '../../domain/status/duration.ts';
import { type Suspension, suspendedMsUntil } from './suspension.ts';

/** The run is closed at most 60 s after its end, even if pods are still there. */
const CLOSE_WITHIN_MS = 60_000;
/** The last reports of killed pods may be appended up to 2 s after the pods have ended. */
const LAST_REPORTS_MS = 2_000;
/** A sample of the log may be up to 1 s older than the newest snapshot of Kafka: see operatorFacts.ts. */
const OLDEST_SAMPLE_MS = 1_000;

export const isFinished = (status: LoadTestStatus | undefined): boolean =>
  status?.phase === 'Completed' || status?.phase === 'Failed';

/** All producers have sent their share. While the evidence is unread, the recorded figures count. */
export function producersDone({ spec, status }: LoadTest, figures: RunView | undefined): boolean {
  const done = figures?.producers.done ?? status?.producers?.done ?? 0;
  return spec.producers?.messages !== undefined && done >= spec.producers.replicas;
}

/** The reason why the run is over, as a sentence; undefined: it is not over. */
export function endReason(
  loadTest: LoadTest,
  preparedAt: string,
  suspension: Suspension,
  figures: RunFigures | undefined,
  now: EpochMs,
): string | undefined {
  const { spec } = loadTest;
  if (spec.suspend) return undefined;
  const ranMs = now - (epochMs(preparedAt) ?? now) - suspendedMsUntil(suspension, now);
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

/** What other producers append after the last record of this run does not delay its end. */
function allConsumed({ status }: LoadTest, figures: RunFigures): boolean {
  const { producers, delivery, lagRecord, producedEnds } = figures;
  if (producedEnds === undefined) return false;
  const appended = [...producedEnds.endOffsets.values()].reduce((sum, endOffset) => sum + endOffset, 0);
  // Nobody else has appended to the topic, so the number of consumed records decides, and the next commit is not waited for.
  const own = status?.topic?.created === true && appended === producers.acknowledged;
  if (own && delivery.consumed - delivery.duplicated >= producers.acknowledged) return true;
  const newest = lagRecord.latest.at(-1);
  return newest !== undefined && hasRead(newest, producedEnds.endOffsets);
}

/**
 * Complete: the pods have ended, the evidence has been read up to where it ended then, and the log has been sampled since.
 * Incomplete: 60 s after its end the run is closed anyway.
 */
export function closingOf(
  { resource, evidence, kafka, now }: Observed<LoadTest, RunFigures>,
  finishedAt: string,
  stoppedAt: string | undefined,
): 'Open' | 'Complete' | 'Incomplete' {
  const isLate = now - (epochMs(finishedAt) ?? now) > CLOSE_WITHIN_MS;
  if (stoppedAt === undefined) return isLate ? 'Incomplete' : 'Open';
  const stopped = epochMs(stoppedAt) ?? now;
  const wholeLogSampled =
    resource.spec.producers === undefined || ('known' in kafka && kafka.known.at - stopped >= OLDEST_SAMPLE_MS);
  if (now - stopped >= LAST_REPORTS_MS && wholeLogSampled && isRead(resource, evidence, kafka, stopped))
    return 'Complete';
  return isLate ? 'Incomplete' : 'Open';
}

/** The evidence has been read up to an end that was seen after `stopped`. */
function isRead(
  { status }: LoadTest,
  evidence: Observed<LoadTest, RunFigures>['evidence'],
  kafka: Observed<LoadTest>['kafka'],
  stopped: EpochMs,
): boolean {
  if (!('known' in evidence && 'known' in kafka) || kafka.known.at < stopped) return false;
  const end = kafka.known.evidence.endOffsets[status?.evidence?.partition ?? 0] ?? 0;
  return evidence.known.readTo >= end;
}
