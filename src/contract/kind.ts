/**
 * The contract between the runtime, which looks and acts, and the kinds, which decide.
 * Everything here is plain data: a kind's `plan` has no await, client, clock or randomness.
 */

import type { Action, Done, Failure } from './actions.ts';
import type { KafkaView } from './kafkaView.ts';
import type { KubernetesObject, TypeRef } from './kubernetes.ts';
import type { Needs } from './needs.ts';
import type { Answer } from './queries.ts';
import type { EpochMs } from './time.ts';

/** A value that was read, or the sentence that says why it could not be. */
export type Known<T> = { readonly known: T } | { readonly unavailable: string };

export interface Observed<R, Evidence = unknown> {
  resource: R;
  deleting: boolean;
  /** Objects of the kind's `owns` types whose controller is this resource. */
  owned: KubernetesObject[];
  /** To the queries of `needs`, in their order. */
  answers: Answer[];
  kafka: Known<KafkaView>;
  /** The figures of the run as of `now`, once its evidence has been read up to where it ended when reading began. */
  evidence: Known<Evidence>;
  /** Actions that answered something, since the last status was written. An operator that starts again does not have them. */
  done: Done[];
  failures: Failure[];
  now: EpochMs;
}

/** An Event about the resource. */
export interface Notice {
  type: 'Normal' | 'Warning';
  /** CamelCase, for machines. */
  reason: string;
  /** A sentence, for people. At most 1,024 characters are kept. */
  message: string;
}

export interface Plan<Status> {
  /** Desired objects, complete; the runtime adds namespace, owner reference and labels, applies them server-side, and prunes owned objects that are not among them. */
  apply: KubernetesObject[];
  /** Idempotent by themselves: a repeat after a crash changes nothing more. Carried out in order, after `apply`. */
  actions: Action[];
  /** The whole status: a field left out is removed. */
  status: Status;
  events: Notice[];
  /** Look again after this many milliseconds even when nothing changes; absent: only on change. */
  lookAgainInMs?: number;
  /** Only while deleting: nothing is left to do, take the finalizer away. */
  finished?: boolean;
}

export interface Kind<R extends KubernetesObject, Status, Evidence = unknown> {
  apiVersion: string;
  kind: string;
  /** Lower-case plural, as in the URL. */
  plural: string;
  /** Types of the objects it makes (watched by owner reference, pruned when no longer desired). */
  owns: (TypeRef & { plural: string })[];
  /**
   * Asked first without `answers`, to learn its queries, and again with the answers to them, until it has no others: what
   * one of them holds may tell which query comes next. It only ever adds some at the end.
   */
  needs(resource: R, answers?: Answer[]): Needs;
  plan(seen: Observed<R, Evidence>): Plan<Status>;
}
