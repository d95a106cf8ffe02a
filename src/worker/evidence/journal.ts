/**
 * What this process has done and nobody has acknowledged, in a file that outlives the container (in an emptyDir): when it
 * is killed, the next process in the pod tells it in its place. One JSON line an entry, appended as things happen; what
 * was written is the kernel's, so only the loss of the machine loses it. Where it can't be written there is none, and what a
 * crash leaves unsaid is lost as if there were no folder.
 *
 * An entry is one of
 * - `head`: whose journal it is, and the number of its last report; first in the file
 * - `work`: records were processed, before their offsets are stored or committed
 * - `report`: a report that is about to be sent. It tells of all the work of its clients so far, so that need not be kept.
 *   `instead`: it says again what that one said, which was not taken; so it tells of no work that came later.
 * - `taken`: that report was acknowledged
 * - `lost`: a report that is not in here, for lack of room, or was never sent
 *
 * The report of what is found as `work` gets the number after that of the last report in here. As a report is in the
 * journal before it is sent, nobody can have seen that number.
 */
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync, writevSync } from 'node:fs';
import { join } from 'node:path';
import type { Fact, Report } from '../../domain/evidence/facts.ts';
import type { EpochMs } from '../process/time.ts';
import { type Header, leftBehind, type WorkRun } from './leftBehind.ts';

/** Reports kept at most; the emptyDir's sizeLimit (kinds/loadtest/resources.ts) is four times as much. */
const MOST_BYTES = 16 * 1024 * 1024;
/** Written anew when it is twice as long as what counts in it, and this more. */
const SLACK_BYTES = 256 * 1024;

export interface Journal {
  /** What earlier processes in this pod did not get to tell, in order: to be sent first. */
  readonly left: readonly { token: number; report: Report }[];
  /** To be called before the offsets are stored or committed. */
  worked(client: string, run: WorkRun): void;
  /** To be called before one of this process is sent. `value`: the report as JSON; `instead`: token of one that was not taken. Gives the token for `taken`. */
  reports(report: Report, value: Buffer, instead?: number): number;
  taken(token: number): void;
  /** A report of these facts will not be sent. */
  dropped(facts: readonly Fact[]): void;
  /** Everything has been told: nothing is left behind. */
  end(): void;
}

export interface JournalOptions {
  /** Outlives the process; absent: nothing is kept. */
  folder: string | undefined;
  run: string;
  instance: string;
  /** Their names: all of the process. */
  clients: string[];
  now(): EpochMs;
  /** It can't be written any more. */
  failed(why: string): void;
}

const clientsIn = (facts: readonly Fact[]): string[] =>
  facts.flatMap((fact) => (fact.type === 'Consumed' ? [fact.client] : []));

