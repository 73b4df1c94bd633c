import { existsSync, statSync } from "node:fs";
import { join, normalize } from "node:path";
import { buildNpm, NPM_DIR } from "./build-npm.ts";
import { bundleRuntime, documentOf, packageScript, runtimeStyles, settingsScript } from "./bundle.ts";
import { compileMiniProgram } from "./compile/compile.ts";
import { modulesScript } from "./compile/modules.ts";
import type { CompiledMiniProgram } from "./compile/package.ts";
import { openSource } from "./compile/source.ts";
import type { Settings } from "./runtime/settings.ts";

export const MINI_PROGRAM = join(import.meta.dir, "..", "..", "miniprogram");

/** Files of the mini-program that pages show. */
const ASSET = /\.(png|jpe?g|gif|svg|webp)$/;

export type ServedSettings = Partial<Omit<Settings, "assets">>;

export interface MiniProgramPage {
  /** Answers a request at or below the base. */
  fetch(request: Request): Promise<Response>;
}

/**
 * The mini-program as web pages. The query of the page's address may change its settings: `?user=…` (login code),
 * `?theme=dark`, `?wxwork=<userid>`. It is compiled again when one of its files has changed.
 */
export function miniProgramPage(
  options: {
    root?: string;
    /** Where it is served; with a slash at both ends. */
    base?: string;
    settings?: ServedSettings;
    /** Files in the place of some of the mini-program's: `{"app.ts": "/tmp/played-app.ts"}`. */
    replaced?: Readonly<Record<string, string>>;
  } = {},
): MiniProgramPage {
  const { root = MINI_PROGRAM, base = "/", settings = {}, replaced = {} } = options;
  let built: { stamp: string; program: Promise<CompiledMiniProgram> } | undefined;
  let runtime: Promise<string> | undefined;

  const compiledAnew = () => {
    const stamp = stampOf(root, replaced);
    if (built?.stamp !== stamp) built = { stamp, program: compileWithPackages(root, replaced) };
    return built.program;
  };
  /** A document and all of its parts are of one compilation. */
  const compiled = () => built?.program ?? compiledAnew();

  return {
    async fetch(request) {
      const url = new URL(request.url);
      const path = decodeURIComponent(url.pathname).slice(base.length);
      if (path === "") {
        await compiledAnew();
        return text(documentOf(), "text/html");
      }
      if (path === "settings.js") {
        const from = new URL(request.headers.get("referer") ?? request.url);
        return text(settingsScript(settingsFor(settings, from.searchParams)), "text/javascript");
      }
      if (path === "package.js") return text(packageScript(await compiled()), "text/javascript");
      if (path === "runtime.js") return text(await (runtime ??= bundleRuntime()), "text/javascript");
      if (path === "runtime.css") return text(await runtimeStyles(), "text/css");
      if (path === "modules.js") return text(modulesScript((await compiled()).modules), "text/javascript");
      return asset(path);
    },
  };

  function asset(path: string): Response {
    const file = normalize(path.replace(/^assets\//, ""));
    if (!path.startsWith("assets/") || file.startsWith("..") || !ASSET.test(file)) return notFound();
    return new Response(Bun.file(join(root, file)));
  }
}

function settingsFor(settings: ServedSettings, query: URLSearchParams): Settings {
  const user = query.get("user");
  const theme = query.get("theme");
  const member = query.get("wxwork");
  return {
    hosts: {},
    storageName: `mp-${user ?? member ?? ""}`,
    appId: "touristappid",
    version: "",
    assets: "assets/",
    ...settings,
    ...(user === null ? {} : { loginCode: `user-${user}` }),
    ...(theme === "light" || theme === "dark" ? { theme } : {}),
    ...(member === null ? {} : { environment: "wxwork", memberCode: `member-${member}` }),
  };
}

/** The npm packages of our own mini-program are built, and not kept in the repository. */
async function compileWithPackages(
  root: string,
  replaced: Readonly<Record<string, string>>,
): Promise<CompiledMiniProgram> {
  if (root === MINI_PROGRAM && !existsSync(NPM_DIR)) await buildNpm(NPM_DIR);
  return await compileMiniProgram(root, { replaced });
}

/** Changes with every file of the mini-program. */
function stampOf(root: string, replaced: Readonly<Record<string, string>>): string {
  const { files } = openSource(root, replaced);
  return files.map((file) => `${file}:${stampOfFile(replaced[file] ?? join(root, file))}`).join();
}

function stampOfFile(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function text(body: string, type: string): Response {
  return new Response(body, {
    headers: { "content-type": `${type}; charset=utf-8`, "cache-control": "no-store" },
  });
}

function notFound(): Response {
  return new Response(null, { status: 404 });
}
