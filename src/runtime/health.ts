/** What /healthz and /readyz answer. Pure. */
import type { EpochMs } from '../api/kind.ts';

export interface Condition {
  /** All watched types have been read once. */
  synced: boolean;
  stopping: boolean;
  leading: boolean;
  /** It led, could not renew its lease in time, and waits for it. */
  interrupted: boolean;
  /** A watch that is interrupted now. */
  trouble?: string | undefined;
  /** When a timer due every second last ran. */
  tickedAt: EpochMs;
  now: EpochMs;
}

export interface Health {
  ok: boolean;
  message: string;
}

/** A process whose event loop stands still for this long is of no use any more. */
const STUCK_MS = 30_000;

export function healthOf({ tickedAt, now }: Condition): Health {
  const still = now - tickedAt;
  return still < STUCK_MS
    ? { ok: true, message: 'ok' }
    : { ok: false, message: `the event loop stood still for ${still} ms` };
}

/**
 * A standby is ready too: it can take over at any moment; so is one that waits for its lease. An interrupted watch mends
 * itself and does not count.
 */
export function readinessOf({ synced, stopping, leading, interrupted, trouble }: Condition): Health {
  if (stopping) return { ok: false, message: 'stopping' };
  if (!synced) return { ok: false, message: `reading the cluster${trouble ? `: ${trouble}` : ''}` };
  if (interrupted) return { ok: true, message: 'waiting for its lease again' };
  return { ok: true, message: leading ? 'leading' : 'standing by' };
}
