// The lock of the cluster: one command of all checkouts changes it at a time.
import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { lockFile as file } from './paths.ts';
import { waitFor } from './progress.ts';

function holder(): string | undefined {
  try {
    const [pid, started] = readFileSync(file, 'utf8').split(' ');
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] === started ? pid : undefined;
  } catch {
    return undefined;
  }
}

function take(): boolean {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  // The previous holder removed the folder.
  mkdirSync(dirname(file), { recursive: true });
  try {
    writeFileSync(file, `${process.pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`, { flag: 'wx' });
    return true;
  } catch {
    if (!holder()) rmSync(file, { force: true }); // the holder has exited
    return false;
  }
}

export async function withLock(work: () => Promise<void>): Promise<void> {
  await waitFor('the cluster to be free', 1200, async () =>
    take() ? undefined : `process ${holder()} is changing it`,
  );
  const release = (): void => {
    rmSync(file, { force: true });
    try {
      rmdirSync(dirname(file));
    } catch {
      // The image builder has files there.
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      release();
      process.exit(130);
    });
  }
  try {
    await work();
  } finally {
    release();
  }
}
