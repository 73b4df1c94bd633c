import { componentGraph } from "./component-graph.ts";
import { compileModules } from "./modules.ts";
import type { AppConfig, CompiledMiniProgram, CompiledPackage } from "./package.ts";
import { openSource, type Source } from "./source.ts";
import { compileStyles } from "./styles.ts";
import { compileTemplates } from "./templates.ts";
import { BUILT_IN_NAMES } from "../runtime/builtins/names.ts";

/**
 * Compiles an unmodified native mini-program for a browser. What WeChat's own tools would refuse is in the package's
 * `problems`; only what makes the result useless (app.json is not JSON, a script does not parse) throws.
 */
export async function compileMiniProgram(
  root: string,
  options: { replaced?: Readonly<Record<string, string>> } = {},
): Promise<CompiledMiniProgram> {
  const source = openSource(root, options.replaced);
  const app = source.json("app.json") as AppConfig;
  const { components, problems } = componentGraph(source, app);
  const templates = compileTemplates(source, components, new Set(BUILT_IN_NAMES));
  const { styles, scopes, problems: styleProblems } = compileStyles(source, components, app.pages);
  const modules = await compileModules(source);
  return {
    package: {
      app,
      themes: themesOf(source, app),
      components,
      styles,
      scopes,
      ownEvents: ownEvents(modules.map(({ code }) => code)),
      problems: [...problems, ...templates.problems, ...styleProblems],
    },
    templates: templates.code,
    modules,
  };
}

function themesOf(source: Source, app: AppConfig): CompiledPackage["themes"] {
  const file = app.themeLocation;
  return file === undefined || !source.has(file) ? {} : (source.json(file) as CompiledPackage["themes"]);
}

function ownEvents(codes: readonly string[]): string[] {
  const names = codes.flatMap((code) => [...code.matchAll(/triggerEvent\(\s*["']([\w-]+)["']/g)]);
  return [...new Set(names.map(([, name = ""]) => name))];
}
