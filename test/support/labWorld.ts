/** A simulation for a Lab: LoadTests that follow their specs after a delay, pods, and an operator that may die. */

import type { Lab } from '../../src/api/lab/lab.ts';
import type { LabInput } from '../../src/api/lab/spec.ts';
import type { LabStatus } from '../../src/api/lab/status.ts';
import type { LoadTest } from '../../src/api/loadtest/loadTest.ts';
import type { LoadTestInput, LoadTestSpec } from '../../src/api/loadtest/spec.ts';
import type { Action } from '../../src/contract/actions.ts';
import type { KubernetesObject } from '../../src/contract/kubernetes.ts';
import { lab, lagAt, planLab, resting, running, summarised } from './labSeen.ts';
import { shown } from './queries.ts';

/** The fate of one round. Objects and actions are carried out before the status is written. */
export interface Fate {
  /** The operator dies before the status write, after this many objects and actions. Absent: it survives. */
  diesAfter?: number;
  /** It observes the LoadTests and pods of the previous round, and only the objects of its own writes. */
  stale: boolean;
  nextMs: number;
}

interface Child {
  uid: string;
  object: KubernetesObject;
  generation: number;
  changedAt: number;
}

/** One action, with the status that was recorded at that time. */
export interface Deed {
  what: { created: string } | Action;
  recorded: LabStatus | undefined;
}

export class LabWorld {
  now = 1_000;
  status: LabStatus | undefined;
  readonly deeds: Deed[] = [];
  readonly written: LabStatus[] = [];
  /** The uids of killed pods. */
  readonly killed: string[] = [];
  readonly #lab: Lab;
  readonly #podsMs: number;
  readonly #children = new Map<string, Child>();
  #uids = 0;
  /** The pod of consumer 0 of LoadTest round. */
  #pod = 'pod-0';
  #agreed = new Set<string>();
  #seen: { owned: KubernetesObject[]; pod: string } = { owned: [], pod: this.#pod };

  constructor(spec: LabInput, podsMs: number) {
    this.#lab = lab(spec as Parameters<typeof lab>[0]);
    this.#podsMs = podsMs;
  }

  get isOver(): boolean {
    return this.status?.phase === 'Passed' || this.status?.phase === 'Failed';
  }

  round({ diesAfter, stale, nextMs }: Fate): void {
    const view = stale ? this.#seen : { owned: this.#owned(), pod: this.#pod };
    this.#seen = view;
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'round-consumer-0', uid: view.pod } };
    const plan = planLab(this.status === undefined ? this.#lab : { ...this.#lab, status: this.status }, {
      now: this.now,
      owned: structuredClone(view.owned),
      answers: [shown(pod)],
    });
    let left = diesAfter ?? Number.POSITIVE_INFINITY;
    for (const object of plan.apply) {
      if (left-- > 0) this.#apply(object);
    }
    for (const action of plan.actions) {
      if (left-- > 0) this.#act(action);
    }
    if (diesAfter === undefined) {
      this.status = structuredClone(plan.status);
      this.written.push(this.status);
    }
    this.#pass(Math.min(nextMs, plan.lookAgainInMs ?? nextMs));
  }

  #pass(ms: number): void {
    this.now += ms;
  }

  #apply(object: KubernetesObject): void {
    const { name } = object.metadata;
    const known = this.#children.get(name);
    if (known === undefined) {
      this.deeds.push({ what: { created: name }, recorded: this.status });
      const child = { uid: `uid-${++this.#uids}`, object, generation: 1, changedAt: this.now };
      this.#children.set(name, child);
      this.#seen = { ...this.#seen, owned: [...this.#seen.owned, this.#live(child)] };
    } else if (JSON.stringify(known.object.spec) !== JSON.stringify(object.spec)) {
      this.#change(known, object.spec);
    }
  }

  #change(child: Child, spec: unknown): void {
    child.object = { ...child.object, spec };
    child.generation += 1;
    child.changedAt = this.now;
  }

  #act(action: Action): void {
    this.deeds.push({ what: action, recorded: this.status });
    if (action.type === 'SetStop') for (const { name } of action.pods) this.#agreed.add(name);
    if (action.type === 'Scale') {
      const child = this.#children.get(action.target.name);
      const spec = child?.object.spec as { consumers: { replicas: number } };
      if (child === undefined || spec.consumers.replicas === action.replicas) return;
      for (let n = action.replicas; n < spec.consumers.replicas; n++) {
        if (!this.#agreed.has(`${action.target.name}-consumer-${n}`))
          throw new Error('a pod was killed without its agreement');
      }
      this.#agreed.clear();
      this.#change(child, { ...spec, consumers: { ...spec.consumers, replicas: action.replicas } });
    }
    if (action.type === 'Kill' && action.uid === this.#pod) {
      this.killed.push(action.uid);
      this.#pod = `pod-${this.killed.length}`;
    }
  }

  #owned(): KubernetesObject[] {
    return [...this.#children.values()].map((child) => this.#live(child));
  }

  /** The LoadTest as the API server has it. Its status follows the spec after `podsMs`, and its figures change every second. */
  #live(child: Child): KubernetesObject {
    const { object, uid, generation, changedAt } = child;
    const spec = object.spec as LoadTestInput;
    const followed = this.now >= changedAt + this.#podsMs;
    const known = { name: object.metadata.name, uid, generation };
    if (!followed) {
      const { phase, conditions } = summarised('Preparing', 'starting', 'Reconciling');
      return running(spec, { ...known, phase, conditions, observedGeneration: generation - 1 });
    }
    const { messages } = (spec.producers ?? {}) as Partial<NonNullable<LoadTestSpec['producers']>>;
    if (messages !== undefined) return running(spec, { ...known, ...summarised('Completed', 'sent', 'Ready') });
    if (spec.suspend) return resting(spec, known) as KubernetesObject;
    const test: LoadTest = running(spec, known);
    const sampledAt = Math.floor(this.now / 1000) * 1000;
    return { ...test, status: { ...test.status, lag: lagAt(sampledAt, 5) } } as KubernetesObject;
  }
}
