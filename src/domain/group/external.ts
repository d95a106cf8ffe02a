/**
 * The group as the broker describes it, look by look: members that none of our clients is (foreign ones), and what the
 * description tells about our own. A look counts only while the group stands still: of a classic group that rebalances
 * the broker tells no partitions.
 *
 * What foreign members have is taken over (`accounted`) with each rebalance that is recorded, so that no change is
 * counted twice: one that our clients saw takes in what the next look shows, and only what is left over then is
 * recorded from looks alone.
 */
import type { EpochMs } from '../../contract/time.ts';
import type { BrokerMember } from '../evidence/facts.ts';
import type { BrokerView, Foreigner, Foreigners, Picture, Unexplained } from './brokerView.ts';
import { type Change, type Group, inSight, type Member } from './state.ts';
import type { Happening } from './timeline.ts';

/** A look is about what was before it only if it came so much later: clocks are lined up to half of this (see clock.ts). */
const LATER_MS = 100;
/** A change that our clients saw waits so long for a look (one a second) that agrees with them. */
const LOOK_MS = 3_000;
/** The same while there is no look since: an operator or a broker that is busy has looks come late. */
const LATE_LOOK_MS = 15_000;
/** The longest that a group waits for one of its members (`max.poll.interval.ms`). */
const UNREST_MS = 300_000;
/** Looks have stopped when the last one is older. */
const LOOKING_MS = 15_000;
/** A change among foreign members is recorded when no callback of ours came so long after the look. */
const OWN_WORD_MS = 2_000;
/** Each rebalance of a classic group comes back to each member, to a slow one at its next poll. */
const CLASSIC_WORD_MS = 60_000;

type Looked = Extract<Happening, { type: 'Looked' }>;

const STANDS_STILL = new Set(['Stable', 'Empty', 'Dead']);

/** Takes in a look. Gives the change among foreign members that is certain by now because another one followed it. */
export function looked(group: Group, what: Looked, now: EpochMs): Unexplained | undefined {
  const { broker } = group;
  broker.partitionCount = what.partitionCount;
  const members = membersIn(broker, what);
  // A list that was cut tells nothing about those that are not in it.
  if (members === undefined || members.length < what.groupMembers) return undefined;
  broker.lookedAt = now;
  if (what.groupState !== null && !STANDS_STILL.has(what.groupState)) {
    broker.unrestAt ??= now;
    return undefined;
  }
  const { picture: last, unrestAt } = broker;
  const picture: Picture = { at: now, protocol: what.protocol ?? last?.protocol ?? 'None', members };
  broker.picture = picture;
  broker.unrestAt = undefined;
  if (picture.protocol === 'Consumer') admitIdle(group, picture);
  return group.change === undefined ? compare(group, picture, last?.at ?? now, unrestAt ?? now) : undefined;
}

function membersIn(
  broker: BrokerView,
  { sampleAt, members, membersAsAt }: Looked,
): readonly BrokerMember[] | undefined {
  if (members !== undefined) {
    broker.told = { sampleAt, members };
    return members;
  }
  return broker.told !== undefined && broker.told.sampleAt === membersAsAt ? broker.told.members : undefined;
}

/**
 * The consumer protocol (KIP-848) calls a member that is assigned nothing not back: only the broker's word shows that
 * it is in the group. It is no rebalance, since nobody else notices.
 */
function admitIdle(group: Group, { members }: Picture): void {
  const known = [...group.members.values()];
  for (const { memberId, clientId, partitions } of members) {
    if (partitions.length > 0) continue;
    const member = known.findLast((one) => one.client === clientId && !one.goodbye && inSight(group, one));
    // What the broker still lists may be the process before.
    if (member === undefined || known.some((one) => one !== member && one.memberId === memberId)) continue;
    member.inGroup = true;
    member.memberId = memberId;
  }
}

function compare(group: Group, picture: Picture, before: EpochMs, at: EpochMs): Unexplained | undefined {
  const { broker } = group;
  const now = foreigners(group, picture);
  if (broker.accounted === undefined || broker.late) {
    account(group, now);
    return undefined;
  }
  // Our own have not told yet what the broker already knows: theirs is the word to wait for.
  if (!agrees(group, picture)) return undefined;
  const { unexplained } = broker;
  if (unexplained !== undefined) {
    if (sameForeigners(foreigners(group, unexplained.picture), now)) return undefined;
    if (!classicWithOurs(group, unexplained.picture)) return unexplained;
  }
  broker.unexplained = sameForeigners(broker.accounted, now)
    ? undefined
    : {
        at: unexplained?.at ?? at,
        before: unexplained?.before ?? before,
        picture,
        until: picture.at + (classicWithOurs(group, picture) ? CLASSIC_WORD_MS : OWN_WORD_MS),
      };
  return undefined;
}

const classicWithOurs = (group: Group, { protocol, members }: Picture) =>
  protocol !== 'Consumer' && members.some((member) => isOurs(group, member));

