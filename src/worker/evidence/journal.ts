/**
 * The journal: what a consumer process did and Kafka has not acknowledged yet, in a file that outlives the container (in
 * an emptyDir). When the process is killed, the next process of the pod reports it in its place; see
 * docs/decisions/0013-what-a-dead-process-leaves-behind.md. Without the file a crash loses its unreported work.
 *
 * Each line is one JSON entry:
 * - `head`: whose journal it is, and the number of the last report. It is the first entry.
 * - `work`: processed records, written before their offsets are stored or committed.
 * - `passed`: offsets that were passed without a record, likewise.
 * - `report`: a report, written before it is sent. It covers all earlier `work` and `passed` of its clients, which need not be
 *   kept then. With `instead` it repeats the facts of a report that failed, and so covers nothing later.
 * - `taken`: a report was acknowledged, or given up.
 * - `lost`: a report is missing here, because there was no room or because it could not be sent.
 *
 * The report of a dead process's unreported work gets the next number. No reader can have seen that number, because a
 * report is in the journal before it is sent.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fact, PassedOffsets, Report } from '../../domain/evidence/facts.ts';
import type { EpochMs } from '../process/time.ts';
import { createJournalFile, type Line } from './journalFile.ts';
import { type Header, leftBehind, type WorkSpan } from './leftBehind.ts';

/** At most this many bytes of reports are kept. The emptyDir's sizeLimit (kinds/loadtest/resources.ts) is four times as much. */
const MAX_REPORT_BYTES = 16 * 1024 * 1024;
/** The file is rewritten when it exceeds twice its current content by this much. */
const SLACK_BYTES = 256 * 1024;

export interface Journal {
  /** Unacknowledged reports of earlier processes of this pod, in the order in which they have to be sent. */
  readonly leftBehind: readonly { token: number; report: Report }[];
  /** Notes processed records; called before their offsets are stored or committed. */
  addWork(client: string, span: WorkSpan): void;
  /** Notes offsets that were passed without a record; called before a position past them is stored or committed. */
  addPassed(client: string, passed: readonly PassedOffsets[]): void;
  /**
   * Notes a report of this process; called before it is sent. Returns the token for `settled`. `value`: the report as
   * JSON; `instead`: token of the failed report that it repeats.
   */
  addReport(report: Report, value: Buffer, instead?: number): number;
  /** The report was acknowledged, or can't be sent. */
  settled(token: number): void;
  /** A report with these facts will never be sent. */
  lost(facts: readonly Fact[]): void;
  /** Removes the file: everything is acknowledged. */
  remove(): void;
}

export interface JournalOptions {
  /** Where the file is. Absent: nothing is kept. */
  folder: string | undefined;
  run: string;
  instance: string;
  /** Names of all clients of the process. */
  clients: string[];
  now(): EpochMs;
  /** The file can't be written; called at most once. */
  failed(why: string): void;
}

const clientsWithWork = (facts: readonly Fact[]): string[] =>
  facts.flatMap((fact) => (fact.type === 'Consumed' ? [fact.client] : []));

function reportLine(token: number, value: Buffer, instead?: number): Line {
  const repeats = instead === undefined ? '' : `"instead":${instead},`;
  return [Buffer.from(`{"report":${token},${repeats}"of":`), value, Buffer.from('}\n')];
}

/** Opens the pod's journal. A journal of another run or of other clients is replaced unread. */
export function openJournal({ folder, run, instance, clients, now, failed }: JournalOptions): Journal {
  const path = folder === undefined ? '' : join(folder, 'journal.jsonl');
  const file = createJournalFile(path, failed);
  /** Reports as JSON, by token. */
  const unacknowledged = new Map<number, Buffer>();
  let unacknowledgedBytes = 0;
  /** Lines of unreported work and passed offsets, by client. */
  const work = new Map<string, string[]>();
  let workBytes = 0;
  const header: Header = { run, clients, instance, seq: 0, at: now(), whole: true };
  let lastToken = 0;

  /** The lines of a new file. Work comes after the reports, because none of these covers it. */
  function* currentLines(): Generator<Line> {
    yield `${JSON.stringify({ head: header })}\n`;
    for (const [token, value] of unacknowledged) yield reportLine(token, value);
    yield [...work.values()].flat().join('');
  }
  const rewriteWhenLong = () => {
    if (!file.isOpen() || file.size() < 2 * (unacknowledgedBytes + workBytes) + SLACK_BYTES) return;
    file.replace(currentLines());
  };
  const forgetWork = (client: string) => {
    for (const line of work.get(client) ?? []) workBytes -= line.length;
    work.delete(client);
  };
  const keepWork = (client: string, entry: object) => {
    if (!file.isOpen()) return;
    const line = `${JSON.stringify(entry)}\n`;
    file.append(line);
    workBytes += line.length;
    const lines = work.get(client);
    if (lines === undefined) work.set(client, [line]);
    else lines.push(line);
  };
  const keepReport = (token: number, value: Buffer) => {
    unacknowledged.set(token, value);
    unacknowledgedBytes += value.length;
  };
  const forgetReport = (token: number): boolean => {
    unacknowledgedBytes -= unacknowledged.get(token)?.length ?? 0;
    return unacknowledged.delete(token);
  };
  const lose = (facts: readonly Fact[]) => {
    header.whole = false;
    const losers = clientsWithWork(facts);
    file.append(`${JSON.stringify({ lost: header.seq, at: header.at, clients: losers })}\n`);
    losers.forEach(forgetWork);
  };
  const readLeftBehind = (): Report[] => {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      // The pod's first process.
      return [];
    }
    return leftBehind(text, header, now());
  };

  const reports = folder === undefined ? [] : readLeftBehind().map((report) => ({ token: ++lastToken, report }));
  for (const { token, report } of reports) keepReport(token, Buffer.from(JSON.stringify(report)));
  if (folder !== undefined) file.replace(currentLines());

  return {
    leftBehind: reports,
    addWork(client, { partition, ranges, bytes, timestamp, beganAt, endedAt }) {
      keepWork(client, { work: [client, partition, timestamp, beganAt, endedAt, bytes, ranges] });
    },
    addPassed(client, passed) {
      keepWork(client, { passed: [client, passed] });
    },
    addReport(report, value, instead) {
      const token = ++lastToken;
      if (!file.isOpen()) return token;
      header.seq = report.seq;
      header.at = Math.max(header.at, report.sentAt);
      if (unacknowledgedBytes + value.length > MAX_REPORT_BYTES) {
        lose(instead === undefined ? report.facts : []);
        return token;
      }
      file.append(reportLine(token, value, instead));
      keepReport(token, value);
      if (instead !== undefined) forgetReport(instead);
      else clientsWithWork(report.facts).forEach(forgetWork);
      rewriteWhenLong();
      return token;
    },
    settled(token) {
      if (!forgetReport(token)) return;
      file.append(`{"taken":${token}}\n`);
      rewriteWhenLong();
    },
    lost(facts) {
      if (file.isOpen()) lose(facts);
    },
    remove: () => file.remove(),
  };
}
