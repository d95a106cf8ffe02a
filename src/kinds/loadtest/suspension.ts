/** The time that a run was suspended. It does not count for spec.duration. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import type { EpochMs } from '../../contract/time.ts';
import { epochMs, iso } from '../../contract/time.ts';

export type Suspension = Pick<LoadTestStatus, 'suspendedAt' | 'suspendedMs'>;

/** A suspension begins when a run that was ready is suspended, and lasts until all its clients are `ready` again. */
export function suspensionOf({ spec, status }: LoadTest, ready: boolean, now: EpochMs): Suspension {
  const { preparedAt, finishedAt, suspendedAt, suspendedMs } = status ?? {};
  const before: Suspension = {
    ...(suspendedAt === undefined ? {} : { suspendedAt }),
    ...(suspendedMs === undefined ? {} : { suspendedMs }),
  };
  if (preparedAt === undefined || finishedAt !== undefined) return before;
  if (spec.suspend) return { ...before, suspendedAt: suspendedAt ?? iso(now) };
  return suspendedAt !== undefined && ready ? { suspendedMs: suspendedMsUntil(before, now) } : before;
}

/** All suspensions of the run up to `now`, in ms. */
export const suspendedMsUntil = ({ suspendedAt, suspendedMs = 0 }: Suspension, now: EpochMs): number =>
  suspendedMs + Math.max(0, now - (epochMs(suspendedAt) ?? now));
