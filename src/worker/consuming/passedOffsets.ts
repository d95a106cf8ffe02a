/**
 * The offsets that a consumer passed without getting a record: transaction markers, aborted and compacted records, and
 * records that retention deleted before they were read. Within an assignment a client gets every record that it can get, so
 * a gap between two records has none. Before the first record the gap begins at the group's committed offset, or at the start
 * of the log if the group has committed none and begins there.
 */
import type { OffsetRange, PassedOffsets } from '../../domain/evidence/facts.ts';
import type { ConsumerClient, Position } from '../clients/port.ts';

/** A longer gap may be deleted records: the broker is asked where the log starts. */
const SHORT_GAP = 1_000;

export interface PassedOffsetsLog {
  /** The client begins to read these partitions. */
  assigned(partitions: readonly number[]): void;
  /** The partition is no longer owned. */
  forget(partition: number): void;
  /** A record was processed. Called for each one, in the order of the log. */
  processed(partition: number, offset: number): void;
  /** The client has reached the end of the partition. Returns true if its position is past the last processed record. */
  reachedEnd(position: Position): boolean;
  /** Writes what is neither taken nor saved to the journal. Called before positions are stored or committed. */
  save(): void;
  /** What was passed since the last call. undefined: nothing. */
  take(): PassedOffsets[] | undefined;
}

interface Reading {
  /** Offset after the last record or at the end of the log, whichever came last. */
  next?: number;
  /** Offset of the first record, or of the end of the log if that came first. */
  first?: number;
  /** The group's committed offset when reading began; null: none. Absent: not known yet. */
  committed?: number | null;
}

export interface PassedOffsetsOptions {
  client: Pick<ConsumerClient, 'committedOffsets' | 'logStart'>;
  /** auto.offset.reset=latest: after a reset, records between the log's start and the new position exist and are skipped. */
  resetsToLatest: boolean;
  /** Writes a journal entry. */
  journal?: (passed: PassedOffsets[]) => void;
}

export function createPassedOffsetsLog({ client, resetsToLatest, journal }: PassedOffsetsOptions): PassedOffsetsLog {
  const readings = new Map<number, Reading>();
  /** The reading that the last record belongs to: most records follow one of their own partition. */
  let latest: Reading | undefined;
  let latestPartition = -1;
  const passed = new Map<number, OffsetRange[]>();
  const deleted = new Map<number, OffsetRange[]>();
  /** Those of them that are not in the journal. */
  let unsaved: PassedOffsets[] = [];

  const note = (what: 'withoutRecord' | 'deleted', partition: number, from: number, to: number) => {
    if (to <= from) return;
    const ranges = what === 'deleted' ? deleted : passed;
    const list = ranges.get(partition) ?? [];
    list.push([from, to]);
    ranges.set(partition, list);
    if (journal !== undefined) unsaved.push({ partition, [what]: [[from, to]] });
  };

  /** `reset`: the position before the gap was the group's committed offset, so the gap may be a reset of the position. */
  const explain = async (partition: number, from: number, to: number, reset: boolean) => {
    if (to <= from) return;
    if (!reset && to - from <= SHORT_GAP) return note('withoutRecord', partition, from, to);
    const start = await client.logStart?.(partition);
    if (start === undefined) return;
    note('deleted', partition, from, Math.min(to, start));
    if (start > from && resetsToLatest) return;
    note('withoutRecord', partition, Math.max(from, start), to);
  };

  /** The group began at the start of the log. By now the start may have moved, but not back. */
  const explainFromLogStart = async (partition: number, to: number) => {
    const start = to > 0 ? await client.logStart?.(partition) : undefined;
    if (start !== undefined) note('withoutRecord', partition, start, to);
  };

  /** Explains the gap before the first record, once both of its ends are known. */
  const explainStart = (partition: number, { first, committed }: Reading) => {
    if (first === undefined || committed === undefined) return;
    if (committed !== null) void explain(partition, committed, first, true);
    else if (!resetsToLatest) void explainFromLogStart(partition, first);
  };

  /** `from`: offset of a record, or of the end; `to`: the next position. */
  const moved = (partition: number, reading: Reading, from: number, to: number) => {
    if (reading.next !== undefined) {
      if (from > reading.next) void explain(partition, reading.next, from, false);
    } else {
      reading.first = from;
      explainStart(partition, reading);
    }
    reading.next = to;
  };

  const findCommitted = async (added: ReadonlyMap<number, Reading>) => {
    const offsets = await client.committedOffsets?.([...added.keys()]);
    for (const [partition, reading] of added) {
      if (offsets === undefined || readings.get(partition) !== reading) continue;
      const offset = offsets.get(partition) ?? null;
      // This consumer committed an offset past its first record before the answer came, so where it began stays unknown.
      if (reading.next !== undefined && (offset ?? 0) > (reading.first ?? 0)) continue;
      reading.committed = offset;
      explainStart(partition, reading);
    }
  };

  return {
    assigned(partitions) {
      const added = new Map(partitions.map((partition): [number, Reading] => [partition, {}]));
      for (const [partition, reading] of added) readings.set(partition, reading);
      latestPartition = -1;
      if (added.size > 0) void findCommitted(added);
    },
    forget(partition) {
      readings.delete(partition);
      latestPartition = -1;
    },
    processed(partition, offset) {
      if (partition !== latestPartition) {
        latestPartition = partition;
        latest = readings.get(partition);
      }
      if (latest === undefined) return;
      if (latest.next === offset) latest.next = offset + 1;
      else moved(partition, latest, offset, offset + 1);
    },
    reachedEnd({ partition, offset }) {
      const reading = readings.get(partition);
      if (reading === undefined || (reading.next ?? -1) >= offset) return false;
      moved(partition, reading, offset, offset);
      return true;
    },
    save() {
      if (unsaved.length > 0) journal?.(unsaved);
      unsaved = [];
    },
    take() {
      unsaved = [];
      const partitions = [...new Set([...passed.keys(), ...deleted.keys()])].sort((a, b) => a - b);
      if (partitions.length === 0) return undefined;
      const taken = partitions.map(
        (partition): PassedOffsets => ({
          partition,
          ...(passed.has(partition) && { withoutRecord: passed.get(partition) as OffsetRange[] }),
          ...(deleted.has(partition) && { deleted: deleted.get(partition) as OffsetRange[] }),
        }),
      );
      passed.clear();
      deleted.clear();
      return taken;
    },
  };
}
