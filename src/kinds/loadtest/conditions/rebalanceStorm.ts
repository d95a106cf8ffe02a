/** The condition RebalanceStorm, which names the settings to change, and an Event when a storm begins and ends. */

import type { LoadTest } from '../../../api/loadtest/loadTest.ts';
import type { LoadTestSpec } from '../../../api/loadtest/spec.ts';
import { SETTINGS } from '../../../api/settings/kafka.ts';
import { setCondition } from '../../../contract/conditions.ts';
import type { Notice } from '../../../contract/kind.ts';
import type { Condition } from '../../../contract/kubernetes.ts';
import { timeOfDay } from '../../../contract/time.ts';
import type { RunView } from '../../../domain/figures/figures.ts';
import { counted } from '../../../domain/status/counted.ts';
import { parseDuration } from '../../../domain/status/duration.ts';
import { type ClientErrorMeaning, meaningOf } from '../clientErrors/table.ts';
import { STORM_MS, STORM_REBALANCES, type Storm, stormAt } from './storm.ts';

type Consumers = NonNullable<LoadTestSpec['consumers']>;
type Polls = RunView['consumers']['polls'];

/** Characters of the last rebalance's reason in the message. */
const LONGEST_REASON = 300;

/** Without `figures` the condition stays as it was. */
export function evaluateRebalanceStorm(
  loadTest: LoadTest,
  conditions: Condition[],
  figures: RunView | undefined,
  now: number,
): { conditions: Condition[]; events: Notice[] } {
  const { consumers } = loadTest.spec;
  if (consumers === undefined || figures === undefined) return { conditions, events: [] };
  const type = 'RebalanceStorm';
  const was = conditions.find((condition) => condition.type === type)?.status === 'True';
  const storm = stormAt(figures.rebalances.list, setting(consumers, 'max.poll.interval.ms'), now);
  const error = storm === undefined ? undefined : errorBehind(storm, loadTest, figures);
  const message = storm === undefined ? CALM : stormSentence(storm, consumers, figures.consumers.polls, error);
  const events: Notice[] = [];
  if (storm !== undefined && !was) events.push({ type: 'Warning', reason: type, message });
  if (storm === undefined && was) events.push({ type: 'Normal', reason: 'RebalanceStormOver', message });
  const condition = {
    type,
    status: storm === undefined ? ('False' as const) : ('True' as const),
    reason: error?.reason ?? storm?.cause ?? 'Calm',
    message,
    observedGeneration: loadTest.metadata.generation,
  };
  return { conditions: setCondition(conditions, condition, now), events };
}

const CALM = `fewer than ${STORM_REBALANCES} unrequested rebalances within ${STORM_MS / 1000} s`;

/** Errors from shortly before the first rebalance of a storm may have caused it. */
const ERROR_BEFORE_MS = 10_000;

/**
 * The error with which members leave the group. Their session then ends without a heartbeat that was late, so no advice
 * about timeouts would help.
 */
function errorBehind({ cause, rebalances }: Storm, loadTest: LoadTest, { consumers }: RunView) {
  if (cause === 'PollIntervalExceeded') return undefined;
  const from = (rebalances[0]?.at ?? 0) - ERROR_BEFORE_MS;
  for (const { at, code, message } of consumers.errors.toReversed()) {
    const meaning = at < from ? undefined : meaningOf({ loadTest, role: 'Consumer', code, message });
    if (meaning?.leavesGroup === true) return meaning;
  }
  return undefined;
}

function stormSentence(
  { cause, rebalances }: Storm,
  consumers: Consumers,
  polls: Polls,
  error: ClientErrorMeaning | undefined,
): string {
  const since = timeOfDay(rebalances[0]?.at ?? 0);
  const last = rebalances.at(-1)?.reason ?? '';
  const advice = { PollIntervalExceeded: pollAdvice, SessionExpired: sessionAdvice, Unknown: () => UNEXPLAINED };
  const why = error === undefined ? advice[cause](consumers, polls) : `${error.sentence}.`;
  return `${rebalances.length} unrequested rebalances since ${since}: ${why} Last rebalance: ${last.slice(0, LONGEST_REASON)}`;
}

const UNEXPLAINED = 'the group removed no member; status.rebalances.recent has the reason of each rebalance.';

function pollAdvice(consumers: Consumers, polls: Polls): string {
  const interval = setting(consumers, 'max.poll.interval.ms');
  const records = setting(consumers, 'max.poll.records');
  const perRecordMs = parseDuration(consumers.processing.perRecord);
  const recordsMax = polls?.recordsMax ?? 0;
  const work = recordsMax * perRecordMs;
  const measured = polls?.longestIntervalMs ?? 0;
  const took = [
    ...(measured > interval ? [`up to ${measured} ms measured`] : []),
    ...(work > 0 ? [`${counted(recordsMax, 'record')} per poll x ${consumers.processing.perRecord} = ${work} ms`] : []),
  ].join('; ');
  const enough = roundUp(2 * Math.max(measured, work, interval));
  const few = perRecordMs > 0 ? roundDown(interval / 2 / perRecordMs) : 0;
  const fewer = few >= 1 && few < records ? ` or max.poll.records: "${few}" (now ${records})` : '';
  return `members take longer between two polls${took === '' ? '' : ` (${took})`} than max.poll.interval.ms (${interval}) allows, so the group removes them. In spec.consumers.config set max.poll.interval.ms: "${enough}" (now ${interval})${fewer}.`;
}

const CRASHES = 'If the members crashed, kubectl get pods shows their restarts.';

function sessionAdvice(consumers: Consumers): string {
  if (consumers.config['group.protocol'] === 'consumer') {
    return `the broker receives no heartbeat from members within the session timeout that it sets, so it removes them. Raise the group setting consumer.session.timeout.ms (on brokers: group.consumer.session.timeout.ms), or lower consumer.heartbeat.interval.ms to a third of it. ${CRASHES}`;
  }
  const session = setting(consumers, 'session.timeout.ms');
  const heartbeat = setting(consumers, 'heartbeat.interval.ms');
  const third = Math.floor(session / 3);
  const sooner = heartbeat > third ? `heartbeat.interval.ms: "${third}" (now ${heartbeat}) or ` : '';
  const longer = roundUp(Math.max(2 * session, 3 * heartbeat));
  const interval = setting(consumers, 'max.poll.interval.ms');
  const also =
    longer > interval ? ` with max.poll.interval.ms: "${longer}" (now ${interval}; at least session.timeout.ms)` : '';
  return `the broker receives no heartbeat from members within session.timeout.ms (${session}; heartbeat.interval.ms is ${heartbeat}), so it removes them. In spec.consumers.config set ${sooner}session.timeout.ms: "${longer}" (now ${session})${also}. ${CRASHES}`;
}

const setting = ({ config }: Consumers, name: string): number =>
  Number(config[name] ?? SETTINGS.Consumer[name]?.default);

/** 1, 2, 5 and 10 times the power of ten below `value`: numbers that a person would write. */
const roundNumbers = (value: number): number[] => {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power);
};
const roundUp = (value: number): number => roundNumbers(value).find((round) => round >= value) ?? value;
const roundDown = (value: number): number =>
  value < 1 ? 0 : (roundNumbers(value).findLast((round) => round <= value) ?? value);
