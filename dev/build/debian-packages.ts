import { BuildError, runTool } from "./run-tool.ts";

/** Another apt-get may be at work, such as the system's own nightly one. */
const LOCK_WAIT_SECONDS = 300;

/** Installs the Debian packages whose programs are missing. @throws BuildError that names them when it cannot */
export async function installTools(packagesByProgram: Readonly<Record<string, string>>): Promise<void> {
  const missing = Object.entries(packagesByProgram).filter(([program]) => Bun.which(program) === null);
  const packages = [...new Set(missing.map(([, name]) => name))];
  if (packages.length === 0) return;
  const asRoot = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  if (Bun.which("apt-get") === null || (asRoot.length > 0 && Bun.which("sudo") === null))
    throw new BuildError(`please install ${packages.join(", ")}`);
  console.error(`build: installing with apt-get: ${packages.join(" ")}`);
  const aptGet = (...args: string[]) =>
    runTool([
      ...asRoot,
      "env",
      "DEBIAN_FRONTEND=noninteractive",
      "apt-get",
      "-qq",
      "-o",
      `DPkg::Lock::Timeout=${LOCK_WAIT_SECONDS}`,
      ...args,
    ]);
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  try {
    await aptGet(...install);
  } catch {
    // A fresh machine has no package lists, an old one outdated ones.
    await aptGet("update");
    await aptGet(...install);
  }
}
