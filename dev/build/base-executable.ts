import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder } from "./cache.ts";
import { BuildError, runTool } from "./run-tool.ts";
import { BUN_TARGETS, type Target } from "./targets.ts";

const ROOT = join(import.meta.dir, "..", "..");

/**
 * The Bun that an executable for this target starts from. For this machine's own target it is the Bun that runs the
 * build; for another, npm's package, held to the hash in package-lock.json.
 *
 * @throws BuildError when it cannot be downloaded, or is not what the lock file says
 */
export async function baseExecutable(target: Target): Promise<string> {
  const { npmPackage, platform, arch } = BUN_TARGETS[target];
  const { version, integrity } = lockedPackage(npmPackage);
  if (Bun.version !== version)
    throw new BuildError(
      `this is Bun ${Bun.version}, but package-lock.json has ${version}: use npm run build`,
    );
  if (process.platform === platform && process.arch === arch) return process.execPath;

  const folder = await cachedFolder(`bun-${version}-${target}`, async (partial) => {
    console.error(`build: downloading ${npmPackage}@${version}`);
    await runTool(["npm", "pack", "--silent", `${npmPackage}@${version}`], { cwd: partial });
    const [archive = ""] = readdirSync(partial);
    const sha512 = createHash("sha512")
      .update(readFileSync(join(partial, archive)))
      .digest("base64");
    if (`sha512-${sha512}` !== integrity)
      throw new BuildError(`${npmPackage}@${version} is not what package-lock.json says`);
    await runTool(["tar", "-xzf", archive], { cwd: partial });
    await runTool(["rm", archive], { cwd: partial });
  });
  return join(folder, "package", "bin", target === "windows-x64" ? "bun.exe" : "bun");
}

function lockedPackage(name: string): { version: string; integrity: string } {
  const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    packages: Record<string, { version: string; integrity: string } | undefined>;
  };
  const found = lock.packages[`node_modules/${name}`];
  if (!found) throw new BuildError(`package-lock.json does not have ${name}`);
  return found;
}
