/** What /healthz and /readyz answer. Pure. */
import type { EpochMs } from '../contract/time.ts';
import type { InHand } from './loop/workQueue.ts';

export interface Condition {
  /** All watched types have been read once. */
  synced: boolean;
  stopping: boolean;
  leading: boolean;
  /** It led, could not renew its lease in time, and waits for it. */
  interrupted: boolean;
  /** A watch that is interrupted now. */
  trouble?: string | undefined;
  /** The resource that has been worked on for longest. */
  inHand?: InHand | undefined;
  now: EpochMs;
}

export interface Health {
  ok: boolean;
  message: string;
}

/** Every call within a round is bounded in time: one that takes longer than this waits for what never comes. */
const DEADLOCK_MS = 600_000;

/** Whether it may go on. A slow machine is no reason to start anew; an event loop that stands still does not answer at all. */
export function healthOf({ inHand, now }: Condition): Health {
  const ms = inHand ? now - inHand.since : 0;
  return inHand && ms > DEADLOCK_MS
    ? { ok: false, message: `${inHand.key} has been worked on for ${Math.floor(ms / 60_000)} minutes` }
    : { ok: true, message: 'ok' };
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
