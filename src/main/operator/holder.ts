/** The operator's name as the holder of its Lease: `<pod name>_<id of the process>`. */

export const holderIdentity = (podName: string, processId: string): string => `${podName}_${processId}`;

/**
 * Whether a lease holder is a process of this pod. For another process of the pod that means it has ended: kubelet starts a
 * container only after the previous one has terminated, and the pods of a Deployment have different names.
 */
export const isHolderOfPod =
  (podName: string) =>
  (holder: string): boolean =>
    holder.startsWith(podName) && holder.lastIndexOf('_') === podName.length;
