/** A module as the compiler wraps it: given what WeChat gives, it returns the CommonJS function. */
export type ModuleFactory = (
  ...given: unknown[]
) => (require: Require, module: { exports: unknown }, exports: unknown) => void;
export type Require = (path: string) => unknown;

export interface ModuleLoader {
  has(id: string): boolean;
  load(id: string): unknown;
}

/** CommonJS as in WeChat: relative paths without extension, and names from miniprogram_npm. */
export function openModules(
  factories: ReadonlyMap<string, ModuleFactory>,
  given: readonly unknown[],
): ModuleLoader {
  const loaded = new Map<string, { exports: unknown }>();

  function load(id: string): unknown {
    const known = loaded.get(id);
    if (known) return known.exports;
    const factory = factories.get(id);
    if (!factory) throw new Error(`module "${id}" not found`);
    const module = { exports: {} };
    loaded.set(id, module);
    const require: Require = (path) => {
      const found = resolve(id, path);
      if (found === undefined) throw new Error(`module "${path}" not found, required by "${id}"`);
      return load(found);
    };
    factory(...given).call(undefined, require, module, module.exports);
    return module.exports;
  }

  function resolve(from: string, path: string): string | undefined {
    const beside = joined(from, path);
    const candidates = /^[./]/.test(path) ? [beside] : [`miniprogram_npm/${path}`, beside];
    return candidates
      .flatMap((candidate) => [candidate.replace(/\.(js|ts)$/, ""), candidate, `${candidate}/index`])
      .find((candidate) => factories.has(candidate));
  }

  return { has: (id) => factories.has(id), load };
}

/** The path, seen from a file. */
export function joined(from: string, path: string): string {
  const parts = path.startsWith("/") ? [] : from.split("/").slice(0, -1);
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}
