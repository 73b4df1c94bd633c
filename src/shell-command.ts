/** What neither sh nor PowerShell gives a meaning, anywhere in a word. */
const PLAIN = /^[\p{L}\p{N}_@%+=:./-]+$/u;
const PLAIN_ON_WINDOWS = /^[\p{L}\p{N}_+=:.\\/-]+$/u;

/** A command as one types it: in sh, or in PowerShell (and cmd, unless something has to be quoted). */
export function shellCommand(
  program: string,
  words: readonly string[],
  platform: NodeJS.Platform = process.platform,
): string {
  const command = [program, ...words].map((word) => quoted(word, platform)).join(" ");
  // PowerShell would print a quoted program's name instead of running it.
  return platform === "win32" && command.startsWith("'") ? `& ${command}` : command;
}

function quoted(word: string, platform: NodeJS.Platform): string {
  if (platform === "win32") return PLAIN_ON_WINDOWS.test(word) ? word : `'${word.replaceAll("'", "''")}'`;
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The same for a command that needs root. On Windows there is no such word: the window has to be an administrator's. */
export function asRoot(command: string): string {
  const isRootHimself = process.getuid?.() === 0 && !cameBySudo();
  return process.platform === "win32" || isRootHimself ? command : `sudo ${command}`;
}

/** The same for a command that needs what this process may do, such as reading a file that it has made. */
export function asOurselves(command: string): string {
  return cameBySudo() ? `sudo ${command}` : command;
}

function cameBySudo(): boolean {
  return process.getuid?.() === 0 && process.env["SUDO_USER"] !== undefined;
}
