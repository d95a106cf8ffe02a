/**
 * The snapshots of one Kafka cluster. Views that are requested within a few milliseconds of each other share a snapshot, and a
 * snapshot serves later views of the same topics and groups while it is fresh. A topic or group that Kafka refuses to
 * describe hides no other one: it gets its own error, and snapshots of its own until Kafka describes it.
 */
import { EVIDENCE_TOPIC } from '../../../domain/evidence/facts.ts';
import type { Snapshot, SnapshotRequest } from './snapshot.ts';

/** The topic and the group of one view. The group's committed offsets and assignments are those in the topic. */
interface Subject {
  topic: string | undefined;
  group: string | undefined;
  /** The topic's last stable offsets are wanted as well. */
  lastStableOffsets?: boolean;
}

/** Kafka answers, but not about this topic or group. */
export class SubjectError extends Error {
  constructor(cause: unknown) {
    super('Kafka does not describe the topic or the group', { cause });
  }
}

/** Requests within this time share a snapshot. */
const GATHER_MS = 10;
/** Snapshots are dropped at this age. No view wants older ones. */
const KEPT_MS = 2_000;
/** A subject that Kafka does not describe keeps its error for this long. */
const COOL_DOWN_MS = 3_000;

interface Asking {
  subject: Subject;
  answer: PromiseWithResolvers<Snapshot>;
}

type Take = (request: SnapshotRequest) => Promise<Snapshot>;

export class Snapshots {
  readonly #take: Take;
  readonly #clock: () => number;
  /** Newest first. */
  #recent: Snapshot[] = [];
  /** What is asked with the next snapshot. */
  #next: Asking[] = [];
  /** Subjects that Kafka did not describe the last time, by name: when their last snapshot was taken, and how it ended. */
  readonly #apart = new Map<string, { since: number; answer: Promise<Snapshot> }>();
  /** Grows when the snapshots so far are out of date, including those that are being taken. */
  #age = 0;

  /** `clock`: in ms since 1970. */
  constructor(take: Take, clock: () => number) {
    this.#take = take;
    this.#clock = clock;
  }

  /**
   * A snapshot with the subject that is at most `maxAgeMs` old. Throws SubjectError if Kafka answers but does not describe the
   * subject, and the client library's error if it does not answer.
   */
  of(subject: Subject, maxAgeMs: number): Promise<Snapshot> {
    const fresh = this.#recent.find((one) => this.#clock() - one.at <= maxAgeMs && covers(one, subject));
    if (fresh !== undefined) return Promise.resolve(fresh);
    const apart = this.#apart.get(nameOf(subject));
    if (apart === undefined) return this.#askTogether(subject);
    if (this.#clock() - apart.since <= COOL_DOWN_MS) return apart.answer;
    return this.#askApart(subject);
  }

  /** Makes the next view read Kafka again, after an action has changed it. */
  forget(): void {
    this.#age += 1;
    this.#recent = [];
    this.#apart.clear();
  }

  #askTogether(subject: Subject): Promise<Snapshot> {
    const asking = askingFor(subject);
    // A snapshot has the offsets of a group in one topic only.
    if (this.#next.some((other) => conflict(other.subject, subject))) {
      void this.#answer([asking]);
      return asking.answer.promise;
    }
    this.#next.push(asking);
    if (this.#next.length === 1) setTimeout(() => void this.#answer(this.#next.splice(0)), GATHER_MS);
    return asking.answer.promise;
  }

  #askApart(subject: Subject): Promise<Snapshot> {
    const asking = askingFor(subject);
    const { promise } = asking.answer;
    this.#apart.set(nameOf(subject), { since: this.#clock(), answer: promise });
    promise.then(
      () => this.#apart.delete(nameOf(subject)),
      () => {},
    );
    void this.#answer([asking]);
    return promise;
  }

  /** Answers all of them with one snapshot. If that fails though Kafka answers, finds out what it does not describe. */
  async #answer(all: Asking[]): Promise<void> {
    try {
      this.#settle(all, await this.#snapshot(all));
    } catch (error) {
      try {
        await this.#snapshot([]);
      } catch {
        for (const { answer } of all) answer.reject(error);
        return;
      }
      await this.#divide(all, error);
    }
  }

  /** Answers each half by itself. `error`: why they could not be answered together. */
  async #divide(all: Asking[], error: unknown): Promise<void> {
    const [only] = all;
    if (only !== undefined && all.length === 1) {
      const { promise } = only.answer;
      this.#apart.set(nameOf(only.subject), { since: this.#clock(), answer: promise });
      only.answer.reject(new SubjectError(error));
      return;
    }
    const middle = Math.ceil(all.length / 2);
    await Promise.all(
      [all.slice(0, middle), all.slice(middle)].map(async (half) => {
        try {
          this.#settle(half, await this.#snapshot(half));
        } catch (why) {
          await this.#divide(half, why);
        }
      }),
    );
  }

  #settle(answered: Asking[], snapshot: Snapshot): void {
    for (const { answer } of answered) answer.resolve(snapshot);
  }

  async #snapshot(all: Asking[]): Promise<Snapshot> {
    const age = this.#age;
    const snapshot = await this.#take(requestOf(all));
    if (age !== this.#age) return snapshot;
    this.#recent = [snapshot, ...this.#recent.filter(({ at }) => this.#clock() - at <= KEPT_MS)];
    return snapshot;
  }
}

const nameOf = ({ topic, group }: Subject): string => JSON.stringify([topic, group]);

const askingFor = (subject: Subject): Asking => ({ subject, answer: Promise.withResolvers() });

const conflict = (one: Subject, other: Subject): boolean =>
  one.group !== undefined && one.group === other.group && one.topic !== other.topic;

const covers = ({ topics, request }: Snapshot, { topic, group, lastStableOffsets }: Subject): boolean =>
  (topic === undefined || topics.has(topic)) &&
  (topic === undefined || !lastStableOffsets || request.lastStable.has(topic)) &&
  (group === undefined || (request.groups.has(group) && request.groups.get(group) === topic));

/** The evidence topic is in every snapshot. Alone it shows whether Kafka answers at all. */
function requestOf(all: Asking[]): SnapshotRequest {
  const request: SnapshotRequest = { topics: new Set([EVIDENCE_TOPIC]), lastStable: new Set(), groups: new Map() };
  for (const { subject } of all) {
    const { topic, group, lastStableOffsets } = subject;
    if (topic !== undefined) request.topics.add(topic);
    if (topic !== undefined && lastStableOffsets) request.lastStable.add(topic);
    if (group !== undefined) request.groups.set(group, topic);
  }
  return request;
}
