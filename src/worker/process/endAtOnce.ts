/**
 * Ends this process in place: no handler runs, no thread of a library goes on and nothing more is sent. SIGKILL to
 * itself would do, but the kernel ignores it for process 1 of a container, and an ordinary exit lets the client
 * library's threads go on until it has waited for them. A program of one line in our place does neither.
 */
export function endAtOnce(code: number): never {
  process.execve?.(process.execPath, ['node', '-e', `process.exit(${code})`], {});
  process.exit(code);
}

/** The same, but the program in our place is ourselves from the beginning, in another environment. Comes back where that can't be. */
export function beginAnewAtOnce(env: NodeJS.ProcessEnv): void {
  const script = process.argv[1];
  if (script === undefined) return;
  process.execve?.(process.execPath, ['node', ...process.execArgv, script], env);
}
