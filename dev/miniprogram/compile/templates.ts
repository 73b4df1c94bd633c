import { createRequire } from "node:module";
import { posix } from "node:path";
import type { ComponentConfig } from "./package.ts";
import type { Source } from "./source.ts";
import { EMPTY_TEMPLATE, SLOT_TEMPLATE } from "./template-names.ts";

interface TemplateWarning {
  readonly level: string;
  readonly message: string;
  /** From 0. */
  readonly startLine: number;
  readonly startColumn: number;
}
interface TemplateGroup {
  addTmpl(path: string, text: string): TemplateWarning[] | undefined;
  addScript(path: string, text: string): void;
  getDirectDependencies(path: string): string[];
  getTmplGenObjectGroups(): string;
}

const NOT_COMPONENTS = new Set(["block", "template", "import", "include", "wxs", "slot"]);

export interface Templates {
  /** A JavaScript expression. */
  readonly code: string;
  readonly problems: readonly string[];
}

export function compileTemplates(
  source: Source,
  components: Readonly<Record<string, ComponentConfig>>,
  builtIns: ReadonlySet<string>,
): Templates {
  const group = openGroup();
  group.addTmpl(SLOT_TEMPLATE, "<slot />");
  group.addTmpl(EMPTY_TEMPLATE, "");
  for (const file of source.files.filter((file) => file.endsWith(".wxs"))) {
    // WXML refers to it without the extension, require() in WXS with it.
    for (const path of [file, withoutExtension(file)]) group.addScript(path, source.text(file));
  }
  const warnings = source.files
    .filter((file) => file.endsWith(".wxml"))
    .flatMap((file) => add(group, source, file));
  const unknown = Object.entries(components).flatMap(
    ([path, { usingComponents, componentGenerics = {} }]) => {
      const known = new Set([
        ...builtIns,
        ...NOT_COMPONENTS,
        ...Object.keys(usingComponents),
        ...Object.keys(componentGenerics),
      ]);
      return unknownTags(group, source, path, known);
    },
  );
  // getDate and getRegExp are the only globals that WXS adds to JavaScript's.
  const code = `((getDate,getRegExp)=>${group.getTmplGenObjectGroups()})((...a)=>new Date(...a),(p,f)=>new RegExp(p,f))`;
  return { code, problems: [...warnings, ...unknown] };
}

function openGroup(): TemplateGroup {
  const { TmplGroup } = createRequire(import.meta.url)("glass-easel-template-compiler") as {
    TmplGroup: { newDev(): TemplateGroup };
  };
  return TmplGroup.newDev();
}

/** In our own code every warning counts: WeChat's compiler refuses unbalanced tags. */
function add(group: TemplateGroup, source: Source, file: string): string[] {
  const warnings = group.addTmpl(withoutExtension(file), source.text(file)) ?? [];
  if (file.startsWith("miniprogram_npm/")) return [];
  return warnings.map(
    ({ message, startLine, startColumn }) => `${file}:${startLine + 1}:${startColumn + 1} ${message}`,
  );
}

/** Tags of the template, and of those it imports, that are neither built in nor named in usingComponents. */
function unknownTags(
  group: TemplateGroup,
  source: Source,
  path: string,
  known: ReadonlySet<string>,
): string[] {
  if (!source.has(`${path}.wxml`)) return [];
  const files = withImports(group, path).filter((file) => source.has(`${file}.wxml`));
  return files.flatMap((file) => {
    const tags = new Set(tagsOf(source.text(`${file}.wxml`)));
    return [...tags]
      .filter((tag) => !known.has(tag))
      .map((tag) => `${file}.wxml: unknown component <${tag}> in ${path}`);
  });
}

function withImports(group: TemplateGroup, path: string, seen = new Set<string>()): string[] {
  if (seen.has(path)) return [];
  seen.add(path);
  const next = group.getDirectDependencies(path).map((to) => withoutExtension(posix.normalize(to)));
  return [path, ...next.flatMap((to) => withImports(group, to, seen))];
}

function tagsOf(wxml: string): string[] {
  const bare = wxml.replace(/<!--[\s\S]*?-->/g, "").replace(/<wxs\b[\s\S]*?(\/>|<\/wxs>)/g, "");
  // In a binding `a <b` is a comparison.
  return [...bare.replace(/\{\{[\s\S]*?\}\}/g, "").matchAll(/<([a-z][\w-]*)/g)].map(([, tag = ""]) => tag);
}

function withoutExtension(path: string): string {
  return path.replace(/\.\w+$/, "");
}
