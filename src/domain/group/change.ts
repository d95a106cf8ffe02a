/** One change of the group: from its first callback until it has settled. */
import type { EpochMs } from '../../contract/time.ts';
import type { Assigned, RebalanceProtocol, Revoked } from '../evidence/facts.ts';
import { externalOwners, LONGEST_REBALANCE_MS } from './external.ts';
import type { ExternalMembers } from './snapshot.ts';
import { type Change, type Group, isAlive, liveMembers, type PartitionPauses, SILENT_MS } from './state.ts';

/** A change may settle after this time without a callback. */
export const QUIET_MS = 400;
/**
 * Other members of a classic group learn by a heartbeat (`heartbeat.interval.ms`, 3 s) that a member without partitions left.
 * Until then nothing shows that the change continues.
 */
const HEARTBEAT_MS = 4_000;
/**
 * A new member without partitions waits for one that has several. The owner hands over after its next heartbeat (5 s with
 * `group.protocol=consumer`) or at its next poll.
 */
const HANDOVER_MS = 10_000;
/** If the broker calls the group Stable this long after the last callback, external members own the partitions without an owner. */
const STABLE_MS = 5_000;

/** Limit of explanations and lost members kept per change. */
export const REASONS_KEPT = 20;

/** Begins a change with its first callback. */
export function openChange(group: Group, fact: Assigned | Revoked, at: EpochMs): Change {
  const pauses = new Map<number, PartitionPauses>();
  for (const [partition, { endedAt }] of group.processing) {
    const work = endedAt === undefined ? [] : [{ from: endedAt, to: endedAt }];
    const awaitsFirstBatch = endedAt === undefined;
    pauses.set(partition, { longest: undefined, longestAfter: undefined, errorMs: 0, work, awaitsFirstBatch });
  }
  group.broker.unexplained = undefined;
  const openedByCleanStop = fact.type === 'Revoked' && fact.cause === 'Closed';
  return { ...newChange(group, at, fact.protocol), openedByCleanStop, pauses };
}

/** A change that begins with the group as it is now. */
export function newChange(group: Group, at: EpochMs, protocol: RebalanceProtocol): Change {
  const membersBefore = new Map<string, string>();
  for (const { key, client, inGroup } of group.members.values()) if (inGroup) membersBefore.set(key, client);
  const ownersBefore = ownersByName(group, group.broker.accounted);
  return {
    at,
    lastAt: at,
    protocol,
    membersBefore,
    ownersBefore,
    concerned: new Set(ownersBefore.keys()),
    openedByCleanStop: false,
    onlyCleanStops: true,
    lost: [],
    calledBack: new Set(),
    removed: new Map(),
    libraryReasons: [],
    stableAt: undefined,
    pauses: new Map(),
  };
}

/** Partition → name of its owner: one of our clients, or an external member. */
export function ownersByName(group: Group, external: ExternalMembers | undefined): Map<number, string> {
  const names = externalOwners(external);
  for (const [partition, key] of group.owners) names.set(partition, group.members.get(key)?.client ?? key);
  return names;
}

export function addReason(change: Change, reason: string | undefined): void {
  if (reason && change.libraryReasons.length < REASONS_KEPT) change.libraryReasons.push(reason);
}

/** No more callbacks are expected. Only meaningful after `QUIET_MS` without one. */
export function isOver(group: Group, change: Change, now: EpochMs): boolean {
  const waited = now - change.lastAt;
  if (waited >= LONGEST_REBALANCE_MS) return true;
  const stableFor = change.stableAt === undefined ? 0 : change.stableAt - change.lastAt;
  // A group is Stable for the broker before every client has taken up its new assignment.
  const waiting = [...group.members.values()].some(
    (one) => one.awaitsAssignment && !one.cleanStop && isAlive(group, one),
  );
  if (waiting) return stableFor >= SILENT_MS;
  const live = liveMembers(group);
  if (live.length === 0 || stableFor >= STABLE_MS) return true;
  if ([...change.concerned].some((partition) => !group.owners.has(partition))) return false;
  if (change.onlyCleanStops && change.protocol !== 'Consumer') return waited >= HEARTBEAT_MS;
  if (change.protocol === 'Eager' || change.protocol === 'None') return true;
  const handover =
    live.some(({ key, owned }) => owned.size === 0 && !change.membersBefore.has(key)) &&
    live.some(({ owned }) => owned.size > 1);
  return !handover || waited >= HANDOVER_MS;
}
