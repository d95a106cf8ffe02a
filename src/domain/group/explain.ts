/** Collects the circumstances of a change and explains it. */
import type { ExternalMembers } from './snapshot.ts';
import type { Change, Group, Member } from './state.ts';
import { type Circumstances, type Judgement, judge } from './trigger.ts';

/** Explains a change and marks the scaling and the errors that explain it as used. `after`: our members after the change. */
export function explain(
  group: Group,
  change: Change,
  after: readonly Member[],
  external: { before: ExternalMembers; after: ExternalMembers },
): Judgement {
  const judgement = judge(circumstancesOf(group, change, after, external));
  // A removed member takes part again at its next poll. The error that it reported explains this change and no later one.
  group.errors = group.errors.filter(({ at, client }) => at > change.lastAt || !change.calledBack.has(client));
  const { scaling } = judgement;
  if (scaling !== undefined) scaling.of.remaining -= scaling.members;
  return judgement;
}

function circumstancesOf(
  group: Group,
  change: Change,
  after: readonly Member[],
  external: { before: ExternalMembers; after: ExternalMembers },
): Circumstances {
  const joined = after.filter(({ key }) => !change.membersBefore.has(key));
  const returned = joined.filter(({ key, client }) => (group.knownClients.get(client) ?? key) !== key);
  const fresh = [...change.concerned].filter((p) => group.owners.has(p) && !group.everOwned.has(p));
  return {
    at: change.at,
    settledAt: change.lastAt,
    openedByCleanStop: change.openedByCleanStop,
    joined: joined.map(({ client }) => client).sort(),
    returned: returned.map(({ client }) => client).sort(),
    left: departures(group, change, after),
    externalJoined: onlyIn(external.after, external.before),
    externalLeft: onlyIn(external.before, external.after),
    noOwnClients: group.ownIds.size === 0,
    lost: change.lost,
    errors: group.errors,
    scalings: group.scalings,
    newPartitions: change.membersBefore.size > 0 && group.everOwned.size > 0 ? fresh.sort((a, b) => a - b) : [],
    libraryReasons: change.libraryReasons,
  };
}

/** Our members that left the group with this change, by name. */
function departures(group: Group, change: Change, after: readonly Member[]): Circumstances['left'] {
  const afterKeys = new Set(after.map(({ key }) => key));
  return [...change.membersBefore]
    .filter(([key]) => !afterKeys.has(key))
    .map(([key, client]) => {
      const member = group.members.get(key);
      const silentMs = change.removed.get(key) ?? Math.max(0, change.lastAt - (member?.seenAt ?? change.lastAt));
      const { cleanStop = true, static: isStatic = false, heartbeatsWhileProcessing = true } = member ?? {};
      return { client, cleanStop, static: isStatic, heartbeatsWhileProcessing, silentMs };
    })
    .sort((a, b) => (a.client < b.client ? -1 : 1));
}

/** Ids of the members in `one` that are not in `other`. */
const onlyIn = (one: ExternalMembers, other: ExternalMembers): string[] =>
  [...one].flatMap(([key, { id }]) => (other.has(key) ? [] : [id])).sort();
