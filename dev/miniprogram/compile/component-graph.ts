import { posix } from "node:path";
import type { AppConfig, ComponentConfig } from "./package.ts";
import type { Source } from "./source.ts";

export interface ComponentGraph {
  readonly components: Readonly<Record<string, ComponentConfig>>;
  readonly problems: readonly string[];
}

/** Follows usingComponents from the pages. What no page can reach is left out, as lazy code loading does. */
export function componentGraph(source: Source, app: AppConfig): ComponentGraph {
  const components: Record<string, ComponentConfig> = {};
  const problems: string[] = [];

  function resolve(from: string, reference: string): string | undefined {
    const found = candidates(from, reference)
      .flatMap((path) => [path, `${path}/index`])
      .find((path) => source.has(`${path}.json`) && (source.has(`${path}.ts`) || source.has(`${path}.js`)));
    if (!found) problems.push(`${from}.json: component "${reference}" not found`);
    return found;
  }

  function absolute(from: string, using: Readonly<Record<string, string>>): Record<string, string> {
    const entries = Object.entries(using).flatMap(([name, reference]) => {
      const path = resolve(from, reference);
      if (path === undefined) return [];
      visit(path, false);
      return [[name, `/${path}`]];
    });
    return Object.fromEntries(entries) as Record<string, string>;
  }

  function visit(path: string, isPage: boolean): void {
    if (components[path]) return;
    const own = source.has(`${path}.json`)
      ? (source.json(`${path}.json`) as Partial<ComponentConfig>)
      : undefined;
    if (!own && !isPage) return;
    for (const missing of missingFiles(source, path)) problems.push(missing);
    if (!isPage && own?.component !== true) problems.push(`${path}.json: lacks "component": true`);
    // Set before its own components are visited: a component may use itself.
    components[path] = { ...own, usingComponents: {} };
    const usingComponents = {
      ...absolute("app", app.usingComponents ?? {}),
      ...absolute(path, own?.usingComponents ?? {}),
    };
    components[path] = { ...own, usingComponents };
  }

  for (const page of app.pages) visit(page, true);
  return { components, problems };
}

function missingFiles(source: Source, path: string): string[] {
  const code = source.has(`${path}.ts`) || source.has(`${path}.js`);
  return [
    ...(code ? [] : [`${path}.ts: not found`]),
    ...(source.has(`${path}.wxml`) ? [] : [`${path}.wxml: not found`]),
  ];
}

function candidates(from: string, reference: string): string[] {
  if (reference.startsWith("/")) return [reference.slice(1)];
  const beside = posix.join(posix.dirname(from), reference);
  return reference.startsWith(".") ? [beside] : [beside, `miniprogram_npm/${reference}`];
}
