/** The processes of containers on the node of the local cluster, which is this machine. */
import { readdirSync, readFileSync } from 'node:fs';

/** The only process of a container, found by the name of its control group. */
export function processOf(containerId: string): number {
  const id = containerId.replace(/^.*:\/\//, '');
  const found = readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readFileSync(`/proc/${entry}/cgroup`, 'utf8').includes(id);
    } catch {
      // The process has exited.
      return false;
    }
  });
  if (found.length !== 1)
    throw new Error(`${found.length} processes are in container ${id}; the test needs exactly one, on this machine`);
  return Number(found[0]);
}