/** A rebalance has been recorded with these foreign members in it. */
export function account(group: Group, now: Foreigners): void {
  const { broker } = group;
  broker.accounted = now;
  broker.late = false;
  broker.unexplained = undefined;
  for (const { partitions } of now.values()) {
    for (const partition of partitions) {
      group.everOwned.add(partition);
      // When it comes back to us nobody knows how far others have been: there is no pause to measure.
      group.processing.delete(partition);
    }
  }
}

/** Told by one of our own clients: its name (also its client.id) or its member id. */
export const isOurs = ({ own }: Group, { memberId, clientId }: BrokerMember) => own.has(memberId) || own.has(clientId);

/**
 * By what stays the same when a member comes back: its group.instance.id, else its member id. What one of ours has by
 * now is no longer theirs, unless the broker doesn't list that one.
 */
export function foreigners(group: Group, picture: Picture): Foreigners {
  const { members } = picture;
  const gone = new Set(missing(group, picture).map(({ key }) => key));
  const isTheirs = (partition: number) => {
    const owner = group.owners.get(partition);
    return owner === undefined || gone.has(owner);
  };
  const found = new Map<string, Foreigner>();
  for (const member of members) {
    if (isOurs(group, member)) continue;
    const { memberId, clientId, host, groupInstanceId } = member;
    const id = groupInstanceId ?? (memberId.startsWith(clientId) ? memberId : `${clientId}-${memberId}`);
    found.set(groupInstanceId ?? memberId, {
      id,
      memberId,
      clientId,
      host,
      partitions: member.partitions.filter(isTheirs),
    });
  }
  return found;
}

function sameForeigners(a: Foreigners, b: Foreigners): boolean {
  if (a.size !== b.size) return false;
  for (const [key, { partitions }] of a) {
    const other = b.get(key);
    if (other === undefined || other.partitions.length !== partitions.length) return false;
    if (partitions.some((partition) => !other.partitions.includes(partition))) return false;
  }
  return true;
}

/** What each of our members that the broker lists has told of itself is what the broker says. */
function agrees(group: Group, { members }: Picture): boolean {
  return members.every((listed) => {
    if (!isOurs(group, listed)) return true;
    const member = memberOf(group, listed);
    return (
      member !== undefined &&
      !member.awaiting &&
      member.owned.size === listed.partitions.length &&
      listed.partitions.every((partition) => member.owned.has(partition))
    );
  });
}

function memberOf(group: Group, { memberId, clientId }: BrokerMember): Member | undefined {
  const inGroup = [...group.members.values()].filter((member) => member.inGroup);
  return (
    inGroup.findLast((member) => member.memberId === memberId) ??
    inGroup.findLast((member) => member.client === clientId)
  );
}

/** The look that shows how a change ended; undefined while there is none. */
export function pictureAfter({ broker }: Group, { lastAt }: Change): Picture | undefined {
  return broker.picture !== undefined && broker.picture.at >= lastAt + LATER_MS ? broker.picture : undefined;
}

/** The broker's description says that nothing more belongs to the change. */
export function saysOver(group: Group, change: Change): boolean {
  const picture = pictureAfter(group, change);
  if (picture === undefined || !agrees(group, picture)) return false;
  if (picture.members.length === 0) return true;
  const owned = new Set(picture.members.flatMap(({ partitions }) => partitions));
  return [...change.concerned].every((partition) => owned.has(partition));
}

/** A look that will tell who else was in the change is still expected: also for as long as others are busy with it. */
export function awaitsLook(group: Group, { at, lastAt }: Change, now: EpochMs): boolean {
  const { lookedAt, unrestAt, accounted, partitionCount } = group.broker;
  if (lookedAt === undefined) return false;
  // Nobody else was there, and our own have all partitions: one who came meanwhile has nothing.
  if (accounted?.size === 0 && partitionCount > 0 && group.owners.size >= partitionCount) return false;
  const waits = lookedAt >= lastAt + LATER_MS ? LOOK_MS : LATE_LOOK_MS;
  const looking = lookedAt >= at - LOOKING_MS && now - lastAt < waits;
  const busy = unrestAt !== undefined && lookedAt >= lastAt && now - lookedAt < LOOK_MS && now - lastAt < UNREST_MS;
  return looking || busy;
}

/** Our members that the broker does not list: they are out of the group, whether they know it or not. */
export const missing = (group: Group, { members }: Picture): Member[] =>
  [...group.members.values()].filter(
    (one) =>
      one.inGroup && !members.some((listed) => listed.memberId === one.memberId || listed.clientId === one.client),
  );

/** Something is going on among members that are not ours. */
export function foreignUnrest(group: Group): boolean {
  const { broker } = group;
  if (broker.unexplained !== undefined) return true;
  if (broker.unrestAt === undefined || group.time - (broker.lookedAt ?? 0) > LOOKING_MS) return false;
  return broker.told?.members.some((member) => !isOurs(group, member)) === true;
}

/** Partition → id of the foreign member that has it. */
export function foreignOwners(all: Foreigners | undefined): Map<number, string> {
  const owners = new Map<number, string>();
  for (const { id, partitions } of all?.values() ?? []) for (const partition of partitions) owners.set(partition, id);
  return owners;
}
