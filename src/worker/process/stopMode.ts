/** What the next SIGTERM is to be. Kubernetes sends one before every SIGKILL, so a crash on purpose has to be told before. */
import * as z from 'zod/mini';
import { KILL_HOLDS_MS, STOPS } from '../../domain/workers/stopMode.ts';
import type { EpochMs } from './time.ts';

const request = z.object({ stop: z.enum(STOPS) });

type Stop = (typeof STOPS)[number];

export interface StopMode {
  /** Answers a request: 200, or why not. `authorization` and `body` as they came. */
  ask(authorization: string | undefined, body: string): { status: number; text: string };
  /** Graceful again when nothing stopped it within KILL_HOLDS_MS. */
  now(): Stop;
}

/** `run`: uid of the LoadTest; who does not know it is a stranger. */
export function createStopMode(run: string, now: () => EpochMs): StopMode {
  let killedUntil: EpochMs | undefined;
  return {
    ask(authorization, body) {
      if (authorization !== `Bearer ${run}`) return { status: 403, text: 'this worker belongs to another run\n' };
      let stop: Stop;
      try {
        stop = request.parse(JSON.parse(body)).stop;
      } catch {
        return { status: 400, text: `write {"stop": "${STOPS.join('"} or {"stop": "')}"}\n` };
      }
      killedUntil = stop === 'Kill' ? now() + KILL_HOLDS_MS : undefined;
      return { status: 200, text: `${stop}\n` };
    },
    now: () => (killedUntil !== undefined && now() < killedUntil ? 'Kill' : 'Graceful'),
  };
}
