import { readFileSync } from "node:fs";

const KIB = 1024;
/** Of the kernel's accounting of processor time; the same on every Linux. */
const TICKS_PER_SECOND = 100;
const LOOK_EVERY_MS = 250;
/** A process that uses less than this share of a processor is idle. */
const IDLE_SHARE = 0.05;
/** Looks in a row. */
const IDLE_LOOKS = 3;

/** Memory of a process that is in RAM. */
export function residentBytes(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) * KIB;
}

/** Resolves when a process has nothing left to do. @throws when that takes too long */
export async function untilIdle(pid: number, timeoutMs = 30_000): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  let before = processorSeconds(pid);
  for (let idle = 0; idle < IDLE_LOOKS;) {
    if (performance.now() > giveUpAt) throw new Error(`process ${pid} is still busy after ${timeoutMs} ms`);
    await Bun.sleep(LOOK_EVERY_MS);
    const now = processorSeconds(pid);
    idle = now - before < (IDLE_SHARE * LOOK_EVERY_MS) / 1000 ? idle + 1 : 0;
    before = now;
  }
}

function processorSeconds(pid: number): number {
  // The name of the program, in brackets, may hold spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  const [user = 0, system = 0] = fields.slice(11, 13).map(Number);
  return (user + system) / TICKS_PER_SECOND;
}

/** Files and sockets that a process may have open; Bun raises the soft limit to it by itself. */
export function maxOpenFiles(): number {
  const [, hard] = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  return hard === "unlimited" ? Infinity : Number(hard);
}
