/**
 * What the worker does at its next SIGTERM. Kubernetes sends SIGTERM before every SIGKILL, so the operator has to
 * announce a deliberate crash in advance (POST STOP_PATH, see domain/workers/stopMode.ts).
 */
import * as z from 'zod/mini';
import { KILL_HOLDS_MS, STOPS } from '../../domain/workers/stopMode.ts';
import type { EpochMs } from './time.ts';

const request = z.object({ stop: z.enum(STOPS) });

type Stop = (typeof STOPS)[number];

export interface StopMode {
  /** Handles the operator's request: header `Authorization` and body as received. 200, 400 (bad body) or 403 (other run). */
  handle(authorization: string | undefined, body: string): { status: number; text: string };
  /** Kill for KILL_HOLDS_MS after it was announced, then Graceful again. */
  current(): Stop;
}

/** `run`: uid of the LoadTest, which is the bearer token. */
export function createStopMode(run: string, now: () => EpochMs): StopMode {
  let killUntil: EpochMs | undefined;
  return {
    handle(authorization, body) {
      if (authorization !== `Bearer ${run}`) return { status: 403, text: 'this worker belongs to another run\n' };
      let stop: Stop;
      try {
        stop = request.parse(JSON.parse(body)).stop;
      } catch {
        return { status: 400, text: `write {"stop": "${STOPS.join('"} or {"stop": "')}"}\n` };
      }
      killUntil = stop === 'Kill' ? now() + KILL_HOLDS_MS : undefined;
      return { status: 200, text: `${stop}\n` };
    },
    current: () => (killUntil !== undefined && now() < killUntil ? 'Kill' : 'Graceful'),
  };
}
