/** What the runtime keeps in mind about one resource, between rounds. Losing it (a restart) costs requests, never correctness. */
import type { Done } from '../../contract/actions.ts';
import type { EpochMs } from '../../contract/time.ts';
import type { Random } from '../ports.ts';
import { type Baselines, baselines } from './baselines.ts';
import { type Failures, failures } from './failures.ts';

export interface Memory {
  uid: string;
  failures: Failures;
  /** What actions have answered since the last status was written. */
  done: Done[];
  /** Of desired objects, by identity; the status under ``. */
  baselines: Baselines;
  statusWrittenAt?: EpochMs;
}

export const memoryOf = (uid: string, random: Random): Memory => ({
  uid,
  failures: failures(random),
  done: [],
  baselines: baselines(),
});
