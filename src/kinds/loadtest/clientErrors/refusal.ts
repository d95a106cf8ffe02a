/** What keeps the clients of a run from their work, by the errors that they report. */
import type { LoadTest } from '../../../api/loadtest/loadTest.ts';
import type { Role } from '../../../api/settings/kafka.ts';
import type { KafkaView } from '../../../contract/kafkaView.ts';
import type { Known } from '../../../contract/kind.ts';
import type { EpochMs } from '../../../contract/time.ts';
import type { RunView } from '../../../domain/figures/figures.ts';
import type { Clients } from '../clients.ts';
import { type ClientErrorMeaning, meaningOf } from './table.ts';

/** Clients report an error at most once in 10 s for as long as it lasts, so an older one is over. */
const LASTS_MS = 25_000;
/** So long after the error a sentence waits for the settings that it names: they are asked for once the error is recorded. */
const ANSWER_MS = 5_000;

interface State {
  ready: Clients;
  wanted: Clients;
  figures: RunView | undefined;
}

/**
 * The error that counts: of a role that lacks ready clients or makes no progress, first one that time cannot cure.
 * `forGood` only if no client of the role makes progress. undefined: no known error is in the way.
 */
export function refusalOf(
  loadTest: LoadTest,
  kafka: Known<KafkaView>,
  state: State,
  now: EpochMs,
): ClientErrorMeaning | undefined {
  const { figures } = state;
  if (figures === undefined) return undefined;
  const look = { loadTest, kafka, now };
  const found = [...ofProducers(look, state, figures), ...ofConsumers(look, state, figures)];
  return found.find(({ forGood }) => forGood) ?? found[0];
}

interface Look {
  loadTest: LoadTest;
  kafka: Known<KafkaView>;
  now: EpochMs;
}

function ofProducers(look: Look, { ready, wanted }: State, { producers }: RunView) {
  if (wanted.producers === 0) return [];
  // A run whose messages are all settled ends; its outcome names the errors.
  const stands = producers.messagesPerSecond === 0 && producers.done < wanted.producers;
  if (!stands && ready.producers >= wanted.producers) return [];
  return current(look, 'Producer', producers.errors, stands);
}

function ofConsumers(look: Look, { ready, wanted }: State, { consumers, lag }: RunView) {
  if (wanted.consumers === 0) return [];
  const missing = ready.consumers < wanted.consumers;
  const stands = consumers.messagesPerSecond === 0 && (ready.consumers === 0 || (lag?.total ?? 0) > 0);
  if (!stands && !missing) return [];
  return current(look, 'Consumer', consumers.errors, stands);
}

/** The first of these errors that is known, however old it is. */
export function meaningIn(
  loadTest: LoadTest,
  kafka: Known<KafkaView>,
  role: Role,
  errors: readonly { code: string; message?: string | undefined }[],
): ClientErrorMeaning | undefined {
  const configs = 'known' in kafka ? kafka.known.configs : undefined;
  for (const { code, message = '' } of errors) {
    const meaning = meaningOf({ loadTest, role, code, message, configs });
    if (meaning !== undefined) return meaning;
  }
  return undefined;
}

type ReportedError = { code: string; message?: string; at?: EpochMs };

/** The known errors that last, newest first. */
function current(
  { loadTest, kafka, now }: Look,
  role: Role,
  errors: readonly ReportedError[],
  stands: boolean,
): ClientErrorMeaning[] {
  const configs = 'known' in kafka ? kafka.known.configs : undefined;
  return errors
    .filter(({ at }) => at !== undefined && now - at <= LASTS_MS)
    .toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0))
    .flatMap(({ code, message = '', at = 0 }) => {
      const meaning = meaningOf({ loadTest, role, code, message, configs });
      if (meaning === undefined) return [];
      const waits = meaning.configs !== undefined && 'known' in kafka && configs === undefined && now - at < ANSWER_MS;
      return waits ? [] : [{ ...meaning, forGood: meaning.forGood && stands }];
    });
}
