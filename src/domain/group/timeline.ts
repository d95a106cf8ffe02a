/**
 * Brings what different processes report into the order in which it happened. Reports of one process come in its
 * order; those of different ones arrive in any. Events therefore wait here, sorted by time, until nothing older is expected.
 */
import type { EpochMs } from '../../contract/time.ts';
import type { ClockUsed } from '../clock/clock.ts';
import { indexAfter, insertInOrder } from '../clock/inOrder.ts';
import type {
  Alive,
  Assigned,
  ClientError,
  Died,
  LagSample,
  Revoked,
  Scaled,
  Started,
  Stopped,
  Stopping,
} from '../evidence/facts.ts';

interface Stamp {
  /** By the broker's clock (see clock.ts). */
  at: EpochMs;
  instance: string;
  /** Of the report within the instance, and of the event within the report: the order of events of the same time. */
  seq: number;
  index: number;
}

/** What a consumer told of itself. */
export type Told = Started | Stopping | Stopped | Died | Assigned | Revoked | Alive | ClientError;

export type Happening =
  | Told
  | Scaled
  /** A batch of records of one partition: the first began to be processed, the last one ended. */
  | { type: 'WorkBegan'; client: string; partition: number; waitedMs: number; clock: ClockUsed }
  | {
      type: 'WorkEnded';
      client: string;
      partition: number;
      beganAt: EpochMs;
      clock: ClockUsed;
      longestPause?: { from: EpochMs; to: EpochMs };
    }
  /** The operator asked the broker to describe the group. `sampleAt`: `at` of the sample, as it says. */
  | ({ type: 'Looked'; sampleAt: EpochMs /** Of the topic. */; partitionCount: number } & Pick<
      LagSample,
      'groupState' | 'groupMembers' | 'protocol' | 'members' | 'membersAsAt'
    >);

export type GroupEvent = Stamp & { what: Happening };

export interface Timeline {
  /** Sorted. */
  waiting: GroupEvent[];
}

export const emptyTimeline = (): Timeline => ({ waiting: [] });

const before = (a: GroupEvent, b: GroupEvent) =>
  a.at - b.at || (a.instance === b.instance ? a.seq - b.seq || a.index - b.index : a.instance < b.instance ? -1 : 1);

export const insert = ({ waiting }: Timeline, event: GroupEvent): void => insertInOrder(waiting, event, before);

/** Takes out, in order, what happened up to `at`. */
export const takeUntil = (timeline: Timeline, at: EpochMs): GroupEvent[] =>
  timeline.waiting.splice(0, indexAfter(timeline.waiting, at));
