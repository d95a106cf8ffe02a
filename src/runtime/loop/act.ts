/** Carries out one action, and describes every kind of error as a `Failure`. */
import type { Action, ActionResult, Failure, WorkerAction } from '../../contract/actions.ts';
import { ActionError, ApiError, type Cluster, type Kafka, type Workers } from '../ports.ts';
import { applyUnowned } from './unowned.ts';

/** The ports that actions use. */
export interface Outside {
  cluster: Cluster;
  kafka: Kafka;
  workers: Workers;
}

/** undefined: the action has no result. */
export async function act(action: Action, { cluster, kafka, workers }: Outside): Promise<ActionResult | undefined> {
  switch (action.type) {
    case 'Scale':
      return { resourceVersion: await cluster.scale(action.target, action.replicas) };
    case 'Patch':
      await cluster.patch(action.target, { spec: action.spec });
      return undefined;
    case 'Annotate':
      // The API server refuses a patch with another uid.
      await cluster.patch(action.target, { metadata: { uid: action.uid, annotations: action.annotations } });
      return undefined;
    case 'ApplyObject':
      await applyUnowned(action.object, cluster);
      return undefined;
    case 'DeleteObject':
      await cluster.delete(action.target, action.uid);
      return undefined;
    case 'SetStop':
      await workers.setStop(action);
      return undefined;
    case 'Kill':
      await kill(action, { cluster, workers });
      return undefined;
    default:
      return kafka.act(action);
  }
}

/** Reads the pod again first: another pod may have the name by now. */
async function kill(
  { pod, uid, port, run }: Extract<WorkerAction, { type: 'Kill' }>,
  { cluster, workers }: Pick<Outside, 'cluster' | 'workers'>,
): Promise<void> {
  const live = await cluster.get(pod);
  if (live?.metadata.uid !== uid || live.metadata.deletionTimestamp !== undefined) return;
  await workers.setStop({ pods: [pod], port, run, stop: 'Kill' });
  await cluster.delete(pod, uid);
}

/** Statuses for a request that cannot succeed if it is repeated: invalid, forbidden, unknown, not supported. */
const REFUSALS = new Set([400, 403, 404, 405, 413, 415, 422]);

export function failureOf(action: Failure['action'], error: unknown): Failure {
  if (error instanceof ActionError) return { action, reason: error.reason, message: error.message };
  if (error instanceof ApiError) {
    const reason = REFUSALS.has(error.status) ? 'Refused' : error.status === 0 ? 'Unreachable' : 'Unexpected';
    return { action, reason, message: error.message };
  }
  return { action, reason: 'Unexpected', message: error instanceof Error ? error.message : String(error) };
}
