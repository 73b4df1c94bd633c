import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { baseExecutable } from "./base-executable.ts";
import { bundledLicenses, bunLicense } from "./bundled-packages.ts";
import { cacheDir } from "./cache.ts";
import { embeddedModule } from "./embedded-module.ts";
import { licensesText } from "./license.ts";
import { linuxRedis } from "./linux-redis.ts";
import { type Origin, readOrigin } from "./origin.ts";
import type { RedisInside } from "./redis-inside.ts";
import { BuildError } from "./run-tool.ts";
import { buildServiceWrapper, wrapperLicense } from "./service-wrapper.ts";
import { BUN_TARGETS, executableName, type ProgramName, type Target } from "./targets.ts";
import { windowsRedis } from "./windows-redis.ts";
import { writeWindowsResources } from "./windows-resources.ts";

const ROOT = join(import.meta.dir, "..", "..");

export interface BuiltExecutable {
  readonly path: string;
  readonly bytes: number;
  /** What the summary says of the Redis inside; undefined for an agent, which needs none. */
  readonly redis: RedisInside | undefined;
  /** False when it is a Windows executable that cannot be a service. */
  readonly hasServiceWrapper: boolean;
}

/**
 * Builds `claw-<program>-<target>[.exe]` in `outDir`. Takes about a second once the cache has what goes inside; the
 * first time it downloads Bun for that target, and compiles Redis.
 *
 * @param options.windowsRedis a zip, folder or redis-server.exe; default: vendor/redis/windows-x64
 * @param options.newestRedis ask Debian whether there is a newer Redis than the cached one
 * @throws BuildError
 */
export async function buildExecutable(options: {
  program: ProgramName;
  target: Target;
  outDir: string;
  windowsRedis?: string | undefined;
  newestRedis?: boolean;
}): Promise<BuiltExecutable> {
  const { program, target } = options;
  const outDir = resolve(options.outDir);
  const isWindows = target === "windows-x64";
  const origin = await readOrigin();
  const redis = program === "gateway" ? await redisFor(options) : undefined;
  const wrapper = isWindows ? await buildServiceWrapper(cacheDir()) : undefined;

  mkdirSync(outDir, { recursive: true });
  // Beside the result, so that the last step is a rename: whoever runs the old one is not disturbed.
  const work = mkdtempSync(join(outDir, ".building-"));
  try {
    const compiled = await compile({ program, target, origin, redis, wrapper, work });
    const path = join(outDir, executableName(program, target));
    renameSync(compiled, path);
    return {
      path,
      bytes: statSync(path).size,
      redis,
      hasServiceWrapper: !isWindows || wrapper !== undefined,
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function redisFor(options: {
  target: Target;
  windowsRedis?: string | undefined;
  newestRedis?: boolean;
}): Promise<RedisInside> {
  const { target, windowsRedis: supplied, newestRedis: newest = false } = options;
  return target === "windows-x64" ? await windowsRedis(supplied) : await linuxRedis(target, { newest });
}

async function compile(parts: {
  program: ProgramName;
  target: Target;
  origin: Origin;
  redis: RedisInside | undefined;
  wrapper: string | undefined;
  work: string;
}): Promise<string> {
  const { program, target, origin, redis, wrapper, work } = parts;
  const entry = join(ROOT, "src", program, "main.ts");
  const redisFiles = redis && "files" in redis ? redis : { files: [], licenses: [] };
  const licensesPath = join(work, "licenses.txt");
  const licenses = [
    bunLicense(),
    ...redisFiles.licenses,
    ...(wrapper === undefined ? [] : [wrapperLicense()]),
    ...(await bundledLicenses(entry)),
  ];
  writeFileSync(licensesPath, licensesText(licenses));

  const outfile = join(work, executableName(program, target));
  const result = await Bun.build({
    entrypoints: [entry],
    target: "bun",
    format: "esm",
    minify: true,
    bytecode: true,
    // Bun would write in where the package lay on this machine; ioredis only looks for it in stack traces.
    define: { __dirname: JSON.stringify("/claw") },
    plugins: [
      withoutDebug,
      embeddedModule({
        origin,
        licensesPath,
        redisServer: redisFiles.files,
        serviceWrapper: wrapper === undefined ? undefined : { name: "claw-service.exe", path: wrapper },
      }),
    ],
    throw: false,
    compile: {
      target: BUN_TARGETS[target].target,
      executablePath: await base(program, target, origin, work),
      outfile,
      // Nothing in the folder where a program happens to be started may change what it does.
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
  });
  if (!result.success) throw new BuildError(result.logs.map(String).join("\n"));
  return outfile;
}

/** ioredis' debug output, and the terminal code behind it, cost milliseconds at each start and are never switched on. */
const withoutDebug: Bun.BunPlugin = {
  name: "without debug",
  setup(build) {
    build.onLoad({ filter: /node_modules[\\/]debug[\\/]src[\\/]index\.js$/ }, () => ({
      contents: `const debug = () => Object.assign(() => {}, { enabled: false });
        debug.default = debug;
        module.exports = debug;`,
      loader: "js",
    }));
  },
};

async function base(program: ProgramName, target: Target, origin: Origin, work: string): Promise<string> {
  const plain = await baseExecutable(target);
  if (target !== "windows-x64") return plain;
  const output = join(work, "base.exe");
  writeWindowsResources({ base: plain, output, program, version: origin.version });
  return output;
}
