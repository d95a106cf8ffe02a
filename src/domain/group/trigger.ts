/** Why a rebalance happened, from what was seen, with the reasoning as a sentence. The first reason that holds is taken. */
import type { EpochMs } from '../../contract/time.ts';
import type { RebalanceTrigger } from '../figures/figures.ts';

/** A change of the operator's that is still expected to show in the group. */
export interface Scaling {
  what: 'Consumers' | 'Partitions';
  at: EpochMs;
  from: number;
  to: number;
  /** So many members (for Partitions: 1) have not been seen to come or go for it yet. */
  left: number;
}

/** An error that a client told of, not yet taken for the reason of a rebalance. */
export interface Trouble {
  client: string;
  at: EpochMs;
  code: string;
  message: string;
  /** Others had got its partitions before, while it worked on. */
  atWork: boolean;
}

/** A member that was put out of the group. */
interface Departure {
  client: string;
  /** It closed itself or was about to stop. */
  goodbye: boolean;
  /** It has a group.instance.id: closing itself did not make it leave. */
  static: boolean;
  /** Its client sends heartbeats while it processes a record. */
  beatsAtWork: boolean;
  /** Time from its last sign of life until others had its partitions (or the change had settled). */
  silentMs: number;
}

export interface Circumstances {
  at: EpochMs;
  settledAt: EpochMs;
  /** The first callback was a member closing itself. */
  openedByGoodbye: boolean;
  /** Clients in the group after and not before, by name. `returned`: those of them that were in it earlier, under another process. */
  joined: string[];
  returned: string[];
  left: Departure[];
  /** Members that this operator did not start, by id: what the broker's description shows. */
  foreignJoined: string[];
  foreignLeft: string[];
  /** The run has no clients of its own: those that the operator scales are foreign ones. */
  ownsNone: boolean;
  /** Members that found themselves put out, in the order told, with what the library said; `atWork`: others had its partitions while it worked on. */
  lost: { client: string; reason: string; atWork: boolean }[];
  troubles: Trouble[];
  scalings: Scaling[];
  /** Owned now, and never before, in a group that had members. */
  newPartitions: number[];
  /** What the client library said about this assignment. */
  said: string[];
}

export interface Judgement {
  trigger: RebalanceTrigger;
  reason: string;
  /** The change of the operator's that explains it, and for how many members. */
  scaling?: { of: Scaling; members: number };
}

/** A scaling explains members that come or go up to this long after it: pods are scheduled and started in between. */
const SCALING_MS = 120_000;
/** Clients learn of new partitions by their metadata refresh (`topic.metadata.refresh.interval.ms`, 5 min). */
const PARTITIONS_MS = 600_000;
/** An error explains a rebalance up to this long after. */
const TROUBLE_MS = 60_000;
/**
 * A member that reported up to this long before others had its partitions was at work, not dead: a session lasts at
 * least 6 s (`group.min.session.timeout.ms`), of which a dead member may have used 3 s before it died (`heartbeat.interval.ms`).
 */
export const AT_WORK_MS = 2_000;
/** The operator's own clock and the clients' may differ a little. */
const CLOCKS_MS = 1_000;

const POLL = /max[ ._-]?poll/i;
/** Not when the brokers did answer: that the group is waiting for this member, which is at work and doesn't poll. */
const SESSION = /session.{0,20}(timed? ?out|timeout|expired)(?!.*rebalance in progress)/is;
/** It was put out, and this is only how it learns of that: by a commit that is refused, for example. */
const NO_MEMBER = /unknown.?member|illegal.?generation|(fenced|stale).?(member|instance)/i;

export function judge(seen: Circumstances): Judgement {
  const found = REASONS.reduce<Judgement | undefined>((first, reason) => first ?? reason(seen), undefined);
  const judgement = withForeign(
    found ?? { trigger: 'Unknown' as const, reason: 'Nothing that was reported explains it.' },
    seen,
  );
  const said = seen.said.filter((text) => text !== '' && !judgement.reason.includes(text));
  return said.length === 0 ? judgement : { ...judgement, reason: `${judgement.reason} The client says: ${said[0]}.` };
}

const WORKED_ON =
  'found itself no longer a member; others had got its partitions while it was at work: it had not polled in time';

const textOf = ({ code, message }: Trouble) => `${code} ${message}`;
const reported = ({ client, code, message }: Trouble) => `${client} reported ${code}: ${message}`;
const recent = ({ troubles, at, settledAt }: Pick<Circumstances, 'troubles' | 'at' | 'settledAt'>): Trouble[] =>
  troubles.filter((trouble) => trouble.at <= settledAt && trouble.at >= at - TROUBLE_MS);

