/**
 * `npm run check:wechat`: WeChat's own compilers of WXML, WXS and WXSS (wcc and wcsc) over the mini-program. They are in
 * miniprogram-compiler, which is no dependency of ours and is put into the cache of builds on the first run. They are
 * those of 2020: what they refuse is wrong, what they take may still be too new for an old phone.
 */
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder } from "../../dev/build/cache.ts";
import { BuildError, runTool } from "../../dev/build/run-tool.ts";
import { packedFiles } from "../../dev/miniprogram/compile/packed.ts";
import { openSource } from "../../dev/miniprogram/compile/source.ts";
import { MINI_PROGRAM } from "../../dev/miniprogram/serve.ts";

const PACKAGE = "miniprogram-compiler";
const VERSION = "0.2.3";
const PLATFORMS: Readonly<Record<string, string>> = { linux: "linux", darwin: "mac", win32: "windows" };

/** Another mini-program may be given, to see that it is refused. */
const root = process.argv[2] ?? MINI_PROGRAM;
try {
  const { wcc, wcsc } = await compilers();
  const files = packedFiles(openSource(root));
  const templates = files.filter((file) => /\.(wxml|wxs)$/.test(file));
  const styles = files.filter((file) => file.endsWith(".wxss"));
  await runTool([wcc, "-d", ...templates], { cwd: root });
  for (const style of styles) await runTool([wcsc, "-lc", style], { cwd: root });
  console.log(
    `WeChat's compilers took ${templates.length} WXML and WXS files and ${styles.length} WXSS files`,
  );
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function compilers(): Promise<{ wcc: string; wcsc: string }> {
  const platform = PLATFORMS[process.platform];
  if (platform === undefined || process.arch !== "x64") {
    throw new BuildError(
      `There are no WeChat compilers for ${process.platform} ${process.arch}: nothing was checked`,
    );
  }
  const ending = platform === "windows" ? ".exe" : "";
  const bin = join(await installed(), "node_modules", PACKAGE, "bin", platform);
  const paths = { wcc: join(bin, `wcc${ending}`), wcsc: join(bin, `wcsc${ending}`) };
  for (const path of Object.values(paths)) chmodSync(path, 0o755);
  return paths;
}

async function installed(): Promise<string> {
  try {
    return await cachedFolder(`${PACKAGE}-${VERSION}`, async (folder) => {
      await Bun.write(join(folder, "package.json"), `{ "private": true }`);
      await runTool(
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", `${PACKAGE}@${VERSION}`],
        {
          cwd: folder,
        },
      );
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BuildError(`WeChat's compilers could not be had, nothing was checked:\n${reason}`);
  }
}
