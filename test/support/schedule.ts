/** A small world in which a ConsumerScale runs: a target that follows, a group that gathers, and an operator that may die. */
import type { ConsumerScale, ConsumerScaleInput, ConsumerScaleStatus } from '../../src/api/consumerScale.ts';
import type { Action, KubernetesObject } from '../../src/api/kind.ts';
import type { LoadTest } from '../../src/api/loadTest.ts';
import type { Fact } from '../../src/domain/evidence.ts';
import { emptyRun, fold } from '../../src/domain/run.ts';
import { BEGIN } from './evidence.ts';
import { CONSUMERS, consumerScale, EVIDENCE, kafka, loadTest, planConsumerScale, sampled } from './seen.ts';

export interface Circumstances {
  spec: Omit<ConsumerScaleInput, 'scaleTargetRef'>;
  replicas: number;
  partitions: number;
  /** How long pods take to come and go, and Kafka to have more partitions. */
  podsMs: number;
  partitionsMs: number;
  /** Lag never falls. */
  behind: boolean;
}

/** What happens to one round. Actions are carried out before the status is written. */
export interface Fate {
  /** The operator dies after so many actions, before the status; absent: it doesn't. */
  diesAfter?: number;
  /** It sees the target as it was before the last round. */
  stale: boolean;
  /** The next round comes after so long (at most as asked for). */
  nextMs: number;
}

export interface Done {
  action: Action;
  /** The status that was recorded when it was done. */
  recorded: ConsumerScaleStatus | undefined;
  livePartitions: number;
}

const TICK_MS = 250;

export class ScheduleWorld {
  now = 1_000;
  status: ConsumerScaleStatus | undefined;
  readonly done: Done[] = [];
  readonly written: ConsumerScaleStatus[] = [];
  readonly #how: Circumstances;
  readonly #resource: ConsumerScale;
  readonly #asked: LoadTest;
  readonly #run = emptyRun();
  readonly #seqs = new Map<string, number>();
  #offset = 0;
  #members: { name: string; owned: number[] }[] = [];
  #names = 0;
  #replicas: { asked: number; since: number };
  #partitions: { asked: number; live: number; since: number };
  #seen: KubernetesObject;

  constructor(how: Circumstances) {
    this.#how = how;
    this.#resource = consumerScale(how.spec);
    this.#asked = loadTest({ consumers: { ...CONSUMERS, replicas: how.replicas } });
    this.#replicas = { asked: how.replicas, since: 0 };
    this.#partitions = { asked: how.partitions, live: how.partitions, since: 0 };
    this.#gather();
    this.#seen = this.#target();
    this.pass(2_000);
  }

  get replicas(): number {
    return this.#replicas.asked;
  }

  /** One round of the operator; answers whether it has ended for good. */
  round({ diesAfter, stale, nextMs }: Fate): boolean {
    const target = this.#target();
    const plan = planConsumerScale(
      { ...this.#resource, ...(this.status && { status: this.status }) },
      {
        now: this.now,
        objects: [stale ? this.#seen : target],
        kafka: kafka({ at: this.now, partitions: this.#partitions.live }),
        evidence: { known: this.#run },
      },
    );
    this.#seen = target;
    for (const action of plan.actions.slice(0, diesAfter ?? plan.actions.length)) this.#act(action);
    if (diesAfter === undefined) {
      this.status = plan.status;
      this.written.push(plan.status);
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
      if (grows) partitions.live = partitions.asked;
      const moves = this.#members.length !== this.replicas && this.now >= this.#replicas.since + this.#how.podsMs;
      if (grows || moves) this.#gather();
      if (Math.floor(before / 1000) !== Math.floor(this.now / 1000)) this.#every();
    }
  }

  #target(): LoadTest {
    const { asked, live } = this.#partitions;
    const { spec } = this.#asked;
    const consumers = spec.consumers && { ...spec.consumers, replicas: this.replicas };
    return {
      ...this.#asked,
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

  #act(action: Action): void {
    this.done.push({ action, recorded: this.status, livePartitions: this.#partitions.live });
    if (action.type === 'Scale' && action.replicas !== this.replicas) {
      this.#replicas = { asked: action.replicas, since: this.now };
    }
    if (action.type === 'Patch') {
      const { partitions } = (action.spec as { topic: { partitions: number } }).topic;
      if (partitions > this.#partitions.asked) {
        this.#partitions = { ...this.#partitions, asked: partitions, since: this.now };
      }
    }
  }

  /** Members come and go, and share the partitions anew. */
  #gather(): void {
    const leaving = this.#members.splice(this.replicas);
    for (const { name, owned } of leaving) {
      this.#tell(name, { type: 'Stopping', client: name, at: 0, cause: 'Terminated' });
      this.#revoke(name, owned, 'Closed');
      this.#tell(name, { type: 'Stopped', client: name, at: 0 });
    }
    for (const { name, owned } of this.#members) this.#revoke(name, owned, 'Revoked');
    while (this.#members.length < this.replicas) {
      const name = `c-${this.#names++}`;
      this.#members.push({ name, owned: [] });
      this.#tell(name, { type: 'Started', client: name, at: 0, role: 'Consumer', host: 'node-1' });
    }
    const all = Array.from({ length: this.#partitions.live }, (_, partition) => partition);
    this.#members.forEach((member, n) => {
      member.owned = all.filter((partition) => partition % this.#members.length === n);
      const { name, owned } = member;
      this.#tell(name, {
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
    this.#tell(name, {
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
    for (const { name, owned } of this.#members) this.#tell(name, { type: 'Alive', client: name, at: 0, owned });
    this.#tell('operator', sampled(this.now, [this.#how.behind ? 1_000 : 0], [0]));
  }

  #tell(process: string, fact: Fact): void {
    const seq = (this.#seqs.get(process) ?? 0) + 1;
    this.#seqs.set(process, seq);
    const at = BEGIN + this.now;
    fold(this.#run, {
      offset: this.#offset++,
      appendedAt: at + 1,
      report: { v: 1, run: 'uid-lag', instance: `${process}/1`, seq, sentAt: at, facts: [{ ...fact, at }] },
    });
  }
}
