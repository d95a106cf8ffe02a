/**
 * Sets how a worker ends at its next SIGTERM. The operator sends it by HTTP:
 * POST STOP_PATH, `Authorization: Bearer <uid of the run>`, {"stop": "Kill"}.
 */
import type { Stop } from '../../contract/actions.ts';

export const STOPS = ['Graceful', 'Kill'] as const satisfies readonly Stop[];

/** Path on the worker's WORKER_PORT. */
export const STOP_PATH = '/stop-mode';

/** A Kill expires after this time without a SIGTERM. A later SIGTERM has another cause and stops the worker cleanly. */
export const KILL_HOLDS_MS = 120_000;
