/** The answers of /healthz and /readyz. Pure. */
import type { EpochMs } from '../contract/time.ts';
import type { ActiveKey } from './loop/workQueue.ts';

export interface ProcessState {
  /** Whether every watched type has been listed once. */
  synced: boolean;
  stopping: boolean;
  leading: boolean;
  /** Whether it led, failed to renew its lease in time and now waits to regain it. */
  interrupted: boolean;
  /** Why a watch is interrupted now. */
  trouble?: string | undefined;
  /** The resource whose round has run for longest. */
  longestActive?: ActiveKey | undefined;
  now: EpochMs;
}

export interface Health {
  ok: boolean;
  message: string;
}

/** The duration after which a round counts as stuck. Every call within a round has a time limit, and their sum is far below. */
const STUCK_MS = 600_000;

/**
 * Whether the process may continue. A slow machine is no reason for a restart: only a stuck round is. A blocked event loop
 * does not answer at all.
 */
export function healthOf({ longestActive, now }: ProcessState): Health {
  const ms = longestActive ? now - longestActive.since : 0;
  return longestActive && ms > STUCK_MS
    ? { ok: false, message: `${longestActive.key} has been reconciling for ${Math.floor(ms / 60_000)} minutes` }
    : { ok: true, message: 'ok' };
}

/**
 * Whether the process can serve. A standby is ready because it can take over at any moment, and so is a process that waits to
 * regain its lease. An interrupted watch recovers without a restart, so it does not make the process unready.
 */
export function readinessOf({ synced, stopping, leading, interrupted, trouble }: ProcessState): Health {
  if (stopping) return { ok: false, message: 'stopping' };
  if (!synced) return { ok: false, message: `reading the cluster${trouble ? `: ${trouble}` : ''}` };
  if (interrupted) return { ok: true, message: 'waiting to regain the lease' };
  return { ok: true, message: leading ? 'leading' : 'standing by' };
}
