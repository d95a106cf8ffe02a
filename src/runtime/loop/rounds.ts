/** The rounds of all resources: what each one observes, and what the runtime remembers of it between rounds. */
import type { Known, Observed } from '../../contract/kind.ts';
import type { KubernetesObject, ObjectRef } from '../../contract/kubernetes.ts';
import type { EvidenceNeed } from '../../contract/needs.ts';
import type { EventRecorder } from '../events.ts';
import {
  ApiError,
  type Clock,
  type EvidenceReader,
  type Kafka,
  type Log,
  type Metrics,
  type Random,
} from '../ports.ts';
import { interests } from '../watch/interests.ts';
import type { AnyKind, RoundContext } from './context.ts';
import type { KindCaches } from './kindCaches.ts';
import { type Memory, memoryOf } from './memory.ts';
import type { Queries } from './queries.ts';
import { reconcile } from './reconcile.ts';
import { msUntilStatusWrite } from './status.ts';
import { withoutSlots } from './withoutSlots.ts';
import type { WithoutSlot, WorkQueueOptions } from './workQueue.ts';

export interface RoundsOptions {
  caches: KindCaches;
  queries: Queries;
  kafka: Pick<Kafka, 'view'>;
  evidence: EvidenceReader;
  events: EventRecorder;
  /** Schedules a round of the resource after `ms`. */
  addAfter(key: string, ms: number): void;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Metrics;
}

export interface Rounds {
  /** How the queue of one term processes a key. */
  work(context: Omit<RoundContext, 'observe'>): Pick<WorkQueueOptions, 'work' | 'failed'>;
  /** The keys with a memory, including those of resources that are gone. */
  keys(): string[];
  /** An owned object is gone: applying it again need not wait for the end of a backoff. */
  ownedGone(key: string, target: ObjectRef): void;
  forget(key: string): void;
}

const NOT_REQUESTED: Known<never> = { unavailable: 'not requested' };

export function rounds(options: RoundsOptions): Rounds {
  const { caches, queries, evidence, events, clock, random, log, metrics } = options;
  const memories = new Map<string, Memory>();
  const lastErrors = new Map<string, string>();

  const runs = interests<EvidenceNeed>(
    ({ run }) => run,
    (need) => evidence.onChange(need.run, () => evidenceChanged(need)),
    ({ run }) => evidence.close(run),
  );

  /** Evidence arrives continuously. A round before the next status write would have no effect. */
  function evidenceChanged(need: EvidenceNeed): void {
    for (const key of runs.keysOf(need))
      options.addAfter(key, msUntilStatusWrite(memories.get(key)?.statusWrittenAt, clock.now()));
  }

  function evidenceOf(key: string, need: EvidenceNeed | undefined): Known<unknown> {
    runs.set(key, need ? [need] : []);
    return need ? evidence.open(need, clock.now()) : NOT_REQUESTED;
  }

  function memoryFor(key: string, resource: KubernetesObject): Memory {
    const uid = resource.metadata.uid ?? '';
    const before = memories.get(key);
    if (before?.uid === uid) return before;
    forget(key);
    const memory = memoryOf(uid, random);
    memories.set(key, memory);
    return memory;
  }

  function forget(key: string): void {
    memories.delete(key);
    lastErrors.delete(key);
    runs.set(key, []);
    queries.forget(key);
  }

  async function observe(
    kind: AnyKind,
    key: string,
    resource: KubernetesObject,
    withoutSlot: WithoutSlot,
  ): Promise<Observed<KubernetesObject>> {
    const { needs, answers } = await withoutSlot(() => queries.gather(kind, key, resource));
    const { kafka: asked } = needs;
    const kafka = asked ? await withoutSlot(() => options.kafka.view(asked)) : NOT_REQUESTED;
    const folded = evidenceOf(key, needs.evidence);
    return {
      resource,
      deleting: resource.metadata.deletionTimestamp !== undefined,
      owned: caches.ownedBy(kind, resource.metadata.uid ?? ''),
      answers,
      kafka,
      evidence: folded,
      done: memories.get(key)?.done ?? [],
      failures: memories.get(key)?.failures.list() ?? [],
      now: clock.now(),
    };
  }

  function failed(key: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (lastErrors.get(key) === message) return;
    lastErrors.set(key, message);
    const stack = error instanceof Error && !(error instanceof ApiError) ? { stack: error.stack } : {};
    log.error('round failed, retrying', { resource: key, error: message, ...stack });
    const resource = caches.find(key)?.resource;
    if (resource && !isTransient(error)) events.record(resource, { type: 'Warning', reason: 'Unexpected', message });
  }

  return {
    work: (context) => ({
      async work(key, withoutSlot) {
        const found = caches.find(key);
        if (!found?.resource) {
          forget(key);
          return undefined;
        }
        const { kind, resource } = found;
        const began = clock.now();
        const finish = (result: Parameters<Metrics['reconciled']>[1]) =>
          metrics.reconciled(kind.kind, result, (clock.now() - began) / 1000);
        try {
          const full = {
            ...withoutSlots(context, withoutSlot),
            observe: (current: KubernetesObject) => observe(kind, key, current, withoutSlot),
          };
          const outcome = await reconcile(kind, resource, memoryFor(key, resource), full);
          finish(outcome.result);
          if (outcome.result === 'Gone') forget(key);
          else if (lastErrors.delete(key)) log.info('round succeeded again', { resource: key });
          return outcome.lookAgainInMs;
        } catch (error) {
          finish('Failed');
          throw error;
        }
      },
      failed(key, error) {
        if (!context.lost.aborted) failed(key, error);
      },
    }),
    keys: () => [...memories.keys()],
    ownedGone: (key, target) => void memories.get(key)?.failures.succeeded({ type: 'Apply', target }),
    forget,
  };
}

/** Whether an error says nothing about the resource: an API server out of reach or in trouble, or a lost race. */
const isTransient = (error: unknown): boolean =>
  error instanceof ApiError && ([0, 404, 409, 429].includes(error.status) || error.status >= 500);
