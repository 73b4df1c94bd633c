import { chmodSync, renameSync, writeFileSync } from "node:fs";

/** Where a redis-server of ours answers: on 127.0.0.1, to whoever knows the password. */
export interface ServerAddress {
  readonly port: number;
  readonly password: string;
}

/**
 * The configuration of our own redis-server; Redis 5 to 8 know every line. `dir .` is the folder it is started in, so
 * that no path has to be quoted, on Windows neither. An empty `logfile` means standard output.
 */
export function redisConf({ port, password }: ServerAddress): string {
  return [
    "bind 127.0.0.1",
    "protected-mode yes",
    `port ${port}`,
    `requirepass ${password}`,
    "dir .",
    'logfile ""',
    "appendonly yes",
    // A power cut costs at most about a second; a dying process costs nothing.
    "appendfsync everysec",
    'save ""',
    // A queue must refuse what it cannot hold, never drop what it holds.
    "maxmemory-policy noeviction",
    // The Windows port does not run as a daemon and need not know the word.
    ...(process.platform === "win32" ? [] : ["daemonize no"]),
    "",
  ].join("\n");
}

/** Writes a file that only this user may read (0600), whole or not at all. */
export function writePrivate(path: string, text: string): void {
  const partial = `${path}.new`;
  writeFileSync(partial, text, { mode: 0o600 });
  chmodSync(partial, 0o600);
  renameSync(partial, path);
}