/** That of another run, or of other clients, counts as none. */
export function openJournal({ folder, run, instance, clients, now, failed }: JournalOptions): Journal {
  const file = folder === undefined ? '' : join(folder, 'journal.jsonl');
  const unacknowledged = new Map<number, Buffer>();
  let unacknowledgedBytes = 0;
  /** By client, since the last report that told of its work. */
  const work = new Map<string, string[]>();
  let workBytes = 0;
  const header: Header = { run, clients, instance, seq: 0, at: now(), whole: true };
  let tokens = 0;
  let fd: number | undefined;
  let length = 0;

  const giveUp = (error: unknown) => {
    const { message } = error as Error;
    const last = fd;
    fd = undefined;
    // What is in it would be taken for the truth.
    try {
      rmSync(file, { force: true });
      if (last !== undefined) closeSync(last);
    } catch {
      // Nothing is left to be done.
    }
    failed(message);
  };
  const attempt = (write: () => void) => {
    try {
      write();
    } catch (error) {
      giveUp(error);
    }
  };
  const complete = (bytes: number, written: number) => {
    if (written < bytes) throw new Error('no space is left');
    length += written;
  };
  /** `bytes`: of the line, which is ASCII but for names. */
  const append = (line: string) => {
    if (fd === undefined) return;
    const to = fd;
    attempt(() => complete(line.length, writeSync(to, line)));
  };
  const appendReport = (to: number, token: number, value: Buffer, instead: number | undefined) => {
    const more = instead === undefined ? '' : `"instead":${instead},`;
    const parts = [Buffer.from(`{"report":${token},${more}"of":`), value, Buffer.from('}\n')];
    complete(
      parts.reduce((sum, part) => sum + part.length, 0),
      writevSync(to, parts),
    );
  };
  const head = () => `${JSON.stringify({ head: header })}\n`;

  /** All that counts, in a new file in place of the old one. */
  const writeAnew = () => {
    const before = fd;
    const to = openSync(`${file}.new`, 'w');
    fd = to;
    length = 0;
    const heading = head();
    complete(heading.length, writeSync(to, heading));
    for (const [token, value] of unacknowledged) appendReport(to, token, value, undefined);
    // After the reports: none of these tells of it.
    const lines = [...work.values()].flat().join('');
    complete(lines.length, writeSync(to, lines));
    renameSync(`${file}.new`, file);
    if (before !== undefined) closeSync(before);
  };
  const writeAnewWhenLong = () => {
    if (fd === undefined || length < 2 * (unacknowledgedBytes + workBytes) + SLACK_BYTES) return;
    attempt(writeAnew);
  };

  const told = (client: string) => {
    for (const line of work.get(client) ?? []) workBytes -= line.length;
    work.delete(client);
  };
  const keep = (token: number, value: Buffer) => {
    unacknowledged.set(token, value);
    unacknowledgedBytes += value.length;
  };
  const forget = (token: number) => {
    unacknowledgedBytes -= unacknowledged.get(token)?.length ?? 0;
    return unacknowledged.delete(token);
  };
  const lose = (facts: readonly Fact[]) => {
    header.whole = false;
    const of = clientsIn(facts);
    append(`${JSON.stringify({ lost: header.seq, at: header.at, clients: of })}\n`);
    of.forEach(told);
  };

  const read = (): Report[] => {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      // The first process of the pod.
      return [];
    }
    return leftBehind(text, header, now());
  };

  const left = folder === undefined ? [] : read().map((report) => ({ token: ++tokens, report }));
  for (const { token, report } of left) keep(token, Buffer.from(JSON.stringify(report)));
  if (folder !== undefined) {
    attempt(() => {
      mkdirSync(folder, { recursive: true });
      writeAnew();
    });
  }

  return {
    left,
    worked(client, { partition, ranges, bytes, timestamp, beganAt, endedAt }) {
      if (fd === undefined) return;
      const line = `${JSON.stringify({ work: [client, partition, timestamp, beganAt, endedAt, bytes, ranges] })}\n`;
      append(line);
      workBytes += line.length;
      const lines = work.get(client);
      if (lines === undefined) work.set(client, [line]);
      else lines.push(line);
    },
    reports(report, value, instead) {
      const token = ++tokens;
      if (fd === undefined) return token;
      header.seq = report.seq;
      header.at = Math.max(header.at, report.sentAt);
      if (unacknowledgedBytes + value.length > MOST_BYTES) {
        lose(instead === undefined ? report.facts : []);
        return token;
      }
      const to = fd;
      attempt(() => appendReport(to, token, value, instead));
      keep(token, value);
      if (instead !== undefined) forget(instead);
      else clientsIn(report.facts).forEach(told);
      writeAnewWhenLong();
      return token;
    },
    taken(token) {
      if (!forget(token)) return;
      append(`{"taken":${token}}\n`);
      writeAnewWhenLong();
    },
    dropped(facts) {
      if (fd !== undefined) lose(facts);
    },
    end() {
      const last = fd;
      fd = undefined;
      if (last === undefined) return;
      rmSync(file, { force: true });
      closeSync(last);
    },
  };
}
