/** The `Workers` port over HTTP. Each worker is called at the address of its pod. */
import { request } from 'undici';
import type { KubernetesObject, ObjectRef } from '../../contract/kubernetes.ts';
import { STOP_PATH } from '../../domain/workers/stopMode.ts';
import { ActionError, type Cluster, type Workers } from '../../runtime/ports.ts';

/** Timeout of an order. A worker that has just been started listens within this time. */
const TIMEOUT_MS = 5_000;
const RETRY_MS = 250;
/** At most this many pods are called at the same time. */
const CONCURRENCY = 16;

type StopOrder = Parameters<Workers['setStop']>[0];

interface PodStatus {
  phase?: string;
  podIP?: string;
  containerStatuses?: { state?: { running?: unknown } }[];
}

/** The address of the pod's worker; undefined: no worker runs there, or it has had its SIGTERM already. */
function addressOf(pod: KubernetesObject | null): string | undefined {
  const { phase, podIP, containerStatuses = [] } = (pod?.status ?? {}) as PodStatus;
  if (pod?.metadata.deletionTimestamp !== undefined || phase !== 'Running') return undefined;
  if (!containerStatuses.some(({ state }) => state?.running !== undefined)) return undefined;
  return podIP;
}

/** Throws ActionError for any other answer than 200, and undici's errors. */
async function postStop(pod: ObjectRef, address: string, { port, run, stop }: StopOrder, signal: AbortSignal) {
  const host = address.includes(':') ? `[${address}]` : address;
  const { statusCode, body } = await request(`http://${host}:${port}${STOP_PATH}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${run}`, 'content-type': 'application/json' },
    body: JSON.stringify({ stop }),
    signal,
  });
  const text = await body.text();
  if (statusCode !== 200) throw refusal(pod, stop, statusCode, text);
}

export function podWorkers(cluster: Pick<Cluster, 'get'>): Workers {
  /** Retries until the worker answers, its pod is gone, or `deadline` (of performance.now()) has passed. */
  async function setStopOf(pod: ObjectRef, order: StopOrder, deadline: number, signal: AbortSignal | undefined) {
    for (;;) {
      const address = addressOf(await cluster.get(pod, signal));
      if (address === undefined) return;
      const limit = AbortSignal.timeout(Math.max(1, Math.ceil(deadline - performance.now())));
      try {
        await postStop(pod, address, order, signal ? AbortSignal.any([limit, signal]) : limit);
        return;
      } catch (error) {
        if (error instanceof ActionError) throw error;
        signal?.throwIfAborted();
        if (performance.now() + RETRY_MS >= deadline) throw unreachable(pod, order.stop, error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  return {
    async setStop(order, signal) {
      const deadline = performance.now() + TIMEOUT_MS;
      const waiting = [...order.pods];
      const next = async () => {
        for (let pod = waiting.shift(); pod !== undefined; pod = waiting.shift()) {
          await setStopOf(pod, order, deadline, signal);
        }
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, next));
    },
  };
}

const failure = ({ name }: ObjectRef, stop: string) =>
  `the worker in pod ${name} could not be switched to stop: ${stop}, so no consumer is removed`;

function refusal(pod: ObjectRef, stop: string, status: number, text: string): ActionError {
  const what = failure(pod, stop);
  if (status === 403) {
    return new ActionError('Refused', `${what}: it belongs to another run; delete the LoadTest and create it again`);
  }
  if (status === 404) {
    const why = 'its image is older than this operator; delete the LoadTest and create it again, or use stop: Graceful';
    return new ActionError('Refused', `${what}: ${why}`);
  }
  return new ActionError('Unexpected', `${what}: HTTP ${status} ${text.slice(0, 200).trim()}`);
}

function unreachable(pod: ObjectRef, stop: string, error: unknown): ActionError {
  const { code, message } = error as { code?: string; message?: string };
  const why = `no answer within ${TIMEOUT_MS / 1000} s (${message || code || String(error)})`;
  return new ActionError('Unreachable', `${failure(pod, stop)}: ${why}`);
}
