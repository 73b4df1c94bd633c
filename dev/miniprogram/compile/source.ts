import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The files of a mini-program. All paths are relative to its root, with `/`. */
export interface Source {
  readonly files: readonly string[];
  has(path: string): boolean;
  text(path: string): string;
  json(path: string): unknown;
}

/** `replaced` gives other files in the place of some: an app.ts with played data, say. */
export function openSource(root: string, replaced: Readonly<Record<string, string>> = {}): Source {
  const place = (path: string) => replaced[path] ?? join(root, path);
  const files = [...new Set([...walk(root), ...Object.keys(replaced)])].toSorted();
  return {
    files,
    has: (path) => existsSync(place(path)),
    text: (path) => readFileSync(place(path), "utf8"),
    json(path) {
      try {
        return JSON.parse(readFileSync(place(path), "utf8"));
      } catch (error) {
        throw new Error(`${path}: not JSON`, { cause: error });
      }
    },
  };
}

function walk(root: string, folder = ""): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.name.startsWith(".") || entry.name === "node_modules") return [];
    return entry.isDirectory() ? walk(root, path) : [path];
  });
}
