/** What keeps the clients of a run from their work, by the errors that they report. */
import type { LoadTest } from '../../../api/loadtest/loadTest.ts';
import type { EpochMs } from '../../../contract/time.ts';
import type { RunView } from '../../../domain/figures/figures.ts';
import type { Clients } from '../clients.ts';
import { type ClientErrorMeaning, meaningOf, type Role } from './table.ts';

/** Clients report an error at most once in 10 s for as long as it lasts, so an older one is over. */
const LASTS_MS = 25_000;

interface State {
  ready: Clients;
  wanted: Clients;
  figures: RunView | undefined;
}

/**
 * The error that counts: of a role that lacks ready clients or makes no progress, first one that time cannot cure.
 * `forGood` only if no client of the role makes progress. undefined: no known error is in the way.
 */
export function refusalOf(loadTest: LoadTest, state: State, now: EpochMs): ClientErrorMeaning | undefined {
  const { figures } = state;
  if (figures === undefined) return undefined;
  const found = [...ofProducers(loadTest, state, figures, now), ...ofConsumers(loadTest, state, figures, now)];
  return found.find(({ forGood }) => forGood) ?? found[0];
}

function ofProducers(loadTest: LoadTest, { ready, wanted }: State, { producers }: RunView, now: EpochMs) {
  if (wanted.producers === 0) return [];
  // A run whose messages are all settled ends; its outcome names the errors.
  const stands = producers.messagesPerSecond === 0 && producers.done < wanted.producers;
  if (!stands && ready.producers >= wanted.producers) return [];
  return current(loadTest, 'Producer', producers.errors, stands, now);
}

function ofConsumers(loadTest: LoadTest, { ready, wanted }: State, { consumers, lag }: RunView, now: EpochMs) {
  if (wanted.consumers === 0) return [];
  const missing = ready.consumers < wanted.consumers;
  const stands = consumers.messagesPerSecond === 0 && (ready.consumers === 0 || (lag?.total ?? 0) > 0);
  if (!stands && !missing) return [];
  return current(loadTest, 'Consumer', consumers.errors, stands, now);
}

type ReportedError = { code: string; message?: string; at?: EpochMs };

/** The known errors that last, newest first. */
function current(
  loadTest: LoadTest,
  role: Role,
  errors: readonly ReportedError[],
  stands: boolean,
  now: EpochMs,
): ClientErrorMeaning[] {
  return errors
    .filter(({ at }) => at !== undefined && now - at <= LASTS_MS)
    .toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0))
    .flatMap(({ code, message = '' }) => {
      const meaning = meaningOf({ loadTest, role, code, message });
      return meaning === undefined ? [] : [{ ...meaning, forGood: meaning.forGood && stands }];
    });
}
