/** The preparation of a run: what has to exist before its clients may start. */

import type { LoadTest } from '../../../api/loadtest/loadTest.ts';
import type { LoadTestStatus } from '../../../api/loadtest/status.ts';
import type { Action } from '../../../contract/actions.ts';
import type { Observed } from '../../../contract/kind.ts';
import type { RunFigures } from '../../../domain/fold/runFigures.ts';
import type { StrimziView } from '../../../domain/strimzi/lookup.ts';
import type { LoadTestSummary, Remark } from '../summary.ts';

export type Topic = NonNullable<LoadTestStatus['topic']>;

/** What the status records from now on. */
export interface Recorded {
  kafka?: NonNullable<LoadTestStatus['kafka']>;
  topic?: Topic;
  evidence?: NonNullable<LoadTestStatus['evidence']>;
  groupCreated?: boolean;
  /** Sum of the topic's end offsets before any client of the run was started. */
  endOffsetsAtStart?: number;
}

export interface Preparation extends Recorded {
  /** Partitions that the topic is being raised to. */
  raising?: number;
  actions: Action[];
  /** Why clients may not start yet; absent: they may. */
  missing?: LoadTestSummary;
  /** What the status says besides the state of the clients, which continue regardless. */
  remark?: Remark;
}

/** What the steps of the preparation are given. */
export interface PreparationInput {
  seen: Observed<LoadTest, RunFigures>;
  /** undefined: the Kafka resource of Strimzi is unknown, or nothing of it is needed. */
  strimzi: StrimziView | undefined;
  phase: 'Pending' | 'Running';
  /** Clients run, or have run. Those that run need no view of Kafka. */
  started: boolean;
  recorded: Recorded;
  /** Where the evidence of this run begins, if that is not recorded yet. */
  evidenceStart: Pick<Recorded, 'evidence' | 'kafka' | 'groupCreated' | 'endOffsetsAtStart'>;
}

/** The topic has been seen and the place of the evidence is recorded. */
export const isPrepared = ({ recorded }: PreparationInput): boolean =>
  (recorded.topic?.partitions ?? 0) > 0 && recorded.evidence !== undefined;

/** Clients may not start because of `missing`. */
export const waiting = (
  { recorded, evidenceStart }: PreparationInput,
  missing: LoadTestSummary,
  more: Partial<Preparation> = {},
): Preparation => ({ ...recorded, ...evidenceStart, actions: [], ...more, missing });
