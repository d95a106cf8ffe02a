/** The types that the parts of a round share. */
import type { Kind, Observed } from '../../contract/kind.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import type { EventRecorder } from '../events.ts';
import type { Clock, Log } from '../ports.ts';
import type { Outside } from './act.ts';

export type AnyKind = Kind<KubernetesObject, unknown>;

/** What a round uses besides the resource itself. */
export interface RoundContext extends Outside {
  /** Gathers what the kind needs for its plan. */
  observe(resource: KubernetesObject): Promise<Observed<KubernetesObject>>;
  /** Stores the result of a write in the caches, so that the next round observes it. */
  wrote(object: KubernetesObject): void;
  events: EventRecorder;
  /** Aborted when the lease is lost: nothing may be written after that. */
  lost: AbortSignal;
  clock: Clock;
  log: Log;
}
