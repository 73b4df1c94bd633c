import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "./cache.ts";
import { installTools } from "./debian-packages.ts";
import { BuildError, runTool } from "./run-tool.ts";

/**
 * Whatever Debian this machine runs, the source is this release's: the last whose Redis (7.0) has the BSD licence, with
 * Debian's security fixes.
 */
const SUITE = "bookworm";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Debian's source packages, from the mirror that this machine's own package lists name. */
export interface DebianSources {
  /** E.g. `5:7.0.15-1~deb12u10`. */
  newestVersion(name: string): Promise<string>;
  /** Downloads, checks and patches a source package in `folder`; returns where its files are. */
  unpack(name: string, version: string, folder: string): Promise<string>;
}

/** Gets the current list of source packages. @throws BuildError on a machine that is not Debian, or without a network */
export async function openDebianSources(): Promise<DebianSources> {
  if (Bun.which("apt-get") === null) throw new BuildError("this machine has no apt-get");
  const list = sourceList("/etc/apt");
  if (list === "") throw new BuildError("this machine is not a Debian, or its package lists name no mirror");
  await installTools({ "dpkg-source": "dpkg-dev" });

  // Its own lists, so that the system's stay as they are and nobody has to be root.
  const dir = join(cacheDir(), "apt");
  for (const name of ["lists/partial", "archives/partial", "parts"])
    mkdirSync(join(dir, name), { recursive: true });
  writeFileSync(join(dir, "sources.list"), list);
  const options = [
    `Dir::Etc::SourceList=${join(dir, "sources.list")}`,
    `Dir::Etc::SourceParts=${join(dir, "parts")}`,
    `Dir::State::Lists=${join(dir, "lists")}`,
    `Dir::Cache=${dir}`,
    "APT::Sandbox::User=",
    "APT::Get::List-Cleanup=true",
  ].flatMap((option) => ["-o", option]);
  // Two builds at once take turns; apt itself would give up.
  await runTool(["flock", join(dir, "lock"), "apt-get", "-qq", ...options, "update"]);

  return {
    async newestVersion(name) {
      const shown = await runTool(["apt-cache", ...options, "showsrc", "--only-source", name]);
      const versions = [...shown.matchAll(/^Version: (\S+)$/gm)].map(([, version = ""]) => version);
      let newest = versions[0];
      for (const version of versions) if (newest && isNewer(version, newest)) newest = version;
      if (newest === undefined) throw new BuildError(`Debian ${SUITE} has no source package ${name}`);
      return newest;
    },
    async unpack(name, version, folder) {
      await runTool(["apt-get", "-qq", ...options, "source", `${name}=${version}`], { cwd: folder });
      const unpacked = readdirSync(folder, { withFileTypes: true }).find(
        (entry) => entry.isDirectory() && entry.name.startsWith(`${name}-`),
      );
      if (!unpacked) throw new BuildError(`${name} ${version} did not unpack`);
      return join(folder, unpacked.name);
    },
  };
}

function isNewer(version: string, than: string): boolean {
  return Bun.spawnSync(["dpkg", "--compare-versions", version, "gt", than]).exitCode === 0;
}

/**
 * Lines for the source packages of SUITE, its updates and its security fixes, from the mirrors in an /etc/apt: those
 * whose suites are this machine's own release.
 */
export function sourceList(aptDir: string, codename = machineCodename()): string {
  const suites = new Map(["", "-updates", "-security"].map((kind) => [codename + kind, SUITE + kind]));
  const lines = new Set<string>();
  for (const { uri, suite } of [...oneLineEntries(aptDir), ...stanzaEntries(aptDir)]) {
    const wanted = suites.get(suite);
    if (wanted !== undefined) lines.add(`deb-src [signed-by=${KEYRING}] ${uri} ${wanted} main\n`);
  }
  return [...lines].join("");
}

interface Entry {
  readonly uri: string;
  readonly suite: string;
}

/** `deb [options] URI SUITE main` (sources.list(5)). */
function oneLineEntries(aptDir: string): Entry[] {
  const text = readAll(aptDir, ".list");
  return [...text.matchAll(/^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s/gm)].map(([, uri = "", suite = ""]) => ({
    uri,
    suite,
  }));
}

/** Stanzas with `Types`, `URIs` and `Suites`, in deb822 style (sources.list(5)). */
function stanzaEntries(aptDir: string): Entry[] {
  return readAll(aptDir, ".sources")
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const field = (name: string) =>
        new RegExp(`^${name}:[ \\t]*(.*)$`, "im").exec(stanza)?.[1]?.trim().split(/\s+/) ?? [];
      if (!field("Types").includes("deb")) return [];
      return field("URIs").flatMap((uri) => field("Suites").map((suite) => ({ uri, suite })));
    });
}

function readAll(aptDir: string, ending: string): string {
  const files = [join(aptDir, "sources.list"), ...inFolder(join(aptDir, "sources.list.d"))];
  return files
    .filter((file) => file.endsWith(ending))
    .map(readOrNothing)
    .join("\n\n");
}

function inFolder(dir: string): string[] {
  try {
    return readdirSync(dir).map((name) => join(dir, name));
  } catch {
    return [];
  }
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Only Debian's own: the mirror of another system, such as Ubuntu, does not have SUITE. */
function machineCodename(): string {
  const about = readOrNothing("/etc/os-release");
  return (/^ID=debian$/m.test(about) && /^VERSION_CODENAME=(\S+)$/m.exec(about)?.[1]) || "none";
}
