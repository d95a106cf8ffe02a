/** The rate and the size limit of status writes. Pure. */
import type { EpochMs } from '../../contract/time.ts';

/** At most one status write per second and object. */
const STATUS_PERIOD_MS = 1_000;
/** The largest status, 256 KiB. etcd's own limit for a whole object is 1.5 MiB. */
export const STATUS_LIMIT_BYTES = 256 * 1024;

/** Milliseconds until the next write is allowed. 0: now. */
export function msUntilStatusWrite(lastWriteAt: EpochMs | undefined, now: EpochMs): number {
  if (lastWriteAt === undefined) return 0;
  // A clock that was set back must not block all writes.
  if (lastWriteAt > now) return 0;
  return Math.max(0, lastWriteAt + STATUS_PERIOD_MS - now);
}

/** The status within the limit: the largest fields are left out until the rest fits. */
export function fitStatus(status: Record<string, unknown>): { status: Record<string, unknown>; leftOut: string[] } {
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
