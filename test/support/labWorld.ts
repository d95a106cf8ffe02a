/** A small world in which a Lab runs: LoadTests that follow what is asked of them, pods, and an operator that may die. */

import type { Lab } from '../../src/api/lab/lab.ts';
import type { LabInput } from '../../src/api/lab/spec.ts';
import type { LabStatus } from '../../src/api/lab/status.ts';
import type { LoadTest } from '../../src/api/loadtest/loadTest.ts';
import type { LoadTestInput, LoadTestSpec } from '../../src/api/loadtest/spec.ts';
import type { Action } from '../../src/contract/actions.ts';
import type { KubernetesObject } from '../../src/contract/kubernetes.ts';
import { lab, lagAt, planLab, resting, running, summarised } from './labSeen.ts';
import { shown } from './queries.ts';

/** What happens to one round. Objects and actions are carried out before the status is written. */
export interface Fate {
  /** The operator dies after so many of them, before the status; absent: it doesn't. */
  diesAfter?: number;
  /** It sees LoadTests and pods as they were in the round before, and of its own writes only the objects. */
  stale: boolean;
  nextMs: number;
}

interface Child {
  uid: string;
  object: KubernetesObject;
  generation: number;
  changedAt: number;
}

/** What was done, with what was on record then. */
export interface Deed {
  what: { made: string } | Action;
  recorded: LabStatus | undefined;
}

export class LabWorld {
  now = 1_000;
  status: LabStatus | undefined;
  readonly deeds: Deed[] = [];
  readonly written: LabStatus[] = [];
  /** Pods killed, by uid. */
  readonly killed: string[] = [];
  readonly #lab: Lab;
  readonly #podsMs: number;
  readonly #children = new Map<string, Child>();
  #uids = 0;
  /** Of consumer 0 of LoadTest round. */
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
      this.deeds.push({ what: { made: name }, recorded: this.status });
      const child = { uid: `uid-${++this.#uids}`, object, generation: 1, changedAt: this.now };
      this.#children.set(name, child);
      this.#seen = { ...this.#seen, owned: [...this.#seen.owned, this.#told(child)] };
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
        if (!this.#agreed.has(`${action.target.name}-consumer-${n}`)) throw new Error('a pod is killed unasked');
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
    return [...this.#children.values()].map((child) => this.#told(child));
  }

  /** Its status is about the newest spec after a while; figures are looked at each second. */
  #told(child: Child): KubernetesObject {
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
    const looked = Math.floor(this.now / 1000) * 1000;
    return { ...test, status: { ...test.status, lag: lagAt(looked, 5) } } as KubernetesObject;
  }
}
