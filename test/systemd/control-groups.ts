import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { until } from "../until.ts";

const MOUNTED_AT = "/sys/fs/cgroup";

/** Control groups for one experiment. systemd makes more below them, which nobody takes away otherwise. */
export interface ControlGroups {
  /** Whose `cgroup.procs` a process writes itself into. */
  readonly folders: readonly string[];
  /** Once their processes have ended. */
  remove(): Promise<void>;
}

/**
 * Makes them below those of this process, in the hierarchies that systemd uses: cgroups(7). Undefined: that is not
 * allowed.
 */
export function makeControlGroups(name: string): ControlGroups | undefined {
  const folders = ownFolders().map((folder) => join(folder, name));
  try {
    for (const folder of folders) mkdirSync(folder);
  } catch {
    return undefined;
  }
  return {
    folders,
    async remove() {
      // The kernel lets go of a group some time after its last process has ended.
      for (const folder of folders) await until(`${folder} is empty`, () => isRemoved(folder));
    },
  };
}

/** Version 2 is all of it, or beside version 1, in which systemd has a hierarchy by name. */
function ownFolders(): string[] {
  const lines = readFileSync("/proc/self/cgroup", "utf8").trim().split("\n");
  return lines.flatMap((line) => {
    const [, version2, path = ""] = /^(?:(0:)|\d+:name=systemd):(.*)$/.exec(line) ?? [];
    const mounts = version2 === undefined ? ["systemd"] : ["unified", ""];
    const folders = mounts.map((mount) => join(MOUNTED_AT, mount, path));
    const folder = folders.find((folder) => existsSync(join(folder, "cgroup.procs")));
    return path === "" || folder === undefined ? [] : [folder];
  });
}

function isRemoved(folder: string): boolean {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory() && !isRemoved(join(folder, entry.name))) return false;
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}
