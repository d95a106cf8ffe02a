/** Turns a client's errors into ClientError facts, each code at most once in 10 s: an unreachable broker repeats its errors. */
import type { ClientError } from '../../domain/evidence/facts.ts';
import type { ClientTrouble } from '../clients/port.ts';
import type { EpochMs } from '../process/time.ts';

const QUIET_MS = 10_000;

/** The returned function returns the fact to report, or undefined if the same code was reported less than 10 s ago. */
export function createTroubleFilter(client: string): (trouble: ClientTrouble, at: EpochMs) => ClientError | undefined {
  const reportedAt = new Map<string, EpochMs>();
  return ({ code, message }, at) => {
    const last = reportedAt.get(code);
    if (last !== undefined && at - last < QUIET_MS) return undefined;
    reportedAt.set(code, at);
    return { type: 'ClientError', client, at, code, message };
  };
}
