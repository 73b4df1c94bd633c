import { join } from "node:path";
import { transform } from "esbuild";
import { packedFiles } from "./compile/packed.ts";
import { openSource, type Source } from "./compile/source.ts";

/** WeChat takes 2 MB a package; a small one opens at once on a slow network. */
export const MAX_PACKAGE_BYTES = 500 * 1024;

/** Bytes of the main package by folder, as WeChat packs it: TypeScript as minified JavaScript, tests left out. */
export async function packageSize(root: string): Promise<ReadonlyMap<string, number>> {
  const source = openSource(root);
  const sizes = new Map<string, number>();
  for (const file of packedFiles(source)) {
    const folder = file.includes("/") ? file.slice(0, file.indexOf("/")) : "(root)";
    sizes.set(folder, (sizes.get(folder) ?? 0) + (await sizeOf(root, source, file)));
  }
  return sizes;
}

async function sizeOf(root: string, source: Source, file: string): Promise<number> {
  if (!/\.[jt]s$/.test(file)) return Bun.file(join(root, file)).size;
  const { code } = await transform(source.text(file), {
    loader: file.endsWith(".ts") ? "ts" : "js",
    format: "cjs",
    target: "es2018",
    minify: true,
  });
  return Buffer.byteLength(code);
}
