import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "..", "..");
/** What is made here, and what is secret. */
const LEFT_OUT = /^(node_modules|dist|data|\.cache|gateway\.toml|agent\.toml|ssl\/.*\.pem)$/;

/**
 * Copies this checkout, its history included, to another folder, where it can be built. Packages that go into a program
 * are copied, so that nothing of them is found at its old place; the others, which only build, are links.
 */
export function copyTree(to: string): void {
  cpSync(ROOT, to, { recursive: true, filter: (path) => !LEFT_OUT.test(relative(ROOT, path)) });
  const inside = packagesInside();
  for (const name of installedPackages()) {
    const [from, target] = [join(ROOT, "node_modules", name), join(to, "node_modules", name)];
    mkdirSync(dirname(target), { recursive: true });
    if (inside.has(name)) cpSync(from, target, { recursive: true, dereference: true });
    else symlinkSync(from, target);
  }
}

/** By name; those within other packages come with them. */
function installedPackages(): string[] {
  const entries = (folder: string) =>
    readdirSync(join(ROOT, "node_modules", folder)).filter((name) => !name.startsWith("."));
  return entries("").flatMap((name) =>
    name.startsWith("@") ? entries(name).map((inner) => `${name}/${inner}`) : [name],
  );
}

/** Of the lock file, all that is not only for development. */
function packagesInside(): Set<string> {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    packages: Record<string, { dev?: boolean }>;
  };
  return new Set(
    Object.entries(packages)
      .filter(([path, { dev }]) => path.lastIndexOf("node_modules/") === 0 && !dev)
      .map(([path]) => path.slice("node_modules/".length)),
  );
}
