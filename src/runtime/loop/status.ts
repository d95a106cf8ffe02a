/** When and what to write to a status. Pure. */
import type { EpochMs } from '../../contract/time.ts';

/** At most one write a second per object. */
const STATUS_PERIOD_MS = 1_000;
/** DESIGN: the whole status stays under 256 KiB (etcd's own limit for an object is 1.5 MiB). */
export const STATUS_LIMIT_BYTES = 256 * 1024;

/** Milliseconds until the next write is due; 0: now. */
export function waitForStatus(lastWriteAt: EpochMs | undefined, now: EpochMs): number {
  if (lastWriteAt === undefined) return 0;
  // A clock set back must not stop all writes.
  if (lastWriteAt > now) return 0;
  return Math.max(0, lastWriteAt + STATUS_PERIOD_MS - now);
}

/** A status that fits: of one that is too large the largest fields are left out. */
export function fitting(status: Record<string, unknown>): { status: Record<string, unknown>; leftOut: string[] } {
  const sizes = Object.entries(status).map(([field, value]) => ({
    field,
    bytes: Buffer.byteLength(JSON.stringify(value)),
  }));
  let total = sizes.reduce((sum, { field, bytes }) => sum + field.length + bytes + 4, 2);
  const leftOut: string[] = [];
  for (const { field, bytes } of sizes.sort((a, b) => b.bytes - a.bytes)) {
    if (total <= STATUS_LIMIT_BYTES) break;
    leftOut.push(field);
    total -= bytes + field.length + 4;
  }
  return { status: Object.fromEntries(Object.entries(status).filter(([field]) => !leftOut.includes(field))), leftOut };
}
