/** Reads the journal of a process that is dead (see journal.ts) and makes of it the reports that it owes. */
import * as z from 'zod/mini';
import type { Fact, OffsetRange, Report } from '../../domain/evidence/facts.ts';
import type { EpochMs } from '../process/time.ts';
import { createBatch } from './batch.ts';

/** Records of one partition that were processed one after the other, without a pause between them. */
export interface WorkRun {
  partition: number;
  ranges: OffsetRange[];
  /** Of keys and values. */
  bytes: number;
  /** Of the first record. */
  timestamp: EpochMs;
  /** Processing of the first one began. */
  beganAt: EpochMs;
  /** Processing of the last one ended. */
  endedAt: EpochMs;
}

/** Whose journal it is. */
export interface Header {
  run: string;
  /** Names of its clients. */
  clients: string[];
  instance: string;
  /** Number of its last report, and when that was made. */
  seq: number;
  at: EpochMs;
  /** Nothing of what it did is lost. */
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
const entry = z.union([
  z.object({ head: header }),
  z.object({
    work: z.tuple([
      z.string(),
      count,
      z.number(),
      z.number(),
      z.number(),
      count,
      z.array(z.tuple([count, count])).check(z.minLength(1)),
    ]),
  }),
  z.object({ report: count, instead: z.optional(count), of: report }),
  z.object({ taken: count }),
  z.object({ lost: count, at: z.number(), clients: z.array(z.string()) }),
]);
type Entry = z.infer<typeof entry>;

/**
 * `text`: of the journal; `own`: the header of the process that reads it. What others had left behind before comes first,
 * as it was; then what the dead process had said, marked as posthumous; then one report more of what it had not said yet.
 * Nothing where the journal is of another run or of other clients, or is none.
 */
export function leftBehind(text: string, own: Pick<Header, 'run' | 'clients'>, now: EpochMs): Report[] {
  const { entries, broken } = entriesOf(text);
  const [first, ...rest] = entries;
  if (first === undefined || !('head' in first)) return [];
  const { head } = first;
  if (head.run !== own.run || head.clients.join() !== own.clients.join()) return [];
  let { seq, at } = head;
  let whole = head.whole && !broken;
  const unacknowledged = new Map<number, Report>();
  const work = new Map<string, WorkRun[]>();
  for (const one of rest) {
    if ('work' in one) {
      const [client, partition, timestamp, beganAt, endedAt, bytes, ranges] = one.work;
      const runs = work.get(client) ?? [];
      runs.push({ partition, timestamp, beganAt, endedAt, bytes, ranges });
      work.set(client, runs);
      at = Math.max(at, endedAt);
    } else if ('report' in one) {
      const said = one.of as unknown as Report;
      if (one.instead !== undefined) unacknowledged.delete(one.instead);
      const its = said.instance === head.instance;
      unacknowledged.set(one.report, its ? { ...said, posthumous: true } : said);
      if (!its) continue;
      seq = Math.max(seq, said.seq);
      at = Math.max(at, said.sentAt);
      if (one.instead !== undefined) continue;
      for (const fact of said.facts) if (fact.type === 'Consumed') work.delete(fact.client);
    } else if ('taken' in one) {
      unacknowledged.delete(one.taken);
    } else if ('lost' in one) {
      whole = false;
      seq = Math.max(seq, one.lost);
      at = Math.max(at, one.at);
      for (const client of one.clients) work.delete(client);
    }
  }
  const before = [...unacknowledged.values()];
  // It never said a word and did nothing: nobody knows of it.
  if (seq === 0 && work.size === 0) return before;
  const facts: Fact[] = [...work].map(([client, runs]) => ({
    type: 'Consumed',
    client,
    at: Math.max(...runs.map(({ endedAt }) => endedAt)),
    partitions: gathered(runs),
  }));
  if (whole) facts.push(...head.clients.map((client): Fact => ({ type: 'Died', client, at })));
  if (facts.length === 0) return before;
  const last: Report = {
    v: 1,
    run: head.run,
    instance: head.instance,
    seq: seq + 1,
    sentAt: now,
    posthumous: true,
    facts,
  };
  return [...before, last];
}

/** A kill in the middle of a writing leaves a line without an end, which was not acted upon; `broken`: one before it can't be read. */
function entriesOf(text: string): { entries: Entry[]; broken: boolean } {
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

/** As the batch of the client would have told of them. */
function gathered(runs: WorkRun[]) {
  const batch = createBatch();
  for (const { partition, ranges, bytes, timestamp, beganAt, endedAt } of runs) {
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
