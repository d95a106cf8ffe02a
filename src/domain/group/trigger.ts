/** Finds the trigger of a rebalance from its circumstances and explains it in a sentence. The first reason that applies wins. */
import type { EpochMs } from '../../contract/time.ts';
import type { RebalanceTrigger } from '../figures/figures.ts';

/** A change by the operator that is still expected to show in the group. */
export interface Scaling {
  what: 'Consumers' | 'Partitions';
  at: EpochMs;
  from: number;
  to: number;
  /** Number of members whose joining or leaving it may still explain. For Partitions: 1 until explained. */
  remaining: number;
}

/** An error reported by a client that has not explained a rebalance yet. */
export interface ReportedError {
  client: string;
  at: EpochMs;
  code: string;
  message: string;
  /** The client had been removed from the group before, while it was still processing records. */
  removedWhileProcessing: boolean;
}

/** A member of ours that is no longer in the group. */
interface Departure {
  client: string;
  /** It had begun or finished a clean stop. */
  cleanStop: boolean;
  /** It has a group.instance.id, so its clean stop did not make it leave. */
  static: boolean;
  /** Its client library sends heartbeats while it processes a record. */
  heartbeatsWhileProcessing: boolean;
  /** Time from its last fact until its partitions had other owners, or until the change had settled, in ms. */
  silentMs: number;
}

export interface Circumstances {
  at: EpochMs;
  settledAt: EpochMs;
  /** The first callback was a member that closed itself. */
  openedByCleanStop: boolean;
  /** Clients in the group only after the change, by name. */
  joined: string[];
  /** Those of `joined` that were members before with another process. */
  returned: string[];
  left: Departure[];
  /** Ids of external members in the group only after the change. */
  externalJoined: string[];
  /** Ids of external members in the group only before the change. */
  externalLeft: string[];
  /** The run has no clients of its own: the operator scales external members. */
  noOwnClients: boolean;
  /** Members that learned of their removal, in order, with the client library's explanation. */
  lost: { client: string; reason: string; removedWhileProcessing: boolean }[];
  errors: ReportedError[];
  scalings: Scaling[];
  /** Partitions that have an owner for the first time, in a group that had members. */
  newPartitions: number[];
  /** The client library's explanations of this assignment. */
  libraryReasons: string[];
}

export interface Judgement {
  trigger: RebalanceTrigger;
  /** One or more sentences. */
  reason: string;
  /** The scaling that explains the rebalance, and the number of members that it explains. */
  scaling?: { of: Scaling; members: number };
}

/** A scaling explains members that join or leave within this time, in which pods are scheduled and started. */
const SCALING_MS = 120_000;
/** Clients learn of new partitions at their metadata refresh (`topic.metadata.refresh.interval.ms`, 5 min). */
const PARTITIONS_MS = 600_000;
/** An error explains a rebalance within this time after it. */
const ERROR_MS = 60_000;
/**
 * A member that reported at most this long before its removal was still processing, not dead. A session lasts at least 6 s
 * (`group.min.session.timeout.ms`), of which a dead member may have used 3 s before it died (`heartbeat.interval.ms`).
 */
export const STILL_PROCESSING_MS = 2_000;
/** Largest difference expected between the clocks of the operator and the clients. */
const CLOCKS_MS = 1_000;

/** Error texts of an exceeded max.poll.interval.ms. */
const POLL = /max[ ._-]?poll/i;
/**
 * Error texts of an expired session. "Rebalance in progress" excludes it: the brokers answered, and the group is waiting for this
 * member because it does not poll.
 */
const SESSION = /session.{0,20}(timed? ?out|timeout|expired)(?!.*rebalance in progress)/is;
/** Error texts by which a client learns of its removal, such as a refused commit. */
const NO_MEMBER = /unknown.?member|illegal.?generation|(fenced|stale).?(member|instance)/i;

export function judge(seen: Circumstances): Judgement {
  const found = REASONS.reduce<Judgement | undefined>((first, reason) => first ?? reason(seen), undefined);
  const judgement = withExternal(
    found ?? { trigger: 'Unknown' as const, reason: 'No reported event explains this rebalance.' },
    seen,
  );
  const added = seen.libraryReasons.filter((text) => text !== '' && !judgement.reason.includes(text));
  return added.length === 0
    ? judgement
    : { ...judgement, reason: `${judgement.reason} The client reported: ${added[0]}.` };
}

const REMOVED_WHILE_PROCESSING =
  'was removed from the group while it was processing records, because it had not polled within max.poll.interval.ms';

const textOf = ({ code, message }: ReportedError) => `${code} ${message}`;
const reported = ({ client, code, message }: ReportedError) => `${client} reported ${code}: ${message}`;
const recent = ({ errors, at, settledAt }: Pick<Circumstances, 'errors' | 'at' | 'settledAt'>): ReportedError[] =>
  errors.filter((error) => error.at <= settledAt && error.at >= at - ERROR_MS);

