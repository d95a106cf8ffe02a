/** How a process of the operator is named in its Lease: its pod, and which of the processes there have been in it. */

export const holderOf = (podName: string, process: string): string => `${podName}_${process}`;

/**
 * Whether a holder of the lease was a process of this pod. Asked by another process of the pod, it has ended: kubelet
 * starts a container only after the one before it has terminated. A Deployment gives no name to two pods.
 */
export const wasOfPod =
  (podName: string) =>
  (holder: string): boolean =>
    holder.startsWith(podName) && holder.lastIndexOf('_') === podName.length;
