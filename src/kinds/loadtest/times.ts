/** The points in time of a run: when it started, was ready, ended, and when its last pod ended. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { Observed } from '../../contract/kind.ts';
import { iso } from '../../contract/time.ts';
import type { RunFigures } from '../../domain/fold/runFigures.ts';
import { podsLeft } from './clients.ts';
import { closingOf, endReason } from './ending.ts';
import { type Suspension, suspensionOf } from './suspension.ts';

export interface RunTimes {
  startedAt: string;
  /** When all clients were ready for the first time. */
  preparedAt: string | undefined;
  suspension: Suspension;
  finishedAt: string | undefined;
  /** The reason for the end, in the round in which the run ends. */
  endReason: string | undefined;
  /** When the last pod had ended. */
  stoppedAt: string | undefined;
  /** Nothing more comes from the run. */
  closed: boolean;
  /** It was closed without its last evidence. */
  incomplete: boolean;
}

/** `allReady`: every client that should run is ready. */
export function runTimes(
  seen: Observed<LoadTest, RunFigures>,
  allReady: boolean,
  figures: RunFigures | undefined,
): RunTimes {
  const { resource, owned, now } = seen;
  const before = resource.status;
  const preparedAt = before?.preparedAt ?? (allReady && !resource.spec.suspend ? iso(now) : undefined);
  const suspension = suspensionOf(resource, allReady, now);
  const reason =
    before?.finishedAt === undefined && preparedAt !== undefined
      ? endReason(resource, preparedAt, suspension, figures, now)
      : undefined;
  const finishedAt = before?.finishedAt ?? (reason === undefined ? undefined : iso(now));
  const stoppedAt =
    before?.stoppedAt ?? (before?.finishedAt !== undefined && podsLeft(owned) === 0 ? iso(now) : undefined);
  const closing = finishedAt === undefined ? 'Open' : closingOf(seen, finishedAt, stoppedAt);
  return {
    startedAt: before?.startedAt ?? iso(now),
    preparedAt,
    suspension,
    finishedAt,
    endReason: reason,
    stoppedAt,
    closed: closing !== 'Open',
    incomplete: closing === 'Incomplete',
  };
}