/** Adds what external members did at the same time. */
function withExternal(judgement: Judgement, seen: Circumstances): Judgement {
  const changes = externalChanges(seen);
  const all = [...seen.externalJoined, ...seen.externalLeft];
  if (changes === '' || all.every((id) => judgement.reason.includes(id))) return judgement;
  return { ...judgement, reason: `${judgement.reason} At the same time, ${changes}.` };
}

type Reason = (seen: Circumstances) => Judgement | undefined;

const REASONS: Reason[] = [
  learnedOfRemoval,
  reportedError,
  partitionsAdded,
  scaledUp,
  scaledDown,
  restarted,
  removed,
  left,
  joined,
  externalChanged,
  explainedByLibrary,
];

function learnedOfRemoval({ lost, ...seen }: Circumstances): Judgement | undefined {
  const first = lost[0];
  if (first === undefined) return undefined;
  const { client, reason } = lost.find((one) => one.reason !== '') ?? first;
  const explanation = reason === '' ? '' : `: ${reason}`;
  if (POLL.test(reason)) {
    return {
      trigger: 'PollIntervalExceeded',
      reason: `${client} was removed from the group because it had not polled within max.poll.interval.ms${explanation}.`,
    };
  }
  const exceeded = recent(seen).find(
    (error) => lost.some((one) => one.client === error.client) && POLL.test(textOf(error)),
  );
  if (exceeded !== undefined) return { trigger: 'PollIntervalExceeded', reason: `${reported(exceeded)}.` };
  const processing = lost.find((one) => !SESSION.test(one.reason) && one.removedWhileProcessing);
  if (processing !== undefined) {
    return { trigger: 'PollIntervalExceeded', reason: `${processing.client} ${REMOVED_WHILE_PROCESSING}.` };
  }
  return { trigger: 'SessionExpired', reason: `${client} was removed from the group${explanation}.` };
}

function reportedError(seen: Circumstances): Judgement | undefined {
  const matching = (pattern: RegExp) => recent(seen).find((error) => pattern.test(textOf(error)));
  const exceeded = matching(POLL);
  if (exceeded !== undefined) return { trigger: 'PollIntervalExceeded', reason: `${reported(exceeded)}.` };
  const expired = matching(SESSION);
  if (expired !== undefined) return { trigger: 'SessionExpired', reason: `${reported(expired)}.` };
  const noMember = matching(NO_MEMBER);
  if (noMember === undefined) return undefined;
  if (!noMember.removedWhileProcessing) return { trigger: 'SessionExpired', reason: `${reported(noMember)}.` };
  return { trigger: 'PollIntervalExceeded', reason: `${reported(noMember)}; it ${REMOVED_WHILE_PROCESSING}.` };
}

function partitionsAdded(seen: Circumstances): Judgement | undefined {
  const { newPartitions, scalings, at, settledAt, joined, left, externalJoined, externalLeft } = seen;
  if (newPartitions.length === 0) return undefined;
  const partitions = `partition${newPartitions.length === 1 ? '' : 's'} ${listed(newPartitions.map(String))}`;
  const scaling = openScaling(scalings, 'Partitions', at - PARTITIONS_MS, settledAt);
  if (scaling !== undefined) {
    return {
      trigger: 'PartitionsAdded',
      reason: `The operator raised the number of partitions from ${scaling.from} to ${scaling.to} (${earlier(scaling, at)}); ${partitions} got an owner.`,
      scaling: { of: scaling, members: 1 },
    };
  }
  if ([joined, left, externalJoined, externalLeft].some((members) => members.length > 0)) return undefined;
  return {
    trigger: 'PartitionsAdded',
    reason: `No member joined or left; ${partitions} got an owner for the first time.`,
  };
}

function scaledUp(seen: Circumstances): Judgement | undefined {
  const joined = seen.noOwnClients ? seen.externalJoined : seen.joined;
  const scaling = openScaling(seen.scalings, 'Consumers', seen.at - SCALING_MS, seen.settledAt, 1);
  if (joined.length === 0 || scaling === undefined) return undefined;
  return {
    trigger: 'ScaleUp',
    reason: `${consumersScaled(scaling, seen.at)}; ${listed(joined)} joined.`,
    scaling: { of: scaling, members: joined.length },
  };
}

function scaledDown(seen: Circumstances): Judgement | undefined {
  const { noOwnClients, at } = seen;
  const left = noOwnClients ? seen.externalLeft : namesOf(seen.left);
  const scaling = openScaling(seen.scalings, 'Consumers', at - SCALING_MS, seen.settledAt, -1);
  if (left.length === 0 || scaling === undefined) return undefined;
  const scaled = consumersScaled(scaling, at);
  const explained = { of: scaling, members: left.length };
  // The end of a killed member's session triggers the rebalance, not the scaling. After a clean stop nothing is waited for.
  const killed = seen.left.filter(
    ({ cleanStop, silentMs }) => !noOwnClients && !cleanStop && silentMs > STILL_PROCESSING_MS,
  );
  if (killed.length > 0) {
    const longestMs = Math.max(...killed.map(({ silentMs }) => silentMs));
    const rest = seen.left.filter((one) => !killed.includes(one));
    const also = rest.length === 0 ? '' : `; ${listed(namesOf(rest))} left`;
    return {
      trigger: 'SessionExpired',
      reason: `${scaled} and killed ${listed(namesOf(killed))}, last heard from ${seconds(longestMs)} earlier${also}. A killed consumer does not leave the group, so its partitions waited for session.timeout.ms.`,
      scaling: explained,
    };
  }
  return { trigger: 'ScaleDown', reason: `${scaled}; ${listed(left)} left.`, scaling: explained };
}

