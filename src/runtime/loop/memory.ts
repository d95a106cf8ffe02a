/** The runtime's memory of one resource between rounds. Losing it at a restart costs requests but never correctness. */
import type { Done } from '../../contract/actions.ts';
import type { EpochMs } from '../../contract/time.ts';
import type { Random } from '../ports.ts';
import { type Baselines, baselines } from './baselines.ts';
import { type Failures, failures } from './failures.ts';

export interface Memory {
  uid: string;
  failures: Failures;
  /** The results of actions since the last status write. */
  done: Done[];
  /** The baselines of desired objects by identity, and of the status under ``. */
  baselines: Baselines;
  statusWrittenAt?: EpochMs;
}

export const memoryOf = (uid: string, random: Random): Memory => ({
  uid,
  failures: failures(random),
  done: [],
  baselines: baselines(),
});
