/**
 * Sorts the events of all processes by time. Reports of one process arrive in its order, reports of different processes in any
 * order. Events therefore wait here until no older ones are expected.
 */
import type { EpochMs } from '../../contract/time.ts';
import type { ProcessClock } from '../clock/clock.ts';
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
import type { BegunRecord, LogSample } from './timeInLog.ts';

interface Stamp {
  /** Time by the broker's clock (see clock.ts). */
  at: EpochMs;
  instance: string;
  /** Number of the report within the instance. With `index` it orders events of the same time. */
  seq: number;
  /** Number of the event within the report. */
  index: number;
}

/** A consumer's report about itself. */
export type ClientFact = Started | Stopping | Stopped | Died | Assigned | Revoked | Alive | ClientError;

/** Processing of a batch's first record began. */
interface WorkBegan extends BegunRecord {
  type: 'WorkBegan';
  client: string;
  clock: ProcessClock;
}

/** Processing of a batch's last record ended. */
interface WorkEnded {
  type: 'WorkEnded';
  client: string;
  partition: number;
  beganAt: EpochMs;
  clock: ProcessClock;
  longestPause?: { from: EpochMs; to: EpochMs };
}

/** The broker described the group to the operator. */
export type GroupDescribed = {
  type: 'GroupDescribed';
  /** `at` of the sample, uncorrected. */
  sampleAt: EpochMs;
  /** Partitions of the topic. */
  partitionCount: number;
  logSample: Omit<LogSample, 'at'>;
} & Pick<LagSample, 'groupState' | 'groupMembers' | 'protocol' | 'members' | 'membersAsAt'>;

export type Happening = ClientFact | Scaled | WorkBegan | WorkEnded | GroupDescribed;

export type GroupEvent = Stamp & { what: Happening };

export interface Timeline {
  /** Sorted by time. */
  waiting: GroupEvent[];
}

export const emptyTimeline = (): Timeline => ({ waiting: [] });

const compareEvents = (a: GroupEvent, b: GroupEvent) =>
  a.at - b.at || (a.instance === b.instance ? a.seq - b.seq || a.index - b.index : a.instance < b.instance ? -1 : 1);

export const insert = ({ waiting }: Timeline, event: GroupEvent): void => insertInOrder(waiting, event, compareEvents);

/** Removes and returns the events up to `at`, in order. */
export const takeUntil = (timeline: Timeline, at: EpochMs): GroupEvent[] =>
  timeline.waiting.splice(0, indexAfter(timeline.waiting, at));
