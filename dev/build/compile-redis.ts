import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { installTools } from "./debian-packages.ts";
import type { DebianSources } from "./debian-source.ts";
import { BuildError, runTool } from "./run-tool.ts";
import type { LinuxTarget } from "./targets.ts";

interface Compiler {
  /** GNU's name of the machine. */
  readonly machine: string;
  /** The arch for which Debian's plain `gcc` is this compiler. */
  readonly host: string;
  readonly crossPackage: string;
  readonly flags: string;
}

const COMPILERS: Readonly<Record<LinuxTarget, Compiler>> = {
  "linux-x64": { machine: "x86_64", host: "x64", crossPackage: "gcc-x86-64-linux-gnu", flags: "" },
  "linux-arm64": {
    machine: "aarch64",
    host: "arm64",
    crossPackage: "gcc-aarch64-linux-gnu",
    // gcc's out-of-line atomics ask glibc which instructions there are; musl has no such function.
    flags: " -mno-outline-atomics",
  },
};

/** What `compileRedis` leaves in its folder. */
export const COMPILED = {
  program: "redis-server",
  redisLicense: "redis-copyright.txt",
  muslLicense: "musl-copyright.txt",
  about: "about.json",
} as const;

/** About a compiled redis-server. */
export interface AboutRedis {
  readonly redis: string;
  readonly musl: string;
}

/**
 * Compiles Debian's Redis into one file that needs no library: with musl, whose licence lets it be linked in (glibc's
 * would ask for object files), and its allocator. Fills `folder`; takes minutes.
 *
 * @throws BuildError
 */
export async function compileRedis(
  target: LinuxTarget,
  sources: DebianSources,
  versions: AboutRedis,
  folder: string,
): Promise<void> {
  const { machine, host, crossPackage, flags } = COMPILERS[target];
  const prefix = `${machine}-linux-gnu-`;
  await installTools({ [`${prefix}gcc`]: process.arch === host ? "gcc" : crossPackage, make: "make" });

  // Not below the cache: make cannot bear a space in a path, and a home folder may have one.
  const work = mkdtempSync(join(tmpdir(), "claw-redis-"));
  // Redis would take up the commit of a checkout around it.
  const env = { SOURCE_DATE_EPOCH: "0", GIT_DIR: join(work, "no-git") };
  const jobs = `-j${availableParallelism()}`;
  try {
    const musl = await sources.unpack("musl", versions.musl, work);
    const muslHome = join(work, "musl");
    const configure = [`--target=${machine}`, `CROSS_COMPILE=${prefix}`, "--disable-shared"];
    await runTool(["./configure", ...configure, `--prefix=${muslHome}`], { cwd: musl, env });
    await runTool(["make", jobs, "install"], { cwd: musl, env });

    const redis = await sources.unpack("redis", versions.redis, work);
    const settings = {
      CC: `${muslHome}/bin/musl-gcc${flags}`,
      AR: `${prefix}ar`,
      RANLIB: `${prefix}ranlib`,
      uname_S: "Linux",
      uname_M: machine,
      MALLOC: "libc",
      USE_SYSTEMD: "no",
      BUILD_TLS: "no",
      DEBUG: "",
      LDFLAGS: "-static -s",
    };
    const options = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    await runTool(["make", jobs, ...options, "redis-server"], { cwd: redis, env });

    const program = join(folder, COMPILED.program);
    copyFileSync(join(redis, "src", "redis-server"), program);
    await checkProgram(program, prefix);
    const copyright = ["COPYING", "debian/copyright"].map((name) => readFileSync(join(redis, name), "utf8"));
    writeFileSync(join(folder, COMPILED.redisLicense), copyright.join("\n"));
    copyFileSync(join(musl, "COPYRIGHT"), join(folder, COMPILED.muslLicense));
    writeFileSync(join(folder, COMPILED.about), JSON.stringify(versions));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A program that asks for a library, or for its loader, would not run everywhere. */
async function checkProgram(program: string, prefix: string): Promise<void> {
  const headers = await runTool([`${prefix}readelf`, "--program-headers", "--dynamic", program]);
  if (/INTERP|NEEDED/.test(headers)) throw new BuildError("the compiled redis-server is not static");
}
