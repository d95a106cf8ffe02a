/** How a worker is to end at its next SIGTERM, as the operator tells it over HTTP: POST STOP_PATH, `Bearer <uid of the run>`, {"stop": "Kill"}. */
import type { Stop } from '../../contract/actions.ts';

export const STOPS = ['Graceful', 'Kill'] as const satisfies readonly Stop[];

/** On the worker's WORKER_PORT. */
export const STOP_PATH = '/stop-mode';

/** A Kill that no SIGTERM followed is forgotten after this: whatever stops the worker later is not what it was meant for. */
export const KILL_HOLDS_MS = 120_000;
