/** The `Workers` port: pods are looked up by name and asked at their address. */
import { request } from 'undici';
import type { KubernetesObject, ObjectRef } from '../../contract/kubernetes.ts';
import { STOP_PATH } from '../../domain/workers/stopMode.ts';
import { ActionError, type Cluster, type Workers } from '../../runtime/ports.ts';

/** A worker that has just started listens within this. */
const WITHIN_MS = 5_000;
const AGAIN_MS = 250;
/** Pods asked at a time. */
const AT_A_TIME = 16;

interface PodStatus {
  phase?: string;
  podIP?: string;
  containerStatuses?: { state?: { running?: unknown } }[];
}

/** Where its worker can be asked; undefined: nothing runs there that could be stopped. */
function addressOf(pod: KubernetesObject | null): string | undefined {
  const { phase, podIP, containerStatuses = [] } = (pod?.status ?? {}) as PodStatus;
  // It has had its SIGTERM already.
  if (pod?.metadata.deletionTimestamp !== undefined || phase !== 'Running') return undefined;
  if (!containerStatuses.some(({ state }) => state?.running !== undefined)) return undefined;
  return podIP;
}

export function podWorkers(cluster: Pick<Cluster, 'get'>): Workers {
  async function tell(
    pod: ObjectRef,
    { port, run, stop }: Parameters<Workers['setStop']>[0],
    until: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    for (;;) {
      // Looked up again each time: it may have gone meanwhile.
      const address = addressOf(await cluster.get(pod, signal));
      if (address === undefined) return;
      const host = address.includes(':') ? `[${address}]` : address;
      const limit = AbortSignal.timeout(Math.max(1, Math.ceil(until - performance.now())));
      try {
        const { statusCode, body } = await request(`http://${host}:${port}${STOP_PATH}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${run}`, 'content-type': 'application/json' },
          body: JSON.stringify({ stop }),
          signal: signal ? AbortSignal.any([limit, signal]) : limit,
        });
        const text = await body.text();
        if (statusCode === 200) return;
        throw refusal(pod, stop, statusCode, text);
      } catch (error) {
        if (error instanceof ActionError) throw error;
        signal?.throwIfAborted();
        if (performance.now() + AGAIN_MS >= until) throw unreachable(pod, stop, error);
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  }

  return {
    async setStop(order, signal) {
      const until = performance.now() + WITHIN_MS;
      const waiting = [...order.pods];
      const next = async () => {
        for (let pod = waiting.shift(); pod !== undefined; pod = waiting.shift()) await tell(pod, order, until, signal);
      };
      await Promise.all(Array.from({ length: AT_A_TIME }, next));
    },
  };
}

function refusal({ name }: ObjectRef, stop: string, status: number, text: string): ActionError {
  const how = `pod ${name} can't be told stop: ${stop}, so no consumer is taken away`;
  if (status === 403) {
    return new ActionError('Refused', `${how}: it belongs to another run; delete the LoadTest and create it again`);
  }
  if (status === 404) {
    const old = 'its image is older than this operator; delete the LoadTest and create it again, or use stop: Graceful';
    return new ActionError('Refused', `${how}: ${old}`);
  }
  return new ActionError('Unexpected', `${how}: HTTP ${status} ${text.slice(0, 200).trim()}`);
}

function unreachable({ name }: ObjectRef, stop: string, error: unknown): ActionError {
  const { code, message } = error as { code?: string; message?: string };
  return new ActionError(
    'Unreachable',
    `pod ${name} can't be told stop: ${stop}, so no consumer is taken away: no answer within ${WITHIN_MS / 1000} s (${message || code || String(error)})`,
  );
}
