/** A simulation for a ConsumerScale: a target that follows its spec, a group, and an operator that may die. */
import type { ConsumerScale } from '../../src/api/consumerscale/consumerScale.ts';
import type { ConsumerScaleInput } from '../../src/api/consumerscale/spec.ts';
import type { ConsumerScaleStatus } from '../../src/api/consumerscale/status.ts';
import type { LoadTest } from '../../src/api/loadtest/loadTest.ts';
import { type Action, type Done as Answered, type Failure, FIELD_MANAGER } from '../../src/contract/actions.ts';
import type { KubernetesObject } from '../../src/contract/kubernetes.ts';
import type { Fact } from '../../src/domain/evidence/facts.ts';
import { emptyRun, fold } from '../../src/domain/fold/run.ts';
import { BEGIN } from './evidence.ts';
import { shown } from './queries.ts';
import { CONSUMERS, consumerScale, EVIDENCE, kafka, loadTest, planConsumerScale, sampled } from './seen.ts';

export interface Circumstances {
  spec: Omit<ConsumerScaleInput, 'scaleTargetRef'>;
  replicas: number;
  partitions: number;
  /** The delay until pods have come or gone, and until Kafka has more partitions. */
  podsMs: number;
  partitionsMs: number;
  /** Whether the lag never falls. */
  behind: boolean;
  /** The first lag samples, one per second, and the delay until they are read. Absent: no lag and no delay. */
  samples?: { lag: number; lateMs: number }[];
}

/** The fate of one round. Actions are carried out before the status is written. */
export interface Fate {
  /** The operator dies before the status write, after this many actions. Absent: it survives. */
  diesAfter?: number;
  /** Whether workers are unreachable in this round. */
  deaf: boolean;
  /** Whether it observes the target as it was before the previous round. */
  stale: boolean;
  /** The time until the next round, at most the one that the plan requests. */
  nextMs: number;
  /** Another writer sets this number of consumers before the round. */
  others?: number;
}

export interface Done {
  action: Action;
  /** The status that was recorded at that time. */
  recorded: ConsumerScaleStatus | undefined;
  livePartitions: number;
  /** The last writer of the number of consumers before it. */
  writer: string;
  /** The changes of the other writer before it. */
  intrusions: Intrusion[];
  /** For a Scale to fewer replicas: the leaving pods that had agreed to be killed, and the other leaving pods. */
  killed: number;
  spared: number;
}

/** A change of the number of consumers by another writer. */
export interface Intrusion {
  replicas: number;
  /** The status that was recorded at that time. */
  recorded: ConsumerScaleStatus | undefined;
}

const OTHER_WRITER = 'kubectl-edit';
const TICK_MS = 250;
const RETRY_MS = 1_000;

export class ScheduleWorld {
  now = 1_000;
  status: ConsumerScaleStatus | undefined;
  readonly done: Done[] = [];
  readonly written: ConsumerScaleStatus[] = [];
  readonly intrusions: Intrusion[] = [];
  readonly #how: Circumstances;
  readonly #resource: ConsumerScale;
  readonly #asked: LoadTest;
  readonly #run = emptyRun();
  /** The samples that have not been read yet, in order. */
  readonly #underWay: { fact: Fact; at: number }[] = [];
  #samples = 0;
  readonly #seqs = new Map<string, number>();
  #offset = 0;
  #members: { name: string; owned: number[] }[] = [];
  #names = 0;
  #replicas: { asked: number; since: number; writer: string };
  #version = 10;
  /** The results of actions since the last status write. */
  #answered: Answered[] = [];
  #partitions: { asked: number; live: number; since: number };
  #seen: KubernetesObject;
  /** The ordinals of pods that are armed for a kill. */
  readonly #armed = new Set<number>();
  #failures: { failure: Failure; until: number }[] = [];

  constructor(how: Circumstances) {
    this.#how = how;
    this.#resource = consumerScale(how.spec);
    this.#asked = loadTest({ consumers: { ...CONSUMERS, replicas: how.replicas } });
    this.#replicas = { asked: how.replicas, since: 0, writer: 'kubectl-create' };
    this.#partitions = { asked: how.partitions, live: how.partitions, since: 0 };
    this.#gather();
    this.#seen = this.#target();
    this.pass(2_000);
  }

