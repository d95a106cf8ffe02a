/** The finalizer that keeps a resource until its plan is finished. */
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { refOf } from '../objects.ts';
import { ApiError } from '../ports.ts';
import type { RoundContext } from './context.ts';
import { FINALIZER } from './desired.ts';

type Writer = Pick<RoundContext, 'cluster' | 'wrote'>;

/** The resource with its finalizer. null: the resource is gone. */
export async function withFinalizer(
  resource: KubernetesObject,
  { cluster, wrote }: Writer,
): Promise<KubernetesObject | null> {
  const { finalizers = [], resourceVersion } = resource.metadata;
  if (finalizers.includes(FINALIZER)) return resource;
  try {
    const written = await cluster.patch(refOf(resource), {
      metadata: { resourceVersion, finalizers: [...finalizers, FINALIZER] },
    });
    wrote(written);
    return written;
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** Removes the finalizer. Succeeds if the resource is gone. */
export async function withoutFinalizer(resource: KubernetesObject, { cluster, wrote }: Writer): Promise<void> {
  const { finalizers = [], resourceVersion } = resource.metadata;
  try {
    wrote(
      await cluster.patch(refOf(resource), {
        metadata: { resourceVersion, finalizers: finalizers.filter((finalizer) => finalizer !== FINALIZER) },
      }),
    );
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Whether a request failed because its object is gone. */
export const isGone = (error: unknown): boolean => error instanceof ApiError && error.status === 404;