/** What foreign members did at the same time. */
function withForeign(judgement: Judgement, seen: Circumstances): Judgement {
  const told = foreign(seen);
  const all = [...seen.foreignJoined, ...seen.foreignLeft];
  if (told === '' || all.every((id) => judgement.reason.includes(id))) return judgement;
  return { ...judgement, reason: `${judgement.reason} At the same time ${told}.` };
}

type Reason = (seen: Circumstances) => Judgement | undefined;

const REASONS: Reason[] = [
  foundItselfOut,
  hadTrouble,
  partitionsAdded,
  scaledUp,
  scaledDown,
  restarted,
  putOut,
  left,
  joined,
  foreignCame,
  movedAlone,
];

function foundItselfOut({ lost, ...seen }: Circumstances): Judgement | undefined {
  const first = lost[0];
  if (first === undefined) return undefined;
  const { client, reason } = lost.find((one) => one.reason !== '') ?? first;
  const said = reason === '' ? '' : `: ${reason}`;
  if (POLL.test(reason)) {
    return { trigger: 'PollIntervalExceeded', reason: `${client} was put out for not polling in time${said}.` };
  }
  const exceeded = recent(seen).find(
    (trouble) => lost.some((one) => one.client === trouble.client) && POLL.test(textOf(trouble)),
  );
  if (exceeded !== undefined) return { trigger: 'PollIntervalExceeded', reason: `${reported(exceeded)}.` };
  const working = lost.find(({ reason, atWork }) => !SESSION.test(reason) && atWork);
  if (working !== undefined) return { trigger: 'PollIntervalExceeded', reason: `${working.client} ${WORKED_ON}.` };
  return { trigger: 'SessionExpired', reason: `${client} found itself no longer a member${said}.` };
}

function hadTrouble(seen: Circumstances): Judgement | undefined {
  const telling = (pattern: RegExp) => recent(seen).find((trouble) => pattern.test(textOf(trouble)));
  const exceeded = telling(POLL);
  if (exceeded !== undefined) return { trigger: 'PollIntervalExceeded', reason: `${reported(exceeded)}.` };
  const expired = telling(SESSION);
  if (expired !== undefined) return { trigger: 'SessionExpired', reason: `${reported(expired)}.` };
  const out = telling(NO_MEMBER);
  if (out === undefined) return undefined;
  if (!out.atWork) return { trigger: 'SessionExpired', reason: `${reported(out)}.` };
  return { trigger: 'PollIntervalExceeded', reason: `${reported(out)}; it ${WORKED_ON}.` };
}

function partitionsAdded(seen: Circumstances): Judgement | undefined {
  const { newPartitions, scalings, at, settledAt, joined, left, foreignJoined, foreignLeft } = seen;
  if (newPartitions.length === 0) return undefined;
  const what = `partition${newPartitions.length === 1 ? '' : 's'} ${some(newPartitions.map(String))}`;
  const scaling = pending(scalings, 'Partitions', at - PARTITIONS_MS, settledAt);
  if (scaling !== undefined) {
    return {
      trigger: 'PartitionsAdded',
      reason: `The operator raised the partitions from ${scaling.from} to ${scaling.to} ${since(scaling, at)}; ${what} got an owner.`,
      scaling: { of: scaling, members: 1 },
    };
  }
  if ([joined, left, foreignJoined, foreignLeft].some((members) => members.length > 0)) return undefined;
  return { trigger: 'PartitionsAdded', reason: `No member came or went, and ${what} got an owner for the first time.` };
}

function scaledUp({
  scalings,
  at,
  settledAt,
  ownsNone,
  foreignJoined,
  joined: ours,
}: Circumstances): Judgement | undefined {
  const joined = ownsNone ? foreignJoined : ours;
  const scaling = pending(scalings, 'Consumers', at - SCALING_MS, settledAt, 1);
  if (joined.length === 0 || scaling === undefined) return undefined;
  return {
    trigger: 'ScaleUp',
    reason: `The operator scaled the consumers from ${scaling.from} to ${scaling.to} ${since(scaling, at)}; ${some(joined)} joined.`,
    scaling: { of: scaling, members: joined.length },
  };
}

function scaledDown({
  scalings,
  at,
  settledAt,
  ownsNone,
  foreignLeft,
  left: ours,
}: Circumstances): Judgement | undefined {
  const left = ownsNone ? foreignLeft : names(ours);
  const scaling = pending(scalings, 'Consumers', at - SCALING_MS, settledAt, -1);
  if (left.length === 0 || scaling === undefined) return undefined;
  const scaled = `The operator scaled the consumers from ${scaling.from} to ${scaling.to} ${since(scaling, at)}`;
  const explained = { of: scaling, members: left.length };
  // What set it off is not the scaling itself but the end of the session: a clean stop waits for nothing.
  const killed = ours.filter(({ goodbye, silentMs }) => !ownsNone && !goodbye && silentMs > AT_WORK_MS);
  const longest = Math.max(...killed.map(({ silentMs }) => silentMs));
  if (killed.length > 0) {
    const rest = ours.filter((one) => !killed.includes(one));
    const also = rest.length === 0 ? '' : `; ${some(names(rest))} left`;
    return {
      trigger: 'SessionExpired',
      reason: `${scaled} and killed ${some(names(killed))}, last heard of ${seconds(longest)} before and gone without a goodbye: what it owned waited for session.timeout.ms${also}.`,
      scaling: explained,
    };
  }
  return { trigger: 'ScaleDown', reason: `${scaled}; ${some(left)} left.`, scaling: explained };
}

