/** The URL paths of objects. An unknown plural name is looked up once, by API discovery. */
import { ApiError, type ResourceType } from '../../runtime/ports.ts';
import type { Rest } from './rest.ts';

export interface Paths {
  /** As in `/apis/apps/v1/namespaces/demo/statefulsets/lag`. Throws ApiError 404 for a type that the server does not have. */
  of(type: ResourceType, namespace?: string, name?: string, signal?: AbortSignal): Promise<string>;
}

/** Plural names of the types that are always used. */
const KNOWN = new Map([
  ['events.k8s.io/v1 Event', 'events'],
  ['coordination.k8s.io/v1 Lease', 'leases'],
]);

export interface ApiResourceList {
  /** Subresources are in the list too, as `pods/log`. */
  resources: { name: string; kind: string }[];
}

export function paths(rest: Rest): Paths {
  const plurals = new Map(KNOWN);

  async function discover(apiVersion: string, kind: string, signal?: AbortSignal): Promise<string> {
    const { resources } = await rest.send<ApiResourceList>({ method: 'GET', path: rootOf(apiVersion), signal });
    for (const resource of resources) {
      if (!resource.name.includes('/')) plurals.set(`${apiVersion} ${resource.kind}`, resource.name);
    }
    const plural = plurals.get(`${apiVersion} ${kind}`);
    if (!plural) throw new ApiError(404, 'NotFound', `the API server has no ${kind} in ${apiVersion}`);
    return plural;
  }

  return {
    async of({ apiVersion, kind, plural }, namespace, name, signal) {
      const resource = plural ?? plurals.get(`${apiVersion} ${kind}`) ?? (await discover(apiVersion, kind, signal));
      const within = namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
      return `${rootOf(apiVersion)}${within}/${resource}${name ? `/${encodeURIComponent(name)}` : ''}`;
    },
  };
}

/** The path under which the server lists its resources of an apiVersion. */
export const rootOf = (apiVersion: string) => (apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`);