  get replicas(): number {
    return this.#replicas.asked;
  }

  /** The last writer of the number of consumers. */
  get writer(): string {
    return this.#replicas.writer;
  }

  /** Runs one round of the operator. True: the schedule has ended. */
  round({ diesAfter, deaf, stale, nextMs, others }: Fate): boolean {
    if (others !== undefined && others !== this.replicas) {
      this.intrusions.push({ replicas: others, recorded: this.status });
      this.#scale(others, OTHER_WRITER);
    }
    const target = this.#target();
    const plan = planConsumerScale(
      { ...this.#resource, ...(this.status && { status: this.status }) },
      {
        now: this.now,
        answers: [shown(stale ? this.#seen : target)],
        kafka: kafka({ at: this.now, partitions: this.#partitions.live }),
        evidence: { known: this.#run },
        failures: this.#failures.map(({ failure }) => failure),
        done: [...this.#answered],
      },
    );
    this.#seen = target;
    const answeredBefore = this.#answered.length;
    const news = this.#carryOut(plan.actions.slice(0, diesAfter ?? plan.actions.length), deaf);
    if (diesAfter !== undefined) {
      this.#failures = [];
      this.#answered = [];
    } else if (news) {
      this.pass(1);
      return false;
    } else {
      this.status = plan.status;
      this.written.push(plan.status);
      this.#answered = this.#answered.slice(answeredBefore);
    }
    this.pass(Math.min(nextMs, plan.lookAgainInMs ?? nextMs));
    return diesAfter === undefined && plan.lookAgainInMs === undefined;
  }

  pass(ms: number): void {
    const end = this.now + ms;
    while (this.now < end) {
      const before = this.now;
      this.now = Math.min(end, this.now + TICK_MS);
      const partitions = this.#partitions;
      const grows = partitions.live < partitions.asked && this.now >= partitions.since + this.#how.partitionsMs;
      if (grows) {
        partitions.live = partitions.asked;
        this.#version++;
      }
      const moves = this.#members.length !== this.replicas && this.now >= this.#replicas.since + this.#how.podsMs;
      if (grows || moves) this.#gather();
      if (Math.floor(before / 1000) !== Math.floor(this.now / 1000)) this.#every();
      while ((this.#underWay[0]?.at ?? Number.POSITIVE_INFINITY) <= this.now) {
        const sample = this.#underWay.shift();
        if (sample !== undefined) this.#report('operator', sample.fact);
      }
    }
  }

  #target(): LoadTest {
    const { asked, live } = this.#partitions;
    const { spec } = this.#asked;
    const consumers = spec.consumers && { ...spec.consumers, replicas: this.replicas };
    const fieldsV1 = { 'f:spec': { 'f:consumers': { 'f:replicas': {} } } };
    return {
      ...this.#asked,
      metadata: {
        ...this.#asked.metadata,
        resourceVersion: String(this.#version),
        managedFields: [{ manager: this.writer, operation: 'Update', fieldsV1 }],
      },
      spec: { ...spec, topic: { ...spec.topic, partitions: asked }, ...(consumers && { consumers }) },
      status: {
        phase: 'Running',
        observedGeneration: 1,
        conditions: [],
        evidence: EVIDENCE,
        topic: { partitions: live, replicas: 2, managedBy: 'Admin', created: true },
      },
    };
  }

  /** Like the runtime: runs actions in order up to the first that fails or is held. True: one failed. */
  #carryOut(actions: Action[], deaf: boolean): boolean {
    this.#failures = this.#failures.filter(({ until }) => until > this.now);
    for (const action of actions) {
      if (this.#failures.some(({ failure }) => failure.action.type === action.type)) return false;
      if (action.type === 'SetStop' && deaf) {
        const failure: Failure = { action, reason: 'Unreachable', message: 'no answer' };
        this.#failures.push({ failure, until: this.now + RETRY_MS });
        return true;
      }
      this.#act(action);
    }
    return false;
  }

  #act(action: Action): void {
    const leaving = action.type === 'Scale' ? this.#members.slice(action.replicas).keys() : [];
    const agreed = [...leaving].map((n) => this.#armed.has(n + (action.type === 'Scale' ? action.replicas : 0)));
    this.done.push({
      action,
      recorded: this.status,
      livePartitions: this.#partitions.live,
      writer: this.writer,
      intrusions: [...this.intrusions],
      killed: agreed.filter((yes) => yes).length,
      spared: agreed.filter((yes) => !yes).length,
    });
    if (action.type === 'SetStop') {
      for (const { name } of action.pods) this.#armed.add(Number(name.replace('lag-consumer-', '')));
    }
    if (action.type === 'Scale') {
      if (action.replicas !== this.replicas) this.#scale(action.replicas, FIELD_MANAGER);
      this.#answered.push({ action, result: { resourceVersion: String(this.#version) } });
    }
    if (action.type === 'Patch') {
      const { partitions } = (action.spec as { topic: { partitions: number } }).topic;
      if (partitions > this.#partitions.asked) {
        this.#partitions = { ...this.#partitions, asked: partitions, since: this.now };
        this.#version++;
      }
    }
  }

  #scale(asked: number, writer: string): void {
    this.#replicas = { asked, since: this.now, writer };
    this.#version++;
  }

  /** Members join and leave, and the partitions are assigned again. */
  #gather(): void {
    const leaving = this.#members.splice(this.replicas);
    for (const [n, { name, owned }] of leaving.entries()) {
      // A killed member reports nothing.
      if (this.#armed.delete(this.replicas + n)) continue;
      this.#reportFact(name, { type: 'Stopping', client: name, at: 0, cause: 'Terminated' });
      this.#revoke(name, owned, 'Closed');
      this.#reportFact(name, { type: 'Stopped', client: name, at: 0 });
    }
    for (const { name, owned } of this.#members) this.#revoke(name, owned, 'Revoked');
    while (this.#members.length < this.replicas) {
      const name = `c-${this.#names++}`;
      this.#members.push({ name, owned: [] });
      this.#reportFact(name, { type: 'Started', client: name, at: 0, role: 'Consumer', host: 'node-1' });
    }
    const all = Array.from({ length: this.#partitions.live }, (_, partition) => partition);
    this.#members.forEach((member, n) => {
      member.owned = all.filter((partition) => partition % this.#members.length === n);
      const { name, owned } = member;
      this.#reportFact(name, {
        type: 'Assigned',
        client: name,
        at: 0,
        memberId: name,
        protocol: 'Eager',
        gained: owned,
        owned,
      });
    });
  }

  #revoke(name: string, lost: number[], cause: 'Closed' | 'Revoked'): void {
    this.#reportFact(name, {
      type: 'Revoked',
      client: name,
      at: 0,
      memberId: name,
      protocol: 'Eager',
      lost,
      owned: [],
      cause,
    });
  }

  #every(): void {
    for (const { name, owned } of this.#members) this.#reportFact(name, { type: 'Alive', client: name, at: 0, owned });
    const { lag, lateMs } = this.#how.samples?.[this.#samples++] ?? { lag: this.#how.behind ? 1_000 : 0, lateMs: 0 };
    this.#underWay.push({ fact: sampled(this.now, [lag], [0]), at: this.now + lateMs });
  }

  #reportFact(process: string, fact: Fact): void {
    this.#report(process, { ...fact, at: BEGIN + this.now });
  }

  #report(process: string, fact: Fact): void {
    const seq = (this.#seqs.get(process) ?? 0) + 1;
    this.#seqs.set(process, seq);
    const at = BEGIN + this.now;
    fold(this.#run, {
      offset: this.#offset++,
      appendedAt: at + 1,
      report: { v: 1, run: 'uid-lag', instance: `${process}/1`, seq, sentAt: at, facts: [fact] },
    });
  }
}