function restarted({ returned }: Circumstances): Judgement | undefined {
  if (returned.length === 0) return undefined;
  return { trigger: 'Restart', reason: `${some(returned)} came back as a new process.` };
}

function putOut({ left }: Circumstances): Judgement | undefined {
  const working = left.find(({ goodbye, silentMs }) => !goodbye && silentMs <= AT_WORK_MS);
  if (working?.beatsAtWork === false) {
    return {
      trigger: 'SessionExpired',
      reason: `${working.client} was at work ${seconds(working.silentMs)} before its partitions went to others, without leaving: its client sends heartbeats between records only, and its session had ended.`,
    };
  }
  if (working !== undefined) {
    return {
      trigger: 'PollIntervalExceeded',
      reason: `${working.client} was at work ${seconds(working.silentMs)} before its partitions went to others, without leaving: it had not polled in time.`,
    };
  }
  const stopped = left.find((one) => one.goodbye && one.static);
  const silent = left.find(({ goodbye }) => !goodbye);
  if (stopped !== undefined && silent === undefined) {
    return {
      trigger: 'SessionExpired',
      reason: `${stopped.client}, a static member, had stopped and was not back when its session ended; it was last heard of ${seconds(stopped.silentMs)} before.`,
    };
  }
  if (silent === undefined) return undefined;
  return {
    trigger: 'SessionExpired',
    reason: `${silent.client} left without a goodbye; it was last heard of ${seconds(silent.silentMs)} before.`,
  };
}

function left({ left, joined, openedByGoodbye }: Circumstances): Judgement | undefined {
  if (left.length === 0 || (joined.length > 0 && !openedByGoodbye)) return undefined;
  const also = joined.length === 0 ? '' : `, ${some(joined)} joined`;
  return { trigger: 'MemberLeft', reason: `${some(names(left))} stopped cleanly and left${also}.` };
}

function joined({ joined, left }: Circumstances): Judgement | undefined {
  if (joined.length === 0) return undefined;
  const also = left.length === 0 ? '' : `, ${some(names(left))} left`;
  return { trigger: 'MemberJoined', reason: `${some(joined)} joined${also}.` };
}

/** Of a foreign member nobody knows whether it stopped or crashed. */
function foreignCame(seen: Circumstances): Judgement | undefined {
  const { foreignJoined, foreignLeft } = seen;
  if (foreignJoined.length === 0 && foreignLeft.length === 0) return undefined;
  return { trigger: foreignJoined.length > 0 ? 'MemberJoined' : 'MemberLeft', reason: `${foreign(seen)}.` };
}

/** `a (not started by this operator) joined, b and c (not started by this operator) left`; empty where there was none. */
function foreign({ foreignJoined, foreignLeft }: Circumstances): string {
  const did = (members: string[], what: string) =>
    members.length === 0 ? [] : [`${some(members)} (not started by this operator) ${what}`];
  return [...did(foreignJoined, 'joined'), ...did(foreignLeft, 'left')].join(', ');
}

function movedAlone({ said }: Circumstances): Judgement | undefined {
  const text = said.find((one) => one !== '');
  return text === undefined
    ? undefined
    : { trigger: 'Unknown', reason: `No member came or went. The client says: ${text}.` };
}

/** The earliest change of the operator's that is still open; `direction`: 1 up, −1 down. */
function pending(scalings: Scaling[], what: Scaling['what'], from: EpochMs, to: EpochMs, direction?: 1 | -1) {
  return scalings.find(
    (one) =>
      one.what === what &&
      one.left > 0 &&
      one.at >= from &&
      one.at <= to + CLOCKS_MS &&
      (direction === undefined || Math.sign(one.to - one.from) === direction),
  );
}

const names = (departures: Departure[]) => departures.map(({ client }) => client);
const seconds = (ms: number) => `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
const since = ({ at }: Scaling, now: EpochMs) => `${seconds(now - at)} before`;

/** `a`, `a and b`, `a, b, c and 4 more`. */
function some(list: string[]): string {
  const shown = list.length > 4 ? [...list.slice(0, 3), `${list.length - 3} more`] : list;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
