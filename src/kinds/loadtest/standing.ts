/** How a LoadTest stands, as phase, reason and sentence: the first thing that holds is said. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import type { Notice, Observed } from '../../contract/kind.ts';
import { alreadyReported, progressing, type Summary, stalled, summaryNotice } from '../../contract/summary.ts';
import type { RunView } from '../../domain/figures/figures.ts';
import type { RunFigures } from '../../domain/fold/runFigures.ts';
import { counted } from '../../domain/status/counted.ts';

export interface Clients {
  producers: number;
  consumers: number;
}

export interface Going {
  ready: Clients;
  wanted: Clients;
  preparedAt: string | undefined;
  finishedAt: string | undefined;
  closed: boolean;
  figures: RunView | undefined;
  /** status.producers.appended */
  appended: number | undefined;
}

type Saying = Summary<LoadTestStatus['phase']>;

/** `missing`: why clients may not start. */
export function stand(seen: Observed<LoadTest, RunFigures>, missing: Saying | undefined, going: Going): Saying {
  const { resource, failures, evidence, kafka } = seen;
  const { spec } = resource;
  const { ready, wanted } = going;
  if (going.finishedAt !== undefined) {
    return going.closed
      ? outcome(resource, going)
      : progressing('Running', 'Stopping', 'the run is over; clients are being stopped');
  }
  if (missing !== undefined) return missing;
  const refused = failures.find(({ reason }) => reason === 'Refused');
  const phase = going.preparedAt === undefined ? 'Preparing' : 'Running';
  if (refused !== undefined) return stalled(phase, 'Refused', refused.message);
  if (spec.suspend) {
    const pods = ready.producers + ready.consumers;
    return pods === 0
      ? { phase: 'Suspended', state: 'Current', reason: 'Suspended', message: 'set spec.suspend to false to go on' }
      : progressing(
          'Suspended',
          'Suspending',
          pods === 1 ? '1 client is being stopped' : `${pods} clients are being stopped`,
        );
  }
  const counts = [
    ...(spec.producers === undefined ? [] : [`${ready.producers}/${wanted.producers} producers ready`]),
    ...(spec.consumers === undefined ? [] : [`${ready.consumers}/${wanted.consumers} consumers ready`]),
  ].join(', ');
  const starting = ready.producers < wanted.producers || ready.consumers < wanted.consumers;
  if (going.preparedAt === undefined || starting) {
    const away = 'unavailable' in kafka ? `; ${kafka.unavailable}` : '';
    return progressing(phase, 'StartingClients', `${counts}${away}`);
  }
  const blind =
    'unavailable' in kafka ? kafka.unavailable : 'unavailable' in evidence ? evidence.unavailable : undefined;
  if (blind === undefined) return { phase: 'Running', state: 'Current', reason: 'Running', message: counts };
  const message = `${counts}; figures are as of the last look, because ${blind}`;
  return { phase: 'Running', state: 'Current', reason: 'FiguresLate', message };
}

/** By the figures, or by the recorded ones where the evidence could not be read in time. */
function outcome({ spec, status }: LoadTest, { figures, appended }: Going): Saying {
  const producers = figures?.producers ?? status?.producers;
  const delivery = figures?.delivery ?? status?.delivery;
  const failed = producers?.failed ?? 0;
  if (failed > 0 && spec.producers?.messages !== undefined) {
    const why = producers?.errors?.map(({ code, count }) => `${code} (${count ?? 1}x)`).join(', ');
    return {
      phase: 'Failed',
      state: 'Finished',
      reason: 'MessagesFailed',
      message: `${failed} of ${spec.producers.messages} messages were not acknowledged: ${why || 'no reason given'}`,
    };
  }
  const message =
    delivery === undefined
      ? 'the run is over'
      : `${counted(delivery.produced, 'record')} produced, ${appended === undefined ? '' : `${appended} appended to the log, `}${delivery.consumed} consumed (${delivery.duplicated} duplicated, ${delivery.skipped} skipped), ${counted((figures ?? status)?.rebalances?.count ?? 0, 'rebalance')}`;
  return { phase: 'Completed', state: 'Finished', reason: 'Completed', message };
}

/** An Event whenever it stands differently. */
export function standingNotices(before: LoadTestStatus | undefined, saying: Saying): Notice[] {
  if (alreadyReported(before, saying) !== undefined) return [];
  return [summaryNotice(saying, saying.reason === 'FiguresLate' || saying.reason === 'KafkaUnavailable')];
}