function restarted({ returned }: Circumstances): Judgement | undefined {
  if (returned.length === 0) return undefined;
  return { trigger: 'Restart', reason: `${listed(returned)} came back as a new process.` };
}

function removed({ left }: Circumstances): Judgement | undefined {
  const processing = left.find(({ cleanStop, silentMs }) => !cleanStop && silentMs <= STILL_PROCESSING_MS);
  if (processing !== undefined) {
    const { client, silentMs, heartbeatsWhileProcessing } = processing;
    const removal = `${client} was removed from the group while it was processing records (last heard from ${seconds(silentMs)} earlier)`;
    return heartbeatsWhileProcessing
      ? {
          trigger: 'PollIntervalExceeded',
          reason: `${removal}, because it had not polled within max.poll.interval.ms.`,
        }
      : {
          trigger: 'SessionExpired',
          reason: `${removal}: its client library sends heartbeats only between records, so its session expired.`,
        };
  }
  const stopped = left.find((one) => one.cleanStop && one.static);
  const silent = left.find(({ cleanStop }) => !cleanStop);
  if (stopped !== undefined && silent === undefined) {
    return {
      trigger: 'SessionExpired',
      reason: `${stopped.client}, a static member, stopped and did not return before its session expired; it was last heard from ${seconds(stopped.silentMs)} earlier.`,
    };
  }
  if (silent === undefined) return undefined;
  return {
    trigger: 'SessionExpired',
    reason: `${silent.client} disappeared without leaving the group, and its session expired; it was last heard from ${seconds(silent.silentMs)} earlier.`,
  };
}

function left({ left, joined, openedByCleanStop }: Circumstances): Judgement | undefined {
  if (left.length === 0 || (joined.length > 0 && !openedByCleanStop)) return undefined;
  const also = joined.length === 0 ? '' : `; ${listed(joined)} joined`;
  return { trigger: 'MemberLeft', reason: `${listed(namesOf(left))} stopped cleanly and left${also}.` };
}

function joined({ joined, left }: Circumstances): Judgement | undefined {
  if (joined.length === 0) return undefined;
  const also = left.length === 0 ? '' : `; ${listed(namesOf(left))} left`;
  return { trigger: 'MemberJoined', reason: `${listed(joined)} joined${also}.` };
}

/** An external member joined or left. Whether it stopped or crashed is unknown. */
function externalChanged(seen: Circumstances): Judgement | undefined {
  const changes = externalChanges(seen);
  if (changes === '') return undefined;
  const trigger = seen.externalJoined.length > 0 ? 'MemberJoined' : 'MemberLeft';
  return { trigger, reason: `${changes.charAt(0).toUpperCase()}${changes.slice(1)}.` };
}

/** `external member a (not started by this operator) joined, external members b and c (…) left`; empty without a change. */
function externalChanges({ externalJoined, externalLeft }: Circumstances): string {
  const did = (members: string[], what: string) =>
    members.length === 0
      ? []
      : [`external member${members.length === 1 ? '' : 's'} ${listed(members)} (not started by this operator) ${what}`];
  return [...did(externalJoined, 'joined'), ...did(externalLeft, 'left')].join(', ');
}

function explainedByLibrary({ libraryReasons }: Circumstances): Judgement | undefined {
  const text = libraryReasons.find((one) => one !== '');
  return text === undefined
    ? undefined
    : { trigger: 'Unknown', reason: `No member joined or left. The client reported: ${text}.` };
}

/** The earliest scaling between `from` and `to` that may still explain members. `direction`: 1 up, −1 down. */
function openScaling(scalings: Scaling[], what: Scaling['what'], from: EpochMs, to: EpochMs, direction?: 1 | -1) {
  return scalings.find(
    (one) =>
      one.what === what &&
      one.remaining > 0 &&
      one.at >= from &&
      one.at <= to + CLOCKS_MS &&
      (direction === undefined || Math.sign(one.to - one.from) === direction),
  );
}

const consumersScaled = (scaling: Scaling, now: EpochMs) =>
  `The operator scaled the consumers from ${scaling.from} to ${scaling.to} (${earlier(scaling, now)})`;
const namesOf = (departures: Departure[]) => departures.map(({ client }) => client);
const seconds = (ms: number) => `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
const earlier = ({ at }: Scaling, now: EpochMs) => `${seconds(now - at)} earlier`;

/** `a`, `a and b`, `a, b, c and 4 more`. */
function listed(names: string[]): string {
  const shown = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
