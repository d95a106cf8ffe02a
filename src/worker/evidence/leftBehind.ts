/** Reads the journal of a dead process (journal.ts) and returns the reports that it did not get acknowledged. */
import * as z from 'zod/mini';
import type { Fact, OffsetRange, PassedOffsets, Report } from '../../domain/evidence/facts.ts';
import type { EpochMs } from '../process/time.ts';
import { createBatch } from './batch.ts';

/** Records of one partition that were processed one after the other, without pauses. */
export interface WorkSpan {
  partition: number;
  ranges: OffsetRange[];
  /** Size of all keys and values. */
  bytes: number;
  /** Timestamp of the first record. */
  timestamp: EpochMs;
  /** When processing of the first record began. */
  beganAt: EpochMs;
  /** When processing of the last record ended. */
  endedAt: EpochMs;
}

/** The journal's first entry: whose journal it is. */
export interface Header {
  run: string;
  /** Names of the process's clients. */
  clients: string[];
  instance: string;
  /** Number of the last report; 0: none. */
  seq: number;
  /** When that report was made. */
  at: EpochMs;
  /** All evidence of the process is acknowledged or in the journal. */
  whole: boolean;
}

const count = z.int().check(z.gte(0));
const header = z.object({
  run: z.string(),
  clients: z.array(z.string()),
  instance: z.string(),
  seq: count,
  at: z.number(),
  whole: z.boolean(),
});
const report = z.looseObject({
  instance: z.string(),
  seq: count,
  sentAt: z.number(),
  facts: z.array(z.looseObject({ type: z.string(), client: z.optional(z.string()) })),
});
const ranges = z.array(z.tuple([count, count])).check(z.minLength(1));
const passed = z.object({ partition: count, withoutRecord: z.optional(ranges), deleted: z.optional(ranges) });
const entry = z.union([
  z.object({ head: header }),
  z.object({
    work: z.tuple([z.string(), count, z.number(), z.number(), z.number(), count, ranges]),
  }),
  z.object({ passed: z.tuple([z.string(), z.array(passed)]) }),
  z.object({ report: count, instead: z.optional(count), of: report }),
  z.object({ taken: count }),
  z.object({ lost: count, at: z.number(), clients: z.array(z.string()) }),
]);
type Entry = z.infer<typeof entry>;

/**
 * The reports that a dead process owes, in the order of sending: those that it had itself taken over, unchanged; its own
 * unacknowledged reports, marked posthumous; one more report with its unreported work. Empty if `text` is the journal of
 * another run or of other clients, or is not a journal. `own`: the header of the process that reads it.
 */
export function leftBehind(text: string, own: Pick<Header, 'run' | 'clients'>, now: EpochMs): Report[] {
  const { entries, broken } = parseEntries(text);
  const [first, ...rest] = entries;
  if (first === undefined || !('head' in first)) return [];
  const { head } = first;
  if (head.run !== own.run || head.clients.join() !== own.clients.join()) return [];
  const debts = replay(head, rest);
  const last = lastReport(head, { ...debts, whole: debts.whole && !broken }, now);
  const unacknowledged = [...debts.unacknowledged.values()];
  return last === undefined ? unacknowledged : [...unacknowledged, last];
}

/** What a process owed when it died. */
interface Debts {
  /** By token. */
  unacknowledged: Map<number, Report>;
  /** Unreported work by client. */
  work: Map<string, WorkSpan[]>;
  /** Unreported passed offsets by client. */
  passed: Map<string, PassedOffsets[]>;
  /** Number of its last report. */
  seq: number;
  /** Time of the last thing that is known of it. */
  at: EpochMs;
  whole: boolean;
}

function replay(head: Header, entries: Entry[]): Debts {
  let { seq, at, whole } = head;
  const unacknowledged = new Map<number, Report>();
  const work = new Map<string, WorkSpan[]>();
  const passed = new Map<string, PassedOffsets[]>();
  const forget = (client: string) => {
    work.delete(client);
    passed.delete(client);
  };
  for (const one of entries) {
    if ('work' in one) {
      const [client, partition, timestamp, beganAt, endedAt, bytes, ranges] = one.work;
      const spans = work.get(client) ?? [];
      spans.push({ partition, timestamp, beganAt, endedAt, bytes, ranges });
      work.set(client, spans);
      at = Math.max(at, endedAt);
    } else if ('passed' in one) {
      const [client, offsets] = one.passed;
      passed.set(client, [...(passed.get(client) ?? []), ...(offsets as PassedOffsets[])]);
    } else if ('report' in one) {
      const sent = one.of as unknown as Report;
      if (one.instead !== undefined) unacknowledged.delete(one.instead);
      const isOwn = sent.instance === head.instance;
      unacknowledged.set(one.report, isOwn ? { ...sent, posthumous: true } : sent);
      if (!isOwn) continue;
      seq = Math.max(seq, sent.seq);
      at = Math.max(at, sent.sentAt);
      if (one.instead !== undefined) continue;
      for (const fact of sent.facts) if (fact.type === 'Consumed') forget(fact.client);
    } else if ('taken' in one) {
      unacknowledged.delete(one.taken);
    } else if ('lost' in one) {
      whole = false;
      seq = Math.max(seq, one.lost);
      at = Math.max(at, one.at);
      one.clients.forEach(forget);
    }
  }
  return { unacknowledged, work, passed, seq, at, whole };
}

/** The report of the unreported work, and of the death if nothing is missing. undefined: there is nothing to report. */
function lastReport({ run, instance, clients }: Header, debts: Debts, now: EpochMs): Report | undefined {
  const { seq, at, work, passed, whole } = debts;
  const workers = [...new Set([...work.keys(), ...passed.keys()])];
  // The process never reported and never worked, so no reader knows of it.
  if (seq === 0 && workers.length === 0) return undefined;
  const facts: Fact[] = workers.map((client) => {
    const [spans = [], offsets] = [work.get(client), passed.get(client)];
    return {
      type: 'Consumed',
      client,
      at: spans.length === 0 ? at : Math.max(...spans.map(({ endedAt }) => endedAt)),
      partitions: partitionWork(spans),
      ...(offsets === undefined ? {} : { passed: offsets }),
    };
  });
  if (whole) facts.push(...clients.map((client): Fact => ({ type: 'Died', client, at })));
  if (facts.length === 0) return undefined;
  return { v: 1, run, instance, seq: seq + 1, sentAt: now, posthumous: true, facts };
}

/**
 * The journal's entries up to the first one that can't be read; `broken`: there is such an entry. A last line without a
 * line end is dropped: the process was killed while writing it, before it acted on it.
 */
function parseEntries(text: string): { entries: Entry[]; broken: boolean } {
  const lines = text.split('\n');
  lines.pop();
  const entries: Entry[] = [];
  for (const line of lines) {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return { entries, broken: true };
    }
    const parsed = entry.safeParse(value);
    if (!parsed.success) return { entries, broken: true };
    entries.push(parsed.data);
  }
  return { entries, broken: false };
}

/** The spans summed up as the dead client's own batch would have done. */
function partitionWork(spans: WorkSpan[]) {
  const batch = createBatch();
  for (const { partition, ranges, bytes, timestamp, beganAt, endedAt } of spans) {
    let first = true;
    for (const [from, to] of ranges) {
      for (let offset = from; offset < to; offset++) {
        if (first) batch.add({ partition, offset, bytes, timestamp, beganAt, endedAt });
        else batch.addAtOnce(offset, 0);
        first = false;
      }
    }
  }
  return batch.take();
}
