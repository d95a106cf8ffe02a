/** Containers of the local cluster's node, as this machine sees them. */
import { readdirSync, readFileSync } from 'node:fs';

/** The process of a container on this node, by the name of its cgroup; our containers have one each. */
export function processOf(containerId: string): number {
  const id = containerId.replace(/^.*:\/\//, '');
  const found = readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readFileSync(`/proc/${entry}/cgroup`, 'utf8').includes(id);
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
  if (found.length !== 1)
    throw new Error(`${found.length} processes are in container ${id}; the test wants this node's own`);
  return Number(found[0]);
}
