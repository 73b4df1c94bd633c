import { posix } from "node:path";
import { type AtRule, parse, type Root } from "postcss";
import type { ComponentConfig } from "./package.ts";
import { nativeUnits } from "./units.ts";
import type { Source } from "./source.ts";

export interface Styles {
  /** CSS by path; `app` is app.wxss. */
  readonly styles: Readonly<Record<string, string>>;
  /** What stands before `--` in the class names of isolated components. */
  readonly scopes: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

/** WXSS to CSS: rpx, @import, class names of a component its own, a page's rules only on that page. */
export function compileStyles(
  source: Source,
  components: Readonly<Record<string, ComponentConfig>>,
  pages: readonly string[],
): Styles {
  const problems: string[] = [];
  const scopes = scopesOf(components);
  const placeholders = placeholderClasses(source);
  const styles: Record<string, string> = {};

  const read = (file: string) => {
    const root = parse(withImports(source, file, problems), { from: file });
    translateUnits(root);
    return root;
  };
  styles["app"] = source.has("app.wxss") ? read("app.wxss").toString() : "";
  for (const [path, { component }] of Object.entries(components)) {
    const file = `${path}.wxss`;
    if (!source.has(file)) {
      styles[path] = "";
      continue;
    }
    const root = read(file);
    if (component === true && !pages.includes(path)) problems.push(...wideSelectors(root, file));
    stylePlaceholders(root, placeholders);
    const scope = scopes[path];
    if (scope !== undefined) scopeClasses(root, scope);
    styles[path] = pages.includes(path) ? onPage(root, path) : root.toString();
  }
  return { styles, scopes, problems };
}

/** Components are isolated unless they ask not to be; pages are not. The scope is readable: `message--bubble`. */
function scopesOf(components: Readonly<Record<string, ComponentConfig>>): Record<string, string> {
  const used = new Set<string>();
  const scopes: Record<string, string> = {};
  for (const [path, { component, styleIsolation }] of Object.entries(components)) {
    const isolated = styleIsolation ? !/^(page-)?shared$/.test(styleIsolation) : component === true;
    if (!isolated) continue;
    const base = posix.basename(path);
    const scope = used.has(base) ? `${base}-${used.size}` : base;
    used.add(scope);
    scopes[path] = scope;
  }
  return scopes;
}

function withImports(source: Source, file: string, problems: string[], seen = new Set<string>()): string {
  return source.text(file).replace(/@import\s+(?:url\()?["']([^"']+)["']\)?\s*;/g, (_, to: string) => {
    const path = to.startsWith("/") ? to.slice(1) : posix.join(posix.dirname(file), to);
    if (seen.has(path)) return "";
    seen.add(path);
    if (source.has(path)) return withImports(source, path, problems, seen);
    problems.push(`${file}: @import "${to}" not found`);
    return "";
  });
}

function translateUnits(root: Root): void {
  root.walkDecls((declaration) => {
    declaration.value = nativeUnits(declaration.value);
  });
  root.walkAtRules("media", (rule) => {
    // A condition cannot be computed: 750rpx are taken for the usual 375 px.
    rule.params = rule.params.replace(/([\d.]+)rpx/g, (_, number: string) => `${Number(number) / 2}px`);
    const theme = /^\(\s*prefers-color-scheme:\s*(light|dark)\s*\)$/.exec(rule.params)?.[1];
    if (theme === undefined) return;
    // The theme may be forced, which no media query sees.
    rule.name = "container";
    rule.params = `style(--system-theme: ${theme})`;
  });
}

/** WeChat warns of tag, id and attribute selectors in a component, and its compilers differ in what they make of them. */
function wideSelectors(root: Root, file: string): string[] {
  const found: string[] = [];
  root.walkRules((rule) => {
    if (isKeyframes(rule.parent)) return;
    const plain = rule.selector.replace(/::?[\w-]+(\([^)]*\))?/g, "").replace(/\.[\w-]+/g, "");
    if (/[a-z#[]/i.test(plain)) {
      found.push(
        `${file}:${rule.source?.start?.line ?? 0} only classes may be selected in a component: ${rule.selector}`,
      );
    }
  });
  return found;
}

function scopeClasses(root: Root, scope: string): void {
  root.walkRules((rule) => {
    if (isKeyframes(rule.parent)) return;
    rule.selector = rule.selector
      .replace(/:host\b/g, `[wx-host="${scope}"]`)
      .replace(/\.(-?[_a-zA-Z\u00a0-\uffff][\w\u00a0-\uffff-]*)/g, `.${scope}--$1`);
  });
}

/** Classes named by placeholder-class. In a browser the placeholder is no element that could have one. */
function placeholderClasses(source: Source): ReadonlySet<string> {
  const files = source.files.filter((file) => file.endsWith(".wxml"));
  const names = files.flatMap((file) =>
    [...source.text(file).matchAll(/placeholder-class="([\w-]+)"/g)].map(([, name = ""]) => name),
  );
  return new Set(names);
}

function stylePlaceholders(root: Root, names: ReadonlySet<string>): void {
  root.walkRules((rule) => {
    if (isKeyframes(rule.parent)) return;
    const styled = rule.selectors.filter((selector) => names.has(selector.slice(1)));
    if (styled.length > 0) rule.selectors = styled.map((selector) => `${selector}-mp-field::placeholder`);
  });
}

/** A page's rules apply to that page alone, although all pages are in one document. */
function onPage(root: Root, path: string): string {
  const everywhere: string[] = [];
  root.each((node) => {
    if (node.type !== "atrule" || !/keyframes|font-face/.test(node.name)) return;
    everywhere.push(node.toString());
    node.remove();
  });
  root.walkRules((rule) => {
    rule.selector = rule.selector.replace(/(^|[\s,>+~])page(?=$|[\s,.:>+~[])/g, "$1:scope");
  });
  return `${everywhere.join("\n")}\n@scope ([data-page="${path}"]) {\n${root.toString()}\n}`;
}

function isKeyframes(parent: unknown): boolean {
  return ((parent as AtRule | undefined)?.name ?? "").endsWith("keyframes");
}
