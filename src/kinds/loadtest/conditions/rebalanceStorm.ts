/** The condition RebalanceStorm, with what to change; and one Event when a storm begins and when it is over. */

import type { LoadTest } from '../../../api/loadtest/loadTest.ts';
import type { LoadTestSpec } from '../../../api/loadtest/spec.ts';
import { SETTINGS } from '../../../api/settings/kafka.ts';
import { setCondition } from '../../../contract/conditions.ts';
import type { Notice } from '../../../contract/kind.ts';
import type { Condition } from '../../../contract/kubernetes.ts';
import { timeOfDay } from '../../../contract/time.ts';
import type { RunView } from '../../../domain/figures/figures.ts';
import { parseDuration } from '../../../domain/status/duration.ts';
import { STORM_MS, STORM_REBALANCES, type Storm, stormAt } from './storm.ts';

type Consumers = NonNullable<LoadTestSpec['consumers']>;
type Polls = RunView['consumers']['polls'];

const LONGEST_SAID = 300;

/** `figures`: undefined where none are known at the moment; then what was said before stays. */
export function judgeStorm(
  { spec: { consumers }, metadata }: LoadTest,
  conditions: Condition[],
  figures: RunView | undefined,
  now: number,
): { conditions: Condition[]; events: Notice[] } {
  if (consumers === undefined || figures === undefined) return { conditions, events: [] };
  const type = 'RebalanceStorm';
  const was = conditions.find((condition) => condition.type === type)?.status === 'True';
  const storm = stormAt(figures.rebalances.list, setting(consumers, 'max.poll.interval.ms'), now);
  const message = storm === undefined ? CALM : stormSentence(storm, consumers, figures.consumers.polls);
  const events: Notice[] = [];
  if (storm !== undefined && !was) events.push({ type: 'Warning', reason: type, message });
  if (storm === undefined && was) events.push({ type: 'Normal', reason: 'RebalanceStormOver', message });
  const condition = {
    type,
    status: storm === undefined ? ('False' as const) : ('True' as const),
    reason: storm?.cause ?? 'Calm',
    message,
    observedGeneration: metadata.generation,
  };
  return { conditions: setCondition(conditions, condition, now), events };
}

const CALM = `fewer than ${STORM_REBALANCES} rebalances within ${STORM_MS / 1000} s that nobody asked for`;

function stormSentence({ cause, rebalances }: Storm, consumers: Consumers, polls: Polls): string {
  const since = timeOfDay(rebalances[0]?.at ?? 0);
  const last = rebalances.at(-1)?.reason ?? '';
  const advice = { PollIntervalExceeded: pollAdvice, SessionExpired: sessionAdvice, Unknown: () => UNEXPLAINED };
  return `${rebalances.length} rebalances since ${since} that nobody asked for: ${advice[cause](consumers, polls)} Last one: ${last.slice(0, LONGEST_SAID)}`;
}

const UNEXPLAINED = 'nobody was put out; status.rebalances.recent has the reason of each.';

function pollAdvice(consumers: Consumers, polls: Polls): string {
  const interval = setting(consumers, 'max.poll.interval.ms');
  const records = setting(consumers, 'max.poll.records');
  const perRecordMs = parseDuration(consumers.processing.perRecord);
  const recordsMax = polls?.recordsMax ?? 0;
  const work = recordsMax * perRecordMs;
  const measured = polls?.longestIntervalMs ?? 0;
  const took = [
    ...(measured > interval ? [`up to ${measured} ms measured`] : []),
    ...(work > 0 ? [`up to ${recordsMax} records of a poll x ${consumers.processing.perRecord} = ${work} ms`] : []),
  ].join('; ');
  const enough = roundUp(2 * Math.max(measured, work, interval));
  const few = perRecordMs > 0 ? roundDown(interval / 2 / perRecordMs) : 0;
  const fewer = few >= 1 && few < records ? `, or max.poll.records: "${few}" (now ${records})` : '';
  return `members take longer from one poll to the next${took === '' ? '' : ` (${took})`} than max.poll.interval.ms allows (${interval}), so they are put out. Write in spec.consumers.config max.poll.interval.ms: "${enough}" (now ${interval})${fewer}.`;
}

function sessionAdvice(consumers: Consumers): string {
  const unless = 'unless members die: kubectl get pods shows their restarts';
  if (consumers.config['group.protocol'] === 'consumer') {
    return `members are not heard of for the session timeout that the brokers set, so they are put out. Raise the group setting consumer.session.timeout.ms (brokers: group.consumer.session.timeout.ms), or lower consumer.heartbeat.interval.ms to a third of it, ${unless}.`;
  }
  const session = setting(consumers, 'session.timeout.ms');
  const heartbeat = setting(consumers, 'heartbeat.interval.ms');
  const third = Math.floor(session / 3);
  const sooner = heartbeat > third ? `heartbeat.interval.ms: "${third}" (now ${heartbeat}), or ` : '';
  const longer = roundUp(Math.max(2 * session, 3 * heartbeat));
  const interval = setting(consumers, 'max.poll.interval.ms');
  const also = longer > interval ? ` with max.poll.interval.ms: "${longer}" (now ${interval}; not below it)` : '';
  return `members are not heard of for session.timeout.ms (${session}; they send a heartbeat each heartbeat.interval.ms, ${heartbeat}), so they are put out. Write in spec.consumers.config ${sooner}session.timeout.ms: "${longer}" (now ${session})${also}, ${unless}.`;
}

const setting = ({ config }: Consumers, name: string): number =>
  Number(config[name] ?? SETTINGS.Consumer[name]?.default);

/** To 1, 2 or 5 times a power of ten: a number that a person would write. */
const steps = (value: number): number[] => {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power);
};
const roundUp = (value: number): number => steps(value).find((step) => step >= value) ?? value;
const roundDown = (value: number): number =>
  value < 1 ? 0 : (steps(value).findLast((step) => step <= value) ?? value);
