/** When a consumer stores or commits its positions: the commit mode of its spec, over the client's `store` and `commit`. */
import type { CommitMode } from '../../domain/workers/spec.ts';
import type { ClientTrouble, ConsumerClient, Position } from '../clients/port.ts';

/** The default of Kafka's default.api.timeout.ms: the time after which a commit without an answer is given up. */
const COMMIT_MS = 60_000;
/** The same before partitions are given up, while the group waits for the commit. */
export const LAST_COMMIT_MS = 4_000;

/** A returned promise has to settle before the next record is processed. */
export interface Commits {
  /** Notes that the last `records` records before `position` are processed, and commits or stores if the mode asks for it now. */
  processed(position: Position, records: number): Promise<void> | undefined;
  /** The position at the end of the log, past offsets without a record: commits or stores it, as Kafka's Java client does. */
  reachedEnd(position: Position): Promise<void> | undefined;
  /** At most this many records may be processed before the next call of `processed`. */
  recordsUntilDue(): number;
  /** All records of a poll are processed. */
  pollProcessed(): Promise<void> | undefined;
  /**
   * Commits everything before partitions are given up. With Auto this is the only commit that is waited for, as in Kafka's
   * Java client.
   */
  commitLast(): Promise<void> | undefined;
  /** The partition is no longer owned. */
  forget(partition: number): void;
  /** There are processed records whose positions this client has not committed (with Auto: stored positions too). */
  pending(): boolean;
}

/** A failed commit is reported as trouble; its positions stay pending. */
export function createCommits(
  mode: CommitMode,
  client: Pick<ConsumerClient, 'store' | 'commit'>,
  trouble: (trouble: ClientTrouble) => void,
): Commits {
  /** Next offset of each partition with uncommitted records. */
  const uncommitted = new Map<number, number>();
  let recordsSinceCommit = 0;

  const failed = (what: string, error: unknown) => {
    const { code, message } = error as { code: string; message: string };
    trouble({ code, message: `${what}: ${message}` });
  };
  const commit = async (timeoutMs: number) => {
    recordsSinceCommit = 0;
    if (uncommitted.size === 0) return;
    const positions = [...uncommitted].map(([partition, offset]) => ({ partition, offset }));
    try {
      await client.commit(positions, timeoutMs);
      for (const { partition, offset } of positions) {
        if (uncommitted.get(partition) === offset) uncommitted.delete(partition);
      }
    } catch (error) {
      failed('commit', error);
    }
  };
  const store = (position: Position) => {
    try {
      client.store([position]);
    } catch (error) {
      failed('storing an offset', error);
    }
  };

  return {
    processed(position, records) {
      uncommitted.set(position.partition, position.offset);
      recordsSinceCommit += records;
      if (mode.mode === 'Auto') store(position);
      else if (mode.mode === 'Record' || (mode.mode === 'Every' && recordsSinceCommit >= mode.records)) {
        return commit(COMMIT_MS);
      }
      return undefined;
    },
    reachedEnd(position) {
      if (mode.mode === 'Never') return undefined;
      uncommitted.set(position.partition, position.offset);
      if (mode.mode !== 'Auto') return commit(COMMIT_MS);
      store(position);
      return undefined;
    },
    recordsUntilDue() {
      if (mode.mode === 'Record') return 1;
      return mode.mode === 'Every' ? Math.max(1, mode.records - recordsSinceCommit) : Number.POSITIVE_INFINITY;
    },
    pollProcessed: () => (mode.mode === 'Poll' ? commit(COMMIT_MS) : undefined),
    commitLast: () => (mode.mode === 'Never' ? undefined : commit(LAST_COMMIT_MS)),
    forget: (partition) => void uncommitted.delete(partition),
    pending: () => uncommitted.size > 0,
  };
}
