/** Turns a client's errors into evidence, each code at most once in ten seconds: a broker that is away repeats itself. */
import type { ClientError } from '../../domain/evidence/facts.ts';
import type { ClientTrouble } from '../clients/port.ts';
import type { EpochMs } from '../process/time.ts';

const QUIET_MS = 10_000;

/** Gives the fact to report, or undefined when the same code was reported a short time ago. */
export function createTroubles(client: string): (trouble: ClientTrouble, at: EpochMs) => ClientError | undefined {
  const reportedAt = new Map<string, EpochMs>();
  return ({ code, message }, at) => {
    const last = reportedAt.get(code);
    if (last !== undefined && at - last < QUIET_MS) return undefined;
    reportedAt.set(code, at);
    return { type: 'ClientError', client, at, code, message };
  };
}
