import { spawnSync } from "node:child_process";
import { installTools } from "./build/debian-packages.ts";
import { BuildError } from "./build/run-tool.ts";

/** The oldest Wine that has been shown to run our executables. Debian 12 has it, Debian 13 has 10. */
const OLDEST_WINE = 8;

/**
 * Installs Wine with apt-get when it is missing: half a minute, and neither mounts nor a second system, so that any
 * container will do. Returns why it cannot be used here; undefined when it can.
 */
export async function setUpWine(): Promise<string | undefined> {
  const { platform, arch } = process;
  if (platform !== "linux" || arch !== "x64") return `Wine needs linux-x64, this is ${platform}-${arch}`;
  try {
    await installTools({ wine: "wine", wineserver: "wine64" });
  } catch (error) {
    if (error instanceof BuildError) return `Wine could not be installed: ${error.message}`;
    throw error;
  }
  return whyUnusable();
}

function whyUnusable(): string | undefined {
  const { stdout, stderr, status } = spawnSync("wine", ["--version"], { encoding: "utf8" });
  if (status !== 0) return `wine does not start: ${stderr}`;
  const [, major] = /^wine-(\d+)/.exec(stdout) ?? [];
  if (Number(major) >= OLDEST_WINE) return undefined;
  return `${stdout.trim()} is too old, it has to be ${OLDEST_WINE} or later`;
}
