import { join } from "node:path";
import packageJson from "../../package.json";
import { runTool } from "./run-tool.ts";

const ROOT = join(import.meta.dir, "..", "..");
const SHORT_COMMIT_CHARS = 12;

/** Where an executable comes from; goes into it. */
export interface Origin {
  readonly version: string;
  /** Short; ends in `-dirty` when files differ from it; `unknown` outside of a git checkout. */
  readonly commit: string;
  /** ISO 8601, UTC, whole seconds. */
  readonly builtAt: string;
}

/**
 * The date is the commit's, not the clock's, so that the same commit gives the same bytes; SOURCE_DATE_EPOCH (Unix
 * time in seconds, https://reproducible-builds.org/specs/source-date-epoch/) goes first.
 */
export async function readOrigin(): Promise<Origin> {
  const { commit, seconds } = await headCommit();
  const epoch = Number(process.env["SOURCE_DATE_EPOCH"] || seconds);
  return {
    version: packageJson.version,
    commit,
    builtAt: new Date(epoch * 1000).toISOString().replace(".000Z", "Z"),
  };
}

async function headCommit(): Promise<{ commit: string; seconds: number }> {
  const git = (...args: string[]) => runTool(["git", ...args], { cwd: ROOT });
  try {
    const [hash = "", seconds] = (await git("log", "-1", "--format=%H %ct")).trim().split(" ");
    const dirty = (await git("status", "--porcelain")) === "" ? "" : "-dirty";
    return { commit: hash.slice(0, SHORT_COMMIT_CHARS) + dirty, seconds: Number(seconds) };
  } catch {
    return { commit: "unknown", seconds: Math.floor(Date.now() / 1000) };
  }
}
