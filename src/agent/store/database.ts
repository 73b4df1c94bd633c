import { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ExplainedError } from "../../explained-error.ts";
import { migrations } from "./migrations.ts";

/** How long a statement waits for another process that reads the file (a backup, a look with sqlite3). */
const BUSY_TIMEOUT_MS = 5_000;

/** A newer program has worked with the data. Exit code 2: to try again does not help. */
export class NewerDataError extends ExplainedError {
  override readonly name = "NewerDataError";
  override readonly exitCode = 2;
}

/**
 * Opens the agent's database and brings it to the newest version.
 *
 * WAL with synchronous=NORMAL: a commit survives the death of the process, and costs no disk sync. What the gateway lets
 * go of because we have it must survive a power cut as well: see `syncToDisk`.
 *
 * @throws NewerDataError; an error of the system or of SQLite when the folder cannot be used
 */
export function openDatabase(dataDir: string): Database {
  // It holds every conversation: for this account only.
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const db = new Database(join(dataDir, "agent.sqlite"), { create: true, strict: true });
  db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = NORMAL");
  migrate(db);
  return db;
}

function migrate(db: Database): void {
  const current = db.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
  if (current > migrations.length) {
    throw new NewerDataError(
      `数据文件来自更新的版本（${current}），本程序只认识到 ${migrations.length}：请使用新版本的程序，或恢复升级前的备份`,
    );
  }
  for (let version = current; version < migrations.length; version++) {
    db.transaction(() => {
      db.run(migrations[version] ?? "");
      db.run(`PRAGMA user_version = ${version + 1}`);
    })();
  }
}

/** Commits a change so that it, and everything committed before it, survives a power cut. Takes a disk sync. */
export function syncToDisk(db: Database, change: () => void): void {
  db.run("PRAGMA synchronous = FULL");
  try {
    db.transaction(change)();
  } finally {
    db.run("PRAGMA synchronous = NORMAL");
  }
}

/** A named value, made by `create` when it is not there yet. */
export function setting(db: Database, name: string, create: () => string): string {
  db.query("INSERT OR IGNORE INTO setting (name, value) VALUES (?, ?)").run(name, create());
  return (
    db.query<{ value: string }, [string]>("SELECT value FROM setting WHERE name = ?").get(name)?.value ?? ""
  );
}
