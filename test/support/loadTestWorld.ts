/** A simulation for a LoadTest: a Kafka with changing moods, pods that follow their specs, and an operator that may die. */

import type { LoadTest } from '../../src/api/loadtest/loadTest.ts';
import type { LoadTestInput } from '../../src/api/loadtest/spec.ts';
import type { LoadTestStatus } from '../../src/api/loadtest/status.ts';
import type { Action, ActionResult, Done, Failure } from '../../src/contract/actions.ts';
import type { KubernetesObject } from '../../src/contract/kubernetes.ts';
import type { Answer, Query } from '../../src/contract/queries.ts';
import type { Fact } from '../../src/domain/evidence/facts.ts';
import { emptyRun, fold } from '../../src/domain/fold/run.ts';
import { BEGIN } from './evidence.ts';
import { shown } from './queries.ts';
import {
  AWAY,
  CONSUMERS,
  group,
  joined,
  kafka,
  LOAD_TESTS,
  loadTest,
  planLoadTest,
  pods,
  produced,
  TOPIC,
  UNREAD,
} from './seen.ts';
import { CLUSTER, kafkaResource, kafkaTopics, READY, STRIMZI } from './strimzi.ts';

export interface Lab {
  management: 'Auto' | 'Strimzi' | 'Admin' | 'Existing';
  /** Whether Strimzi manages Kafka. */
  strimzi: boolean;
  deletionPolicy: 'Delete' | 'Retain';
  /** Whether partitions may be added to an existing topic; not with Existing. */
  raiseExisting: boolean;
  /** The partitions of an existing topic. 0: there is none. */
  found: number;
  /** Whether a foreign group of that name exists already. */
  groupFound: boolean;
  after: boolean;
  /** Whether another producer appends to the topic all the time. */
  others: boolean;
}

/**
 * Up: every action succeeds. Away: no answer. Refuses: it refuses to create and to delete. Deaf: every action succeeds but has no
 * effect. Foreign: foreign members are in the group. The Topic Operator runs while Kafka is Up or Foreign.
 */
export type Mood = 'Up' | 'Away' | 'Refuses' | 'Deaf' | 'Foreign';

export interface Moment {
  mood: Mood;
  /** The operator dies before the status write, after this many objects and actions. Absent: it survives. */
  diesAfter?: number;
  /** Whether the evidence is unavailable. */
  unread: boolean;
  nextMs: number;
  /** What somebody else does to the topic, and before which action of the round; 0: before the plan. Absent: nothing. */
  rival?: { does: 'Create' | 'Delete' | 'Recreate'; before: number };
}

export interface Deed {
  /** An action, or the name of an applied object with replicas. */
  what: Action | string;
  /** The status that was recorded at that time. */
  recorded: LoadTestStatus | undefined;
  /** Whether the topic existed at that time. */
  topicThere: boolean;
}

const REFUSED: ReadonlySet<Action['type']> = new Set([
  ...(['CreateTopic', 'AddPartitions', 'DeleteTopic', 'DeleteGroup', 'ApplyObject', 'DeleteObject'] as const),
]);
const RETRY_MS = 2_000;
const NOT_ASKED = { unavailable: 'not asked for' };

export class LoadTestWorld {
  now = 1_000;
  status: LoadTestStatus | undefined;
  finished = false;
  topic: { partitions: number; ours: boolean; id: string } | undefined;
  /** The topics that were deleted by the operator. */
  readonly deleted: { ours: boolean }[] = [];
  #ids = 0;
  #done: Done[] = [];
  #lastDone: Done[] = [];
  #rival: Moment['rival'];
  kafkaTopic: KubernetesObject | null = null;
  group: boolean;
  readonly deeds: Deed[] = [];
  readonly events: string[] = [];
  readonly #asked: LoadTest;
  readonly #others: boolean;
  #deletedAt: number | undefined;
  #workloads = new Map<string, { asked: number; there: number }>();
  #failures: { failure: Failure; until: number }[] = [];
  #run = emptyRun();
  #reports = 0;
  /** The processes of the consumer so far; the last one is a member while `#member`. */
  #processes = 0;
  #member = false;
  /** The end offset and the committed offset of each partition. */
  #end = 0;
  #sent = false;
  #committed: number | null = null;

  constructor({ management, raiseExisting, strimzi, deletionPolicy, found, groupFound, after, others }: Lab) {
    const spec: LoadTestInput = {
      ...(strimzi ? { kafka: { strimzi: CLUSTER } } : {}),
      topic: { ...TOPIC, management, raiseExisting, deletionPolicy },
      producers: { replicas: 2, messages: 20 },
      consumers: { ...CONSUMERS, start: after ? 'AfterProducers' : 'Together' },
    };
    this.#asked = loadTest(spec);
    this.topic = found === 0 ? undefined : this.#topicOf(found, false);
    this.group = groupFound;
    this.#others = others;
  }

  delete(): void {
    this.#deletedAt ??= this.now;
  }

