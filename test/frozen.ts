/** Does something while a program is frozen: its sockets stay open, and nobody answers on them. */
export async function whileFrozen<T>({ pid }: { readonly pid: number }, work: () => Promise<T>): Promise<T> {
  process.kill(pid, "SIGSTOP");
  try {
    return await work();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}
