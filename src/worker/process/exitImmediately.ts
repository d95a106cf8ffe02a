/**
 * Two ways to end this process without running handlers or sending anything more. `process.execve` replaces the process
 * in place: the kernel ignores a SIGKILL that process 1 of a container sends to itself, and `process.exit` waits for the
 * client library's threads.
 */

/** Ends the process with this exit code, by becoming a one-line program that does nothing else. */
export function exitImmediately(code: number): never {
  process.execve?.(process.execPath, ['node', '-e', `process.exit(${code})`], {});
  process.exit(code);
}

/** Starts this program again in the same process, with another environment. Returns where `execve` is missing. */
export function restartImmediately(env: NodeJS.ProcessEnv): void {
  const script = process.argv[1];
  if (script === undefined) return;
  process.execve?.(process.execPath, ['node', ...process.execArgv, script], env);
}
