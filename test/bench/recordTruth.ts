/**
 * The pauses of partitions by brute force, from the record logs of the consumers. The logs have every record with times of the
 * machine's monotonic clock. They are an independent reference for the status.
 */

export interface LoggedRecord {
  partition: number;
  offset: number;
  /** In milliseconds since 1970, by the clock that all processes of this machine share. */
  beganAt: number;
  endedAt: number;
  timestamp: number;
}

/** Converts nanoseconds of CLOCK_MONOTONIC to milliseconds since 1970. The wall clock has whole ms, so many ticks are compared. */
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

/** The record in a line of the log. undefined: the line has none. */
export function loggedRecord(line: string, toWall: (monotonicNs: number) => number): LoggedRecord | undefined {
  if (!line.startsWith('{"record":')) return undefined;
  const [partition, offset, began, ended, timestamp] = (JSON.parse(line) as { record: (number | string)[] }).record.map(
    Number,
  ) as [number, number, number, number, number];
  return { partition, offset, beganAt: toWall(began), endedAt: toWall(ended), timestamp };
}

/**
 * The longest pause of the partition that overlaps [from, to]. A pause lasts from the end of a record to the begin of the next
 * one, and at most as long as the next one has waited. 0: there is none.
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
