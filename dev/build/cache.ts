import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Downloads and compiled Redis servers, shared by all checkouts of this user: `~/.cache/claw-build`. */
export function cacheDir(): string {
  const dir = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "claw-build");
  mkdirSync(dir, { recursive: true });
  return dir;
}

/**
 * Returns a folder of the cache, which `make` fills first if it is not there yet. It appears as a whole or not at all,
 * so that a build that was broken off, or another one that runs at the same time, leaves nothing half-made.
 */
export async function cachedFolder(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheDir(), name);
  if (existsSync(folder)) return folder;
  const partial = mkdtempSync(join(cacheDir(), "partial-"));
  try {
    await make(partial);
    mkdirSync(join(folder, ".."), { recursive: true });
    renameSync(partial, folder);
  } catch (error) {
    // Another build was quicker.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}
