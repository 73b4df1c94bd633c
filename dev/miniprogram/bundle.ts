import { join } from "node:path";
import { build } from "esbuild";
import type { CompiledMiniProgram } from "./compile/package.ts";
import type { Settings } from "./runtime/settings.ts";

const RUNTIME = join(import.meta.dir, "runtime");
const STYLES = ["phone.css", "built-ins.css", "dialogs.css"];

/** The phone's own script: the same for every mini-program. */
export async function bundleRuntime(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(RUNTIME, "main.ts")],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    // The framework's checks of templates and properties are for development.
    define: { "process.env.NODE_ENV": '"development"' },
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}

export async function runtimeStyles(): Promise<string> {
  const texts = await Promise.all(STYLES.map((name) => Bun.file(join(RUNTIME, "look", name)).text()));
  return texts.join("\n");
}

/** The script that begins everything: the mini-program as data, and the register that its modules sign on to. */
export function packageScript({ package: compiled, templates }: CompiledMiniProgram): string {
  return `__mpPackage=${JSON.stringify(compiled)};
__mpModules=new Map();__mpModule=(id,factory)=>__mpModules.set(id,factory);
__mpTemplates=${templates};`;
}

export function settingsScript(settings: Settings): string {
  return `__mpSettings=${JSON.stringify(settings)};`;
}

/** The document: the same for every mini-program. */
export function documentOf(): string {
  const scripts = ["settings.js", "package.js", "modules.js", "runtime.js"];
  return `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="runtime.css">
<title></title>
</head>
<body>
${scripts.map((src) => `<script defer src="${encodeURI(src)}"></script>`).join("\n")}
</body>
</html>
`;
}
