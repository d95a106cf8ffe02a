/** The figures of a run as of one moment, from its folded state. */
import type { EpochMs } from '../../contract/time.ts';
import { type ClockEvidence, clocksApartMs } from '../clock/clock.ts';
import { indexAfter } from '../clock/inOrder.ts';
import { consumersView } from '../delivery/consumers.ts';
import { lagView } from '../delivery/lag.ts';
import { producersView } from '../delivery/producers.ts';
import type { MemberView, RunView } from '../figures/figures.ts';
import { externalChangePending, externalMembers } from '../group/external.ts';
import { applyEvent, passTime, rebalances } from '../group/group.ts';
import { copyGroup, type Group, liveMembers } from '../group/state.ts';
import { orderOf } from '../keys/keyOrder.ts';
import { keysView } from '../keys/keys.ts';
import type { Run } from './run.ts';

/**
 * The view ends this long before now, because a callback may take that long to arrive: what it shows of rebalances stays true.
 * With QUIET_MS (change.ts) a rebalance shows 800 ms after its last callback.
 */
const SHOW_AFTER_MS = 400;

/** The figures as of `now`, by the operator's clock. Changes nothing but the cache `run.shown`. */
export function view(run: Run, now: EpochMs): RunView {
  const until = now - SHOW_AFTER_MS;
  const group = groupAsOf(run, until);
  const settled = group.change === undefined && !externalChangePending(group) && !callbackWaits(run, until);
  const { consumers, delivery } = consumersView(run.consumers, run.latestAt);
  const producers = producersView(run.producers, run.latestAt);
  const members = memberViews(group);
  return {
    producers,
    keys: keysView(run.producers.placed, (keys) => orderOf(run.order, keys, until, clocksApartMs(producerClocks(run)))),
    consumers: {
      ...consumers,
      members,
      idle: settled ? members.filter(ownsNothing).map(({ name }) => name) : [],
    },
    delivery: { produced: producers.acknowledged, ...delivery },
    lag: lagView(run.lag),
    rebalances: rebalancesView(group, settled),
    latestAt: run.latestAt,
  };
}

/** A member that only owns partitions of other topics is at work, and one of another service lacks nothing here. */
const ownsNothing = ({ partitions, otherPartitions = 0, otherTopicsOnly }: MemberView): boolean =>
  partitions.length + otherPartitions === 0 && otherTopicsOnly !== true;

/** A copy of the group with all events up to `until` applied. */
function groupAsOf(run: Run, until: EpochMs): Group {
  const { shown } = run;
  if (shown !== undefined && shown.reports === run.reports && shown.until === until) return shown.group;
  const group = copyGroup(run.group);
  for (const event of run.timeline.waiting.slice(0, indexAfter(run.timeline.waiting, until))) applyEvent(group, event);
  passTime(group, until);
  run.shown = { reports: run.reports, until, group };
  return group;
}

function rebalancesView(group: Group, settled: boolean): RunView['rebalances'] {
  const list = rebalances(group);
  return {
    count: group.count,
    settled,
    partitionsMoved: list.reduce((sum, one) => sum + one.partitionsMoved, group.partitionsMoved),
    longestPauseMs: list.reduce((longest, one) => Math.max(longest, one.longestPauseMs), group.longestPauseMs),
    longestStopTheWorldMs: list.reduce(
      (longest, one) => Math.max(longest, one.stopTheWorldMs),
      group.longestStopTheWorldMs,
    ),
    list,
  };
}

/** Clocks of the producers' processes. Every record timestamp of the run is by one of them. */
function producerClocks({ producing, instances }: Run): ClockEvidence[] {
  const processes = new Set([...producing].map((key) => key.slice(0, key.indexOf(' '))));
  return [...processes].flatMap((process) => instances.get(process)?.clock ?? []);
}

const callbackWaits = ({ timeline }: Run, until: EpochMs) =>
  timeline.waiting
    .slice(indexAfter(timeline.waiting, until))
    .some(({ what }) => what.type === 'Assigned' || what.type === 'Revoked');

function memberViews(group: Group): MemberView[] {
  const { snapshot } = group.broker;
  const external = snapshot === undefined ? [] : [...externalMembers(group, snapshot).values()];
  const ownedExternally = new Set(external.flatMap(({ partitions }) => partitions));
  const own = liveMembers(group).map(
    ({ client, memberId, host, owned }): MemberView => ({
      name: client,
      memberId,
      host,
      partitions: [...owned].filter((partition) => !ownedExternally.has(partition)).sort((a, b) => a - b),
      source: 'Clients',
    }),
  );
  return [
    ...own,
    ...external.map(
      ({ id, partitions, ...about }): MemberView => ({
        name: id,
        ...about,
        partitions: [...partitions],
        source: 'Broker',
      }),
    ),
  ].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
