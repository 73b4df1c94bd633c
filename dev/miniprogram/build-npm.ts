/**
 * The npm packages of the mini-program, as WeChat's developer tools would build them, but only what the mini-program uses:
 * `bun dev/miniprogram/build-npm.ts` writes miniprogram/miniprogram_npm/.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { version as trpcVersion } from "@trpc/client/package.json";
import { version as markedVersion } from "marked/package.json";

const ROOT = resolve(import.meta.dir, "..", "..");
export const NPM_DIR = join(ROOT, "miniprogram", "miniprogram_npm");

/** A package, what the mini-program imports from it, and how large that may be on its way to a phone. */
interface Package {
  readonly name: string;
  readonly version: string;
  readonly imports: readonly string[];
  /** A file with what phones lack of what it uses: its exports, if any, take the places of globals of their names. */
  readonly lacking: string;
  readonly maxGzipBytes: number;
}
const PACKAGES: readonly Package[] = [
  {
    name: "@trpc/client",
    version: trpcVersion,
    imports: ["createTRPCClient", "createWSClient", "retryLink", "TRPCClientError", "wsLink"],
    lacking: join(import.meta.dir, "abort-controller.ts"),
    maxGzipBytes: 12 * 1_024,
  },
  {
    name: "marked",
    version: markedVersion,
    imports: ["Lexer"],
    lacking: join(import.meta.dir, "old-phones.ts"),
    maxGzipBytes: 17 * 1_024,
  },
];

export interface BuiltPackage {
  readonly name: string;
  readonly bytes: number;
  readonly gzipBytes: number;
}

/**
 * Writes each package as `<outDir>/<name>/index.js` and `package.json`, where the developer tools look for what is imported
 * by its name.
 *
 * @throws when one is larger than it may be
 */
export async function buildNpm(outDir: string): Promise<BuiltPackage[]> {
  return await Promise.all(PACKAGES.map((wanted) => buildPackage(wanted, join(outDir, wanted.name))));
}

async function buildPackage(wanted: Package, dir: string): Promise<BuiltPackage> {
  const { name, version, maxGzipBytes } = wanted;
  const code = await bundle(wanted);
  const gzipBytes = Bun.gzipSync(code).byteLength;
  if (gzipBytes > maxGzipBytes)
    throw new Error(`${name} has ${gzipBytes} bytes gzipped, more than its ${maxGzipBytes}`);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "index.js"), code);
  writeFileSync(join(dir, "package.json"), JSON.stringify({ name, version, main: "index.js" }));
  return { name, bytes: code.byteLength, gzipBytes };
}

async function bundle({ name, imports, lacking }: Package): Promise<Uint8Array<ArrayBuffer>> {
  const { outputFiles } = await build({
    stdin: { contents: `export { ${imports.join(", ")} } from "${name}";`, resolveDir: ROOT },
    inject: [lacking],
    bundle: true,
    minify: true,
    format: "cjs",
    platform: "neutral",
    mainFields: ["module", "main"],
    // The oldest engines that WeChat's base library 3 runs on: iOS 12.
    target: "es2018",
    // Of ES2018, iOS knows them only since 16.4. As a literal one would keep the file from loading; like this it is tried.
    supported: { "regexp-lookbehind-assertions": false },
    define: { "process.env.NODE_ENV": '"production"' },
    legalComments: "none",
    charset: "utf8",
    tsconfigRaw: {},
    write: false,
  });
  const [output] = outputFiles;
  if (!output) throw new Error(`${name}: esbuild made nothing`);
  return new Uint8Array(output.contents);
}

if (import.meta.main) {
  for (const { name, bytes, gzipBytes } of await buildNpm(NPM_DIR))
    console.log(`${name}: ${(bytes / 1_024).toFixed(1)} KiB, ${(gzipBytes / 1_024).toFixed(1)} KiB gzipped`);
}
