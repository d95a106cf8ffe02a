/**
 * The pauses of partitions by brute force, from the record logs of the consumers: every record with the machine's own
 * monotonic clock. An independent judge of what the status says.
 */

export interface LoggedRecord {
  partition: number;
  offset: number;
  /** Milliseconds since 1970, by one clock for all processes of this machine. */
  beganAt: number;
  endedAt: number;
  timestamp: number;
}

/** Nanoseconds of CLOCK_MONOTONIC → milliseconds since 1970: the earliest of many ticks of the wall clock, which has whole ms. */
export function wallClock(): (monotonicNs: number) => number {
  const end = process.hrtime.bigint() + 20_000_000n;
  let origin = Number.NEGATIVE_INFINITY;
  for (let ns = 0n; ns < end; ) {
    const wall = Date.now();
    ns = process.hrtime.bigint();
    origin = Math.max(origin, wall - Number(ns) / 1e6);
  }
  return (monotonicNs) => monotonicNs / 1e6 + origin;
}

/** undefined for lines of the log that are no records. */
export function loggedRecord(line: string, toWall: (monotonicNs: number) => number): LoggedRecord | undefined {
  if (!line.startsWith('{"record":')) return undefined;
  const [partition, offset, began, ended, timestamp] = (JSON.parse(line) as { record: (number | string)[] }).record.map(
    Number,
  ) as [number, number, number, number, number];
  return { partition, offset, beganAt: toWall(began), endedAt: toWall(ended), timestamp };
}

/**
 * The longest pause of the partition that reaches into [from, to]: between the end of each record and the begin of the next
 * one, but no longer than that one had been waiting; 0 without one.
 */
export function longestPause(records: LoggedRecord[], partition: number, from: number, to: number): number {
  const own = records.filter((record) => record.partition === partition).sort((a, b) => a.beganAt - b.beganAt);
  let longest = 0;
  let endedAt = own[0]?.endedAt ?? 0;
  for (const { beganAt, endedAt: ends, timestamp } of own.slice(1)) {
    const pause = Math.min(beganAt - endedAt, beganAt - timestamp);
    if (beganAt >= from && beganAt - pause <= to) longest = Math.max(longest, pause);
    endedAt = Math.max(endedAt, ends);
  }
  return longest;
}
