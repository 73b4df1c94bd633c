import { Database, SQLiteError } from "bun:sqlite";
import { join } from "node:path";

/** A lock whose database the garbage collector took would be given up. */
const held = new Set<Database>();

export interface FolderLock {
  release(): void;
}

/**
 * Takes a folder for this process alone; undefined when another one has it.
 *
 * The lock is the operating system's, by way of SQLite: it goes with the process however that dies, so there is
 * nothing stale to judge, and it holds between containers that share a volume, where process ids mean nothing.
 */
export function lockFolder(dir: string): FolderLock | undefined {
  const database = new Database(join(dir, "in-use.lock"));
  try {
    database.run("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (error instanceof SQLiteError && error.code === "SQLITE_BUSY") return undefined;
    throw error;
  }
  held.add(database);
  return {
    release() {
      held.delete(database);
      database.close();
    },
  };
}
