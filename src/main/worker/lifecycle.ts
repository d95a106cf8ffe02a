/** How a worker process ends: by a clean stop, by a deliberate crash, or after an error. */
import { exitImmediately } from '../../worker/process/exitImmediately.ts';
import type { Log } from '../../worker/process/log.ts';
import type { StopMode } from '../../worker/process/stopMode.ts';

/** The exit code of a process that was ended by SIGKILL (128 + 9), as shells and Kubernetes report it. */
export const SIGKILL_EXIT_CODE = 137;

export type Cause = 'Terminated' | 'Error';

export interface Lifecycle {
  stopping(): boolean;
  /** Stops the worker and exits with code 0, or 1 after an error. Later calls do nothing. */
  stop(why: string, cause: Cause): Promise<void>;
}

/** `stopWorker` resolves with false if a call of the client library has not returned. */
export function createLifecycle(log: Log, stopWorker: (cause: Cause) => Promise<boolean>): Lifecycle {
  let stopping = false;
  return {
    stopping: () => stopping,
    async stop(why, cause) {
      if (stopping) return;
      stopping = true;
      log.info(`stopping: ${why}`);
      const cleanly = await stopWorker(cause);
      const code = cause === 'Error' ? 1 : 0;
      // process.exit would wait for the threads of calls that have not returned.
      if (!cleanly) exitImmediately(code);
      process.exit(code);
    },
  };
}

/** `crash` ends the process as SIGKILL would; it is called at a SIGTERM that was announced as a kill. */
export function handleSignals({ stop }: Lifecycle, stopMode: StopMode, log: Log, crash: () => never): void {
  process.on('SIGTERM', () => {
    if (stopMode.current() === 'Kill') crash();
    void stop('SIGTERM', 'Terminated');
  });
  process.on('SIGINT', () => void stop('SIGINT', 'Terminated'));
  process.on('unhandledRejection', (error) => {
    log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    void stop('an unexpected error', 'Error');
  });
}
