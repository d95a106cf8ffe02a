/** What the runtime keeps in mind about one resource, between rounds. Losing it (a restart) costs requests, never correctness. */
import type { EpochMs } from '../../contract/time.ts';
import type { Random } from '../ports.ts';
import { type Baselines, baselines } from './baselines.ts';
import { type Failures, failures } from './failures.ts';

export interface Memory {
  uid: string;
  failures: Failures;
  /** Of desired objects, by identity; the status under ``. */
  baselines: Baselines;
  statusWrittenAt?: EpochMs;
}

export const memoryOf = (uid: string, random: Random): Memory => ({
  uid,
  failures: failures(random),
  baselines: baselines(),
});