  round({ mood, diesAfter, unread, nextMs, rival }: Moment): void {
    if (this.finished) return;
    this.#rival = rival;
    this.#rivalActs(0);
    const deletion =
      this.#deletedAt === undefined ? {} : { deletionTimestamp: new Date(BEGIN + this.#deletedAt).toISOString() };
    const resource = {
      ...this.#asked,
      metadata: { ...this.#asked.metadata, ...deletion },
      ...(this.status && { status: this.status }),
    };
    const plan = planLoadTest(resource, {
      now: this.now,
      answers: this.#answers(resource),
      owned: [...this.#workloads].map(([role, { asked, there }]) => ({
        ...pods(role as 'producer', asked),
        status: { replicas: there, readyReplicas: Math.min(asked, there) },
      })),
      kafka: LOAD_TESTS.needs(resource).kafka === undefined ? NOT_ASKED : this.#snapshot(mood),
      evidence: this.status?.evidence === undefined || unread ? UNREAD : { known: this.#run },
      done: this.#done,
      failures: this.#failures.map(({ failure }) => failure),
    });
    this.#lastDone = [];
    if (plan.finished === true) {
      if (diesAfter === undefined) {
        this.finished = true;
        this.events.push(...plan.events.map(({ reason }) => reason));
      }
    } else
      this.#carryOut(plan.apply, plan.actions, mood, diesAfter, () => {
        this.status = plan.status;
        this.#done = this.#lastDone;
        this.events.push(...plan.events.map(({ reason }) => reason));
      });
    this.#pass(Math.min(nextMs, plan.lookAgainInMs ?? nextMs), mood);
  }

  /** Like the runtime: objects, then actions up to the first failure, then the status if nothing failed. */
  #carryOut(
    apply: KubernetesObject[],
    actions: Action[],
    mood: Mood,
    diesAfter: number | undefined,
    write: () => void,
  ) {
    let left = diesAfter ?? Number.POSITIVE_INFINITY;
    const roleOf = ({ metadata }: KubernetesObject) => metadata.name.replace('lag-', '');
    for (const object of apply) {
      if (left-- <= 0) return this.#die();
      const { replicas } = object.spec as { replicas: number };
      if (replicas > 0) this.#did(object.metadata.name);
      const role = roleOf(object);
      this.#workloads.set(role, { there: this.#workloads.get(role)?.there ?? 0, asked: replicas });
    }
    const applied = new Set(apply.map(roleOf));
    for (const role of [...this.#workloads.keys()]) {
      if (!applied.has(role)) this.#workloads.delete(role);
    }
    let news = false;
    for (const [index, action] of actions.entries()) {
      this.#rivalActs(index + 1);
      if (left-- <= 0) return this.#die();
      const same = ({ failure }: { failure: Failure }) => failure.action.type === action.type;
      const held = this.#failures.find(same);
      if (held !== undefined && held.until > this.now) break;
      this.#failures = this.#failures.filter((one) => !same(one));
      const why =
        mood === 'Away' ? 'Unreachable' : mood === 'Refuses' && REFUSED.has(action.type) ? 'Refused' : undefined;
      if (why !== undefined) {
        const failure: Failure = { action, reason: why, message: `${action.type}: no` };
        this.#failures.push({ failure, until: this.now + RETRY_MS });
        news = true;
        break;
      }
      this.#did(action);
      const result = mood === 'Deaf' ? undefined : this.#act(action);
      if (result === undefined) continue;
      this.#lastDone.push({ action, result });
      this.#done = [...this.#done, { action, result }];
    }
    this.#failures = this.#failures.filter(({ until }) => until > this.now - RETRY_MS);
    if (news) return;
    if (left <= 0) return this.#die();
    write();
  }

  #did(what: Deed['what']): void {
    this.deeds.push({ what, recorded: this.status, topicThere: this.topic !== undefined });
  }

  #die(): void {
    this.#failures = [];
    this.#done = [];
  }

  #topicOf(partitions: number, ours: boolean) {
    return { partitions, ours, id: `id-${this.#ids++}` };
  }

  #rivalActs(before: number): void {
    if (this.#rival?.before !== before) return;
    const { does } = this.#rival;
    if (does !== 'Create') this.topic = undefined;
    if (does !== 'Delete') this.topic ??= this.#topicOf(3, false);
  }

  #act(action: Action): ActionResult | undefined {
    if (action.type === 'CreateTopic') {
      if (this.topic !== undefined) return { existed: true };
      this.topic = this.#topicOf(action.partitions, true);
      return { topicId: this.topic.id };
    }
    if (action.type === 'DeleteTopic') {
      if (this.topic?.id !== action.topicId) return { absent: true };
      this.deleted.push(this.topic);
      this.topic = undefined;
    }
    if (action.type === 'AddPartitions' && this.topic) this.topic.partitions = action.partitions;
    if (action.type === 'DeleteGroup') this.group = false;
    if (action.type === 'ApplyObject') this.#apply(action.object);
    if (action.type === 'DeleteObject') this.#delete(action.uid);
    if (action.type === 'Report') this.#report('operator/1', action.facts as Fact[]);
    return undefined;
  }

  /** Gathers answers like the runtime: an answer may lead to further queries. */
  #answers(resource: LoadTest): Answer[] {
    let answers: Answer[] = [];
    for (;;) {
      const queries = LOAD_TESTS.needs(resource, answers).queries ?? [];
      if (queries.length === answers.length) return answers;
      answers = queries.map((query) => this.#answerTo(query));
    }
  }

  #answerTo(query: Query): Answer {
    if ('served' in query) return STRIMZI;
    if ('list' in query) return kafkaTopics();
    return shown(query.get.kind === 'Kafka' ? kafkaResource() : this.kafkaTopic);
  }

  #topicOperator(): void {
    const found = this.kafkaTopic;
    if (found === null) return;
    const { deletionTimestamp, generation = 1 } = found.metadata;
    if (deletionTimestamp !== undefined) {
      this.topic = undefined;
      this.kafkaTopic = null;
      return;
    }
    const { partitions } = found.spec as { partitions: number };
    this.topic ??= this.#topicOf(partitions, true);
    this.topic.partitions = Math.max(partitions, this.topic.partitions);
    this.kafkaTopic = {
      ...found,
      metadata: { ...found.metadata, finalizers: ['strimzi.io/topic-operator'] },
      status: { observedGeneration: generation, conditions: [READY] },
    };
  }

  #apply(object: KubernetesObject): void {
    const { metadata } = this.kafkaTopic ?? {};
    if (metadata?.deletionTimestamp !== undefined) return;
    const generation = (metadata?.generation ?? 0) + 1;
    this.kafkaTopic = {
      ...this.kafkaTopic,
      ...object,
      metadata: { uid: 'uid-t', ...metadata, ...object.metadata, generation },
    };
  }

  #delete(uid: string): void {
    const found = this.kafkaTopic;
    if (found === null || found.metadata.uid !== uid) return;
    const held = found.metadata.finalizers !== undefined;
    const deletionTimestamp = new Date(BEGIN + this.now).toISOString();
    this.kafkaTopic = held ? { ...found, metadata: { ...found.metadata, deletionTimestamp } } : null;
  }

  #snapshot(mood: Mood) {
    if (mood === 'Away') return AWAY;
    const members = [
      ...(this.#pods('consumer') > 0 ? ['lag-consumer-0'] : []),
      ...(mood === 'Foreign' ? ['theirs'] : []),
    ];
    const partitions = this.topic?.partitions ?? 0;
    const committed = Array.from({ length: partitions }, (_, partition) => ({ partition, offset: this.#committed }));
    return kafka({
      at: this.now - 10,
      end: this.#end,
      partitions: this.topic?.partitions ?? null,
      ...(this.topic && { id: this.topic.id }),
      group: this.group || members.length > 0 ? group(members, committed) : null,
    });
  }

  #pods(role: string): number {
    const { asked, there } = this.#workloads.get(role) ?? { asked: 0, there: 0 };
    return Math.min(asked, there);
  }

  /** Pods follow within one round. Running producers have sent their share after it, and consumers have consumed it. */
  #pass(ms: number, mood: Mood): void {
    this.now += Math.max(1, ms);
    for (const [role, { asked }] of this.#workloads) this.#workloads.set(role, { asked, there: asked });
    if (mood === 'Up' || mood === 'Foreign') this.#topicOperator();
    this.#consumerStops(mood);
    if (mood === 'Away' || this.topic === undefined) return;
    if (!this.#sent && this.#pods('producer') === 2) {
      for (const n of [0, 1]) this.#report(`p-${n}/1`, [produced(this.now - 1, n, 10)]);
      this.#end += 20;
      this.#sent = true;
    }
    if (this.#pods('consumer') > 0) {
      this.group = true;
      this.#committed = this.#end;
      const client = 'lag-consumer-0';
      if (!this.#member) this.#processes++;
      const alive: Fact = { type: 'Alive', client, at: BEGIN + this.now - 1, owned: [0, 1, 2] };
      this.#report(`c-0/${this.#processes}`, [this.#member ? alive : joined(this.now - 1, client)]);
      this.#member = true;
    }
    // The consumer is always a little behind them.
    if (this.#others) this.#end += 5;
  }

  /** A consumer that stops while Kafka is away cannot report it. */
  #consumerStops(mood: Mood): void {
    if (!this.#member || this.#pods('consumer') > 0) return;
    this.#member = false;
    if (mood === 'Away') return;
    this.#report(`c-0/${this.#processes}`, [{ type: 'Stopped', client: 'lag-consumer-0', at: BEGIN + this.now - 1 }]);
  }

  #report(instance: string, facts: Fact[]): void {
    this.#reports++;
    fold(this.#run, {
      offset: this.#reports,
      appendedAt: BEGIN + this.now + 1,
      report: { v: 1, run: 'uid-lag', instance, seq: this.#reports, sentAt: BEGIN + this.now, facts },
    });
  }
}
