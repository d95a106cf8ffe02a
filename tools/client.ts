/** Clients of Kubernetes API servers, built from the text of a kubeconfig. */
import { type ClusterOptions, kubernetesCluster } from '../src/adapters/kubernetes/cluster.ts';
import { connect, kubeConfigFromText } from '../src/adapters/kubernetes/connection.ts';
import { rest } from '../src/adapters/kubernetes/rest.ts';
import type { Cluster } from '../src/runtime/ports.ts';

/** A new client with its own connections. */
export function clusterOf(
  kubeconfig: string,
  options: Omit<ClusterOptions, 'rest'> & { timeoutMs?: number } = {},
): Cluster & { close(): Promise<void> } {
  const connection = connect(kubeConfigFromText(kubeconfig));
  const { timeoutMs, ...others } = options;
  const cluster = kubernetesCluster({
    rest: rest({ connection, ...(timeoutMs !== undefined ? { timeoutMs } : {}) }),
    ...others,
  });
  return { ...cluster, close: () => connection.close() };
}
