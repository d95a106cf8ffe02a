/** Queries as text: a unique name, and a readable form. */
import type { Query } from '../../contract/queries.ts';

/** The unique name of a query. `orForbidden` is not part of it, because the watch is the same with and without it. */
export function nameOf(query: Query): string {
  if ('served' in query) return JSON.stringify(['served', query.served]);
  if ('list' in query) {
    const { list, namespace, labelSelector } = query;
    return JSON.stringify(['list', list.apiVersion, list.kind, namespace, labelSelector]);
  }
  const { apiVersion, kind, namespace, name } = query.get;
  return JSON.stringify(['get', apiVersion, kind, namespace, name]);
}

/** `Deployment demo/app` */
export function textOf(query: Query): string {
  if ('served' in query) return `APIResourceList /${query.served}`;
  if ('list' in query) return `${query.list.kind}List ${query.namespace}/${query.labelSelector ?? ''}`;
  const { kind, namespace, name } = query.get;
  return `${kind} ${namespace}/${name}`;
}
