/** Keeps a LoadTest's status small enough to be written. `truncated` says what is left out. */
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import { isTooLarge, rebalancesLeftOut, withinSize } from '../../domain/status/rebalances.ts';

/** The CRD's bound of a list. */
export const MOST_ENTRIES = 1_000;
/** Members are left out of an object that is too large until this many are left. */
const FEW_MEMBERS = 100;
/** Keys are left out of an object that is too large until this many are left. */
const FEW_KEYS = 10;

const withMembers = ({ consumers, ...rest }: LoadTestStatus, most: number): LoadTestStatus =>
  consumers === undefined ? rest : { ...rest, consumers: { ...consumers, members: consumers.members.slice(0, most) } };

const withKeys = ({ keys, ...rest }: LoadTestStatus, most: number): LoadTestStatus =>
  keys === undefined ? rest : { ...rest, keys: { ...keys, list: keys.list.slice(0, most) } };

export function boundedStatus(status: LoadTestStatus): LoadTestStatus {
  let small = withinSize(withMembers(status, MOST_ENTRIES), 1);
  while (small.consumers !== undefined && small.consumers.members.length > FEW_MEMBERS && isTooLarge(small)) {
    small = withMembers(small, small.consumers.members.length / 2);
  }
  while (small.keys !== undefined && small.keys.list.length > FEW_KEYS && isTooLarge(small)) {
    small = withKeys(small, small.keys.list.length / 2);
  }
  small = withinSize(small);
  const { lag, topic, consumers, keys, producers } = small;
  const cut = (what: string, shown = 0, of = 0) =>
    shown > 0 && shown < of ? [`${what}: the first ${shown} of ${of}`] : [];
  const ofTopic = (shown = 0) => (shown === MOST_ENTRIES ? topic?.partitions : 0);
  const written = producers?.partitions?.length;
  const truncated = [
    ...cut('lag.partitions', lag?.partitions.length, ofTopic(lag?.partitions.length)),
    ...cut('consumers.members', consumers?.members.length, status.consumers?.members.length),
    ...cut('producers.partitions', written, ofTopic(written)),
    ...(keys !== undefined && keys.list.length < keys.distinct
      ? [`keys.list: ${keys.list.length} of ${keys.distinct}`]
      : []),
    ...(keys?.more === true ? [`keys: the first ${keys.distinct} in alphabetical order; there are more`] : []),
    ...rebalancesLeftOut(small),
  ];
  return truncated.length === 0 ? small : { ...small, truncated };
}
