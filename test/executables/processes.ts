import { readdirSync, readlinkSync } from "node:fs";

/** The processes whose program lies in a folder: whatever an executable there has started from itself, too. */
export function processesFrom(folder: string): { pid: number; exe: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({ pid: Number(pid), exe: programOf(pid) }))
    .filter(({ exe }) => exe.startsWith(`${folder}/`));
}

function programOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    // It has ended, or is another user's.
    return "";
  }
}
